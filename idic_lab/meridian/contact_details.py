"""The texts of people's contact details as they would write them without a mistake."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from idic_lab.meridian import words
from idic_lab.meridian.people import People, cities, names, streets

_FOLD = str.maketrans({"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "ß": "ss", "ı": "i", "æ": "ae", "đ": "d"})


def ascii_form(name: str) -> str:
    """A name in plain lower-case letters, as in an e-mail address.

    Examples
    --------
    >>> ascii_form("Łukasz Groß")
    'lukaszgross'
    """
    plain = unicodedata.normalize("NFKD", name.translate(_FOLD)).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "")


@cache
def _mail_parts() -> tuple[np.ndarray, np.ndarray]:
    given, family, _, _ = names()
    return (
        np.array([ascii_form(name) for name in given[:, 1]]),
        np.array([ascii_form(name) for name in family[:, 1]]),
    )


def mail_addresses(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Everybody's main and second e-mail address, as name and host, each of shape (people, 2)."""
    given, family = _mail_parts()
    hosts = np.array(words.MAIL_HOSTS)
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
