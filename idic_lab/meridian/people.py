"""Who the people are: invented names, dates of birth, homes and contact details; households and twins."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from idic_lab.meridian.draws import labels, pick
from idic_lab.meridian.settings import SEGMENTS, Settings

WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
IN_HOUSEHOLDS = 0.10  # share of people who live with another customer
TWINS = 0.20  # share of those pairs who are twins: same day of birth, and half of them one telephone
_MEAN_AGE = dict(zip(SEGMENTS, (38, 55, 36, 64, 28), strict=True))
_IN_BIG_CITY = dict(zip(SEGMENTS, (0.50, 0.55, 0.85, 0.30, 0.65), strict=True))


@dataclass
class People:
    """One block of people; arrays of shape (people,)."""

    customer_id: np.ndarray  # array of text
    given: np.ndarray  # row of names()[0]
    family: np.ndarray  # row of names()[1]
    birth: np.ndarray  # datetime64[D]
    age: np.ndarray  # completed years at the end
    street: np.ndarray  # text without house number, long form; row of streets()
    house: np.ndarray
    city: np.ndarray  # row of cities()
    postcode: np.ndarray
    phone: np.ndarray  # number within the invented country code
    mail_number: np.ndarray
    mail_host: np.ndarray
    household: np.ndarray  # number of the household, -1 when alone
    twin: np.ndarray  # bool

    def __len__(self) -> int:
        return len(self.given)


@cache
def names() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Given and family names with the script each belongs to.

    Returns:
        given (ndarray of str, shape (given names, 3)): As the bearer writes it, in Latin letters, and short.
        family (ndarray of str, shape (family names, 2)): As the bearer writes it, and in Latin letters.
        given_script, family_script : ndarray of int: Row of ``script_share`` in words.toml.
    """
    given, family, given_script, family_script = [], [], [], []
    for script, group in enumerate(WORDS["script_share"]):
        for name in WORDS["given"][group].split():
            own, _, latin = name.partition("=")
            full, _, short = own.partition(":")
            given.append((full, latin or full, latin or short or full))
            given_script.append(script)
        for name in WORDS["family"][group].split():
            own, _, latin = name.partition("=")
            family.append((own, latin or own))
            family_script.append(script)
    return np.array(given), np.array(family), np.array(given_script), np.array(family_script)


@cache
def streets() -> np.ndarray:
    """Long and short form of every street, shape (streets, 2)."""
    return np.array(
        [
            (f"{name} {long}", f"{name} {short}")
            for name in WORDS["streets"].split()
            for long, short in WORDS["street_kinds"]
        ]
    )


@cache
def cities() -> tuple[np.ndarray, int]:
    """Names of all cities, the big ones first, and how many are big."""
    big = WORDS["big_cities"]
    return np.array(big + WORDS["small_cities"]), len(big)


