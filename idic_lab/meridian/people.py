"""Who the people are, and the records that touchpoints keep of them, each with its own gaps and mistakes; and consent."""

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.meridian import draws
from idic_lab.meridian.draws import choose, labels, pick, text
from idic_lab.meridian.settings import Settings
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS, TOUCHPOINTS

WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
IN_HOUSEHOLDS = 0.10  # share of people who live with another customer
TWINS = 0.20  # share of those pairs who are twins: same day of birth, and half of them one telephone
_MEAN_AGE = np.array([38, 55, 36, 64, 28])  # by segment
_IN_BIG_CITY = np.array([0.50, 0.55, 0.85, 0.30, 0.65])


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
        given, family (ndarray of str, shape (names, 3)): As the bearer writes it, in Latin letters, and short.
        given_script, family_script : ndarray of int: Row of ``script_share`` in words.toml.
    """
    found = []
    for kind in ("given", "family"):
        names, scripts = [], []
        for script, group in enumerate(WORDS["script_share"]):
            for name in WORDS[kind][group].split():
                own, _, latin = name.partition("=")
                full, _, short = own.partition(":")
                names.append((full, latin or full, latin or short or full))
                scripts.append(script)
        found.append((np.array(names), np.array(scripts)))
    (given, given_script), (family, family_script) = found
    return given, family, given_script, family_script


@cache
def streets() -> np.ndarray:
    """Long and short form of every street, shape (streets, 2)."""
    kinds = WORDS["street_kinds"]
    return np.array([[f"{name} {form}" for form in forms] for name in WORDS["streets"].split() for forms in kinds])


@cache
def cities() -> tuple[np.ndarray, int]:
    """Names of all cities, the big ones first, and how many are big."""
    big = WORDS["big_cities"]
    return np.array(big + WORDS["small_cities"]), len(big)


def draw_people(rng: np.random.Generator, first: int, segment: np.ndarray, settings: Settings) -> People:
    """People of the given need segments, numbered on from `first`; age and city lean on the segment, all else does not."""
    n, end = len(segment), draws.END.astype("datetime64[D]")
    given, family = _draw_names(rng, n)
    mean_age = _MEAN_AGE[segment] if settings.segments else 44
    age_days = np.clip(rng.normal(mean_age, 11, n), 18.1, 92) * 365.25
    birth = end - age_days.astype("timedelta64[D]")
    big = cities()[1]
    in_big = rng.random(n) < (_IN_BIG_CITY[segment] if settings.segments else 0.57)
    city = np.where(in_big, rng.integers(0, big, n), rng.integers(big, len(cities()[0]), n))
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
    script = names()[2]
    same_script = {number: np.flatnonzero(script == number) for number in np.unique(script)}
    for i in np.flatnonzero(is_twin):  # twins take names of one script, and never the same name
        pool = same_script[script[given[one[i]]]]
        given[other[i]] = pool[(np.searchsorted(pool, given[one[i]]) + rng.integers(1, len(pool))) % len(pool)]
    phone[other] = np.where(rng.random(len(pairs)) < np.where(is_twin, 0.5, 0.25), phone[one], phone[other])
    age = ((end - birth).astype(int) / 365.25).astype(np.int64)
    ids = labels("C", first + 1 + np.arange(n), 7)
    mail_number, mail_host = rng.integers(1, 10_000, n), rng.integers(0, len(WORDS["mail_hosts"]), n)
    return People(
        ids, given, family, birth, age, street, house, city, postcode, phone, mail_number, mail_host, household, twin
    )


def _draw_names(rng, n):
    """Given and family name of the same script for each person; common names are commoner."""
    script = pick(rng, np.tile(list(WORDS["script_share"].values()), (n, 1)))
    chosen = []
    for scripts in names()[2:]:
        rows = np.empty(n, dtype=np.int64)
        for number in range(len(WORDS["script_share"])):
            mine, pool = np.flatnonzero(script == number), np.flatnonzero(scripts == number)
            weights = np.cumsum(1 / (5 + np.random.default_rng(number).permutation(len(pool))))
            drawn = np.searchsorted(weights / weights[-1], rng.random(len(mine)), side="right")
            rows[mine] = pool[drawn.clip(0, len(pool) - 1)]
        chosen.append(rows)
    return chosen


_FOLD = str.maketrans({"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "ß": "ss", "ı": "i", "æ": "ae", "đ": "d"})


def ascii_form(name: str) -> str:
    """A name in plain lower-case letters, as in an e-mail address.

    >>> ascii_form("Łukasz Groß")
    'lukaszgross'
    """
    plain = unicodedata.normalize("NFKD", name.translate(_FOLD)).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "")


def mail_addresses(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Everybody's main and second e-mail address, as name and host, each of shape (people, 2)."""
    given, family = (np.array([ascii_form(name) for name in known[:, 1]]) for known in names()[:2])
    hosts = np.array(WORDS["mail_hosts"])
    add, own = np.strings.add, given[people.given]
    main = add(add(add(own, "."), family[people.family]), people.mail_number.astype(str))
    second = add(add(own.astype("<U1"), family[people.family]), people.postcode.astype(str))
    second_host = (people.mail_host + 1 + people.mail_number % 3) % len(hosts)
    return np.column_stack([main, second]), np.column_stack([hosts[people.mail_host], hosts[second_host]])


