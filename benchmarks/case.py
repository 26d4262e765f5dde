"""A benchmark case: data, alternatives that give the same answer, and what "the same" means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

OURS = "IDIC Lab"


@dataclass(frozen=True)
class Target:
    """What must hold: our time over that of an alternative, and how far the answers may differ.

    Attributes
    ----------
    against : str
        Name of the alternative.
    times_faster : float
    size : int
        Size of the data at which it must hold.
    """

    against: str
    times_faster: float
    size: int


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes
    ----------
    name, title : str
    unit : str
        What `sizes` count, as in "customers".
    sizes : tuple of int
    data : callable
        ``data(size)`` reads or makes what the alternatives are given; not timed.
    alternatives : dict of str to callable
        ``alternative(data)`` gives a DataFrame. The first is ours; each runs in a process of its own.
    differences : callable, optional
        ``differences(ours, theirs)`` gives named differences of two answers.
    allowed : dict of str to float
        Largest difference that counts as equal, by name.
    target : Target, optional
    repeats : int
    quick : int
        Size for a smoke run.
    """

    name: str
    title: str
    unit: str
    sizes: tuple[int, ...]
    data: Callable[[int], object]
    alternatives: dict[str, Callable[[object], pd.DataFrame]]
    differences: Callable[[pd.DataFrame, pd.DataFrame], dict[str, float]] | None = None
    allowed: dict[str, float] = field(default_factory=dict)
    target: Target | None = None
    repeats: int = 5
    quick: int = 1000


class NotInstalled(Exception):
    """An alternative that is not there: a row says so."""