def draw_people(
    rng: np.random.Generator, first: int, segment: np.ndarray, settings: Settings, end: np.datetime64
) -> People:
    """People of the given need segments; age and city lean on the segment, all else does not.

    Parameters:
        first: Number of people in earlier blocks, where customer numbers go on.
        segment (ndarray of int, shape (people,))
        end: Last day observed, for ages.
    """
    n = len(segment)
    given, family = _draw_names(rng, n)
    mean_age = np.array(list(_MEAN_AGE.values()))[segment] if settings.segments else 44
    age_days = np.clip(rng.normal(mean_age, 11, n), 18.1, 92) * 365.25
    birth = end - age_days.astype("timedelta64[D]")
    names_of_cities, big = cities()
    in_big = rng.random(n) < (np.array(list(_IN_BIG_CITY.values()))[segment] if settings.segments else 0.57)
    city = np.where(in_big, rng.integers(0, big, n), rng.integers(big, len(names_of_cities), n))
    postcode = 10000 + city * 2500 + rng.integers(0, np.where(in_big, 900, 60))
    street, house = rng.integers(0, len(streets()), n), rng.integers(1, 180, n)
    phone = rng.integers(20_000_000, 90_000_000, n)
    household, twin = np.full(n, -1), np.zeros(n, dtype=bool)
    pairs = rng.permutation(n)[: int(n * IN_HOUSEHOLDS) // 2 * 2].reshape(-1, 2)
    one, other = pairs[:, 0], pairs[:, 1]
    household[pairs] = np.arange(len(pairs))[:, None]
    for shared in (city, postcode, street, house):
        shared[other] = shared[one]
    is_twin = rng.random(len(pairs)) < TWINS
    twin[one], twin[other] = is_twin, is_twin
    same_name = is_twin | (rng.random(len(pairs)) < 0.8)
    family[other] = np.where(same_name, family[one], family[other])
    birth[other] = np.where(is_twin, birth[one], birth[other])
    _own_given_name(rng, given, one, other, is_twin)
    phone[other] = np.where(rng.random(len(pairs)) < np.where(is_twin, 0.5, 0.25), phone[one], phone[other])
    age = ((end - birth).astype(int) / 365.25).astype(np.int64)
    ids = labels("C", first + 1 + np.arange(n), 7)
    mail_number, mail_host = rng.integers(1, 10_000, n), rng.integers(0, len(WORDS["mail_hosts"]), n)
    return People(
        ids, given, family, birth, age, street, house, city, postcode, phone, mail_number, mail_host, household, twin
    )


def _draw_names(rng, n):
    """Given and family name of the same script for each person; common names are commoner."""
    _, _, given_script, family_script = names()
    script = pick(rng, np.tile(list(WORDS["script_share"].values()), (n, 1)))
    chosen = []
    for scripts in (given_script, family_script):
        rows = np.empty(n, dtype=np.int64)
        for number in range(len(WORDS["script_share"])):
            mine = np.flatnonzero(script == number)
            pool = np.flatnonzero(scripts == number)
            weights = 1 / (5 + np.random.default_rng(number).permutation(len(pool)))
            rows[mine] = pool[
                np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(len(mine)), side="right").clip(
                    0, len(pool) - 1
                )
            ]
        chosen.append(rows)
    return chosen


def _own_given_name(rng, given, one, other, is_twin):
    """Twins take names of one script, and never the same name."""
    _, _, scripts, _ = names()
    same_script = {number: np.flatnonzero(scripts == number) for number in np.unique(scripts)}
    for i in np.flatnonzero(is_twin):
        pool = same_script[scripts[given[one[i]]]]
        given[other[i]] = pool[(np.searchsorted(pool, given[one[i]]) + rng.integers(1, len(pool))) % len(pool)]


_FOLD = str.maketrans({"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "ß": "ss", "ı": "i", "æ": "ae", "đ": "d"})


def ascii_form(name: str) -> str:
    """A name in plain lower-case letters, as in an e-mail address.

    >>> ascii_form("Łukasz Groß")
    'lukaszgross'
    """
    plain = unicodedata.normalize("NFKD", name.translate(_FOLD)).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "")


@cache
def _mail_parts() -> tuple[np.ndarray, np.ndarray]:
    given, family, _, _ = names()
    return (np.array([ascii_form(name) for name in given[:, 1]]), np.array([ascii_form(name) for name in family[:, 1]]))


def mail_addresses(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Everybody's main and second e-mail address, as name and host, each of shape (people, 2)."""
    given, family = _mail_parts()
    hosts = np.array(WORDS["mail_hosts"])
    add = np.strings.add
    main = add(add(add(given[people.given], "."), family[people.family]), people.mail_number.astype(str))
    initial = given[people.given].astype("<U1")
    second = add(add(initial, family[people.family]), people.postcode.astype(str))
    second_host = (people.mail_host + 1 + people.mail_number % 3) % len(hosts)
    return np.column_stack([main, second]), np.column_stack([hosts[people.mail_host], hosts[second_host]])


def home_streets(street: np.ndarray, house: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Street and house number, in the short form ("Elm St 4") where `short`."""
    return np.strings.add(np.strings.add(streets()[street, short.astype(int)], " "), house.astype(str))


def city_names(city: np.ndarray) -> np.ndarray:
    """Names of cities."""
    return cities()[0][city]
