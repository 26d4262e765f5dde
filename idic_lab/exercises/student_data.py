"""A Meridian of one's own for each student, grown from the student's id."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import pandas as pd

from idic_lab import meridian
from idic_lab.errors import LabError

PEOPLE = 400
_VALID = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def normal_id(student_id: str) -> str:
    """A student's id in lower case and without spaces around it.

    Parameters
    ----------
    student_id : str
        Letters, digits, and ``. _ @ -``, at most 64 characters.

    Returns
    -------
    str

    Raises
    ------
    LabError
        When it is empty or has other characters.

    Examples
    --------
    >>> normal_id(" Ada.L ")
    'ada.l'
    """
    text = student_id.strip().lower() if isinstance(student_id, str) else ""
    if not _VALID.fullmatch(text):
        raise LabError(
            f"STUDENT_ID is {student_id!r}. Write the id your instructor gave you between the quotes in the first "
            "code cell: letters, digits, and . _ @ - only, at most 64 characters."
        )
    return text


def seed_of(student_id: str) -> int:
    """The seed of a student's data: the same id gives the same data on every machine.

    Examples
    --------
    >>> seed_of("ada") == seed_of(" Ada "), seed_of("ada") == seed_of("bob")
    (True, False)
    """
    return int(hashlib.sha256(normal_id(student_id).encode()).hexdigest()[:8], 16)


@lru_cache(maxsize=64)
def _simulated(student_id: str) -> meridian.Meridian:
    return meridian.simulate(PEOPLE, seed=seed_of(student_id))


def student_shop(student_id: str) -> meridian.Meridian:
    """The simulated shop of a student, with the truth planted in it; for the grader.

    Parameters
    ----------
    student_id : str

    Returns
    -------
    idic_lab.meridian.Meridian
        Shared between calls: do not change its tables.
    """
    return _simulated(normal_id(student_id))


def student_tables(student_id: str) -> dict[str, pd.DataFrame]:
    """The tables of a student's shop, as copies that may be changed.

    Parameters
    ----------
    student_id : str

    Returns
    -------
    dict of str to DataFrame

    Examples
    --------
    >>> student_tables("ada")["transactions"]["customer_id"].nunique()
    400
    """
    return {name: table.copy() for name, table in student_shop(student_id).tables.items()}