def mistype(rng: np.random.Generator, values: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Copy of `values` with one typing error in each text where `wrong`.

    One of three errors at a random place: two letters change places, a letter is left out, a letter is doubled.

    >>> mistype(np.random.default_rng(1), np.array(["Brightwater"]), np.array([True])).tolist() != ["Brightwater"]
    True
    """
    width = values.dtype.itemsize // 4 + 1  # room for a doubled letter
    values = values.astype(f"<U{width}")
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return values
    letters = np.ascontiguousarray(values[rows]).view(np.uint32).reshape(len(rows), width)
    length = (letters != 0).sum(axis=1)
    place = (rng.random(len(rows)) * np.maximum(length - 1, 1)).astype(int)
    kind = np.where(length > 2, rng.integers(0, 3, len(rows)), 2)
    column = np.arange(width)
    source = np.tile(column, (len(rows), 1))
    at = place[:, None]
    swap, drop, double = (kind == k for k in range(3))
    source[swap] = np.where(column == at[swap], column + 1, np.where(column == at[swap] + 1, column - 1, column))
    source[drop] = np.where(column >= at[drop], column + 1, column)
    source[double] = np.where(column > at[double], column - 1, column)
    padded = np.pad(letters, ((0, 0), (0, 1)))
    values[rows] = np.take_along_axis(padded, source, axis=1).astype(np.uint32).view(f"<U{width}").ravel()
    return values


def swap_day_and_month(dates: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Copy of `dates` (datetime64[D]) with day and month exchanged where `wrong` and the day can be a month."""
    months = dates.astype("datetime64[M]")
    month, day = months.astype(int) % 12, (dates - months).astype(int)
    turned = (months - month + day).astype("datetime64[D]") + month
    return np.where(wrong & (day < 12), turned, dates)


WEB, LOYALTY, APP, CALL, SOCIAL, PANEL = range(len(TOUCHPOINTS))

# Share of people with a record at each touchpoint, and of those whose preferred channel lives there.
HAS_RECORD = np.array([0.72, 0.62, 0.38, 0.32, 0.22, 0.40])
HAS_RECORD_PREFERRED = np.array([0.80, 0.90, 0.85, 0.90, 0.92, 0.40])
HOME_OF_CHANNEL = dict(zip(CHANNELS, (WEB, SOCIAL, CALL, APP, LOYALTY), strict=True))

# Rates of mistakes per record and field, again at error_rate 1.
TYPING = np.array([0.03, 0.05, 0.02, 0.10, 0.04, 0.03])
SHORT_NAME = np.array([0.08, 0.05, 0.15, 0.20, 0.30, 0.10])
SECOND_MAIL = np.array([0.08, 0.10, 0.10, 0.10, 0.20, 0.12])
OLD_HOME = np.array([0.05, 0.12, 0.05, 0.05, 0.10, 0.08])
LATIN_SPELLING = np.array([0.30, 0.60, 0.30, 0.95, 0.30, 0.40])
SWAPPED_NAMES = np.array([0.01, 0.01, 0.01, 0.03, 0.01, 0.01])
SWAPPED_DATE = np.array([0.02, 0.03, 0.01, 0.03, 0.02, 0.02])
CARRIES_NUMBER = np.array([0.0, 0.0, 0.25, 0.0, 0.0, 0.0])  # besides the account that buys, which always does

# Which touchpoint asks about which channel (rows as TOUCHPOINTS, columns as CONSENT_CHANNELS).
ASKS = np.array([[1, 0, 0, 1], [1, 0, 1, 0], [1, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
CONSENT_RATE, CONSENT_RATE_PREFERRED, CHANGED_MIND = 0.62, 0.93, 0.12


@dataclass
class Records:
    """The records of one block, in the order of their numbers; arrays of shape (records,) unless said."""

    record_id: np.ndarray  # text
    person: np.ndarray
    touchpoint: np.ndarray
    created: np.ndarray  # day
    updated: np.ndarray  # day
    by_touchpoint: np.ndarray  # (people, touchpoints): row of the record, -1 for none
    account: np.ndarray  # (people,): row of the record under which the person buys

    def at(self, person: np.ndarray, touchpoint: np.ndarray) -> np.ndarray:
        """Row of each person's record at a touchpoint, or of the account under which the person buys."""
        row = self.by_touchpoint[person, touchpoint]
        return np.where(row >= 0, row, self.account[person])


def draw_records(rng: np.random.Generator, first: int, preferred: np.ndarray, first_day: np.ndarray) -> Records:
    """Which person has a record where, and since when; the touchpoint of the preferred channel probably has one."""
    n = len(preferred)
    chance = np.tile(HAS_RECORD, (n, 1))
    home = np.array([HOME_OF_CHANNEL[channel] for channel in CHANNELS])[preferred]
    chance[np.arange(n), home] = HAS_RECORD_PREFERRED[home]
    has = rng.random((n, len(TOUCHPOINTS))) < chance
    neither = ~has[:, WEB] & ~has[:, LOYALTY]
    has[neither, np.where(rng.random(n) < 0.5, WEB, LOYALTY)[neither]] = True
    both = has[:, WEB] & has[:, LOYALTY]
    buys_at = np.where(both, rng.integers(0, 2, n), np.where(has[:, WEB], WEB, LOYALTY))
    person, touchpoint = np.nonzero(has)
    shuffled = rng.permutation(len(person))
    person, touchpoint = person[shuffled], touchpoint[shuffled]
    by_touchpoint = np.full(has.shape, -1)
    by_touchpoint[person, touchpoint] = np.arange(len(person))
    account = by_touchpoint[np.arange(n), buys_at]
    created = first_day[person] + (rng.random(len(person)) * (draws.DAYS - first_day[person])).astype(int)
    created[account] = first_day
    updated = created + (rng.random(len(person)) * (draws.DAYS - created)).astype(int)
    ids = labels("R", first + 1 + np.arange(len(person)), 7)
    return Records(ids, person, touchpoint, created, updated, by_touchpoint, account)


def record_table(rng: np.random.Generator, block) -> pd.DataFrame:
    """The table source_records: what each record says, mistakes and gaps included."""
    people, records, settings = block.people, block.records, block.settings
    who, where, rate = records.person, records.touchpoint, settings.error_rate

    def hit(per_touchpoint, times=1.0):
        """Records to which something with these rates happens."""
        return rng.random(len(who)) < np.minimum(per_touchpoint[where] * rate * times, 0.9)

    given, family, _, _ = names()
    latin = rng.random(len(who)) < np.where(rate > 0, LATIN_SPELLING[where], 0)
    short = hit(SHORT_NAME)
    first_name = given[people.given[who], np.where(short, 2, latin.astype(int))]
    last_name = family[people.family[who], (latin | short).astype(int)]
    first_name, last_name = mistype(rng, first_name, hit(TYPING)), mistype(rng, last_name, hit(TYPING))
    width = f"<U{max(first_name.dtype.itemsize, last_name.dtype.itemsize) // 4}"
    swapped = hit(SWAPPED_NAMES)
    names_given = (first_name, last_name), (last_name, first_name)
    first_name, last_name = (np.where(swapped, other, own).astype(width) for own, other in names_given)
    # errors stay clear of the reserved ending and of the country code, so that no real address or number arises
    which = hit(SECOND_MAIL).astype(int)
    mail_name, mail_host = (part[who, which] for part in mail_addresses(people))
    email = np.strings.add(np.strings.add(mistype(rng, mail_name, hit(TYPING, 0.5)), "@"), mail_host)
    phone = np.strings.add("+999 ", mistype(rng, people.phone[who].astype(str), hit(TYPING, 0.5)))
    street, city, postcode = _homes(rng, people, who, hit(OLD_HOME), hit(TYPING, 4.0), hit)
    birth = swap_day_and_month(people.birth[who], hit(SWAPPED_DATE))
    told = (first_name, last_name, birth, email, phone, street, postcode, city)
    fields = {}
    for (field, filled), values in zip(WORDS["filled"].items(), told, strict=True):
        empty = rng.random(len(who)) < np.minimum((1 - np.array(filled))[where] * rate, 0.97)
        if field == "email":
            empty &= ~(np.isin(where, (WEB, APP)))  # one cannot log in without it
        fields[field] = birth.astype("datetime64[us]") if field == "birth_date" else text(values)
        fields[field][empty] = None
    carries = np.isin(np.arange(len(who)), records.account) | (rng.random(len(who)) < CARRIES_NUMBER[where])
    table = {
        "record_id": records.record_id,
        "touchpoint": choose(TOUCHPOINTS, where),
        "customer_id": people.customer_id.take(np.where(carries, who, -1), allow_fill=True),
        **fields,
        "created": draws.days_to_dates(records.created),
        "updated": draws.days_to_dates(records.updated),
    }
    return pd.concat([pd.DataFrame(table), block.consent_said], axis=1)


def _homes(rng, people, who, old, abbreviated, hit):
    """Street, city and postcode of each record; an old home is the same wherever it is still on file."""
    n = len(people)
    names_of_cities, _ = cities()
    old_city = np.where(rng.random(n) < 0.6, people.city, rng.integers(0, len(names_of_cities), n))
    old_postcode = 10000 + old_city * 2500 + rng.integers(0, 60, n)
    old_street, old_house = rng.integers(0, len(streets()), n), rng.integers(1, 180, n)
    street = streets()[np.where(old, old_street[who], people.street[who]), abbreviated.astype(int)]
    house = np.where(old, old_house[who], people.house[who]).astype(str)
    street = np.strings.add(np.strings.add(street, " "), house)
    city = names_of_cities[np.where(old, old_city[who], people.city[who])]
    postcode = np.where(old, old_postcode[who], people.postcode[who]).astype(str)
    often = (street, 1.0), (city, 0.5), (postcode, 0.5)
    return tuple(mistype(rng, values, hit(TYPING, times)) for values, times in often)


def draw_consent(rng: np.random.Generator, records: Records, preferred: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """What every record says about consent, and what holds: the most recent statement on a channel.

    Returns:
        DataFrame: Columns ``consent_email`` and so on ("yes", "no" or missing), one row per record.
        ndarray of bool, shape (people, consent channels): Consent in force; False where nobody ever asked.
    """
    n = len(preferred)
    columns = np.array([CHANNELS.index(channel) for channel in CONSENT_CHANNELS])
    rate = np.where(columns == preferred[:, None], CONSENT_RATE_PREFERRED, CONSENT_RATE)
    will = rng.random((n, len(columns))) < rate
    asked = ASKS[records.touchpoint]
    says = will[records.person] ^ (rng.random(asked.shape) < CHANGED_MIND)
    in_force = np.zeros_like(will)
    order = np.argsort(records.updated, kind="stable")  # on the same day the higher record number is the later
    latest = np.full(will.shape, -1)
    for channel in range(len(columns)):
        stated = order[asked[order, channel]]
        latest[records.person[stated], channel] = stated
        known = latest[:, channel] >= 0
        # the last word is the person's will; earlier statements may differ from it
        says[latest[known, channel], channel] = will[known, channel]
        in_force[known, channel] = will[known, channel]
    table = {
        f"consent_{channel}": choose(("no", "yes"), np.where(asked[:, column], says[:, column].astype(int), -1))
        for column, channel in enumerate(CONSENT_CHANNELS)
    }
    return pd.DataFrame(table), in_force
