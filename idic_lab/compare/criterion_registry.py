"""Criteria: functions of a fitted segmentation and data it did not see; registered like methods."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

from idic_lab.compare.segmentation import Segmentation
from idic_lab.errors import UnknownName


@dataclass(frozen=True)
class Score:
    """What a criterion says: numbers by name, and what figures and tables need beyond them.

    Attributes
    ----------
    numbers : dict of str to float
    extra : dict
        Anything JSON can hold; kept beside the first value.
    """

    numbers: dict[str, float]
    extra: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Criterion:
    """One way of judging a segmentation.

    Attributes
    ----------
    name : str
    function : callable
        Takes a :class:`Segmentation`, returns a :class:`Score` (or a float, or a dict of floats).
    main : str
        The value by which methods are compared.
    higher_is_better : bool
    question : str
        What it asks, in words.
    warning : str
        What the report says wherever the criterion is shown.
    """

    name: str
    function: Callable[[Segmentation], Score]
    main: str
    higher_is_better: bool = True
    question: str = ""
    warning: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its source."""
        return hashlib.sha256(inspect.getsource(self.function).encode()).hexdigest()

    def __call__(self, segmentation: Segmentation) -> Score:
        found = self.function(segmentation)
        if isinstance(found, Score):
            return found
        return Score(found if isinstance(found, dict) else {self.main: float(found)})


CRITERIA: dict[str, Criterion] = {}


def criterion(
    name: str, main: str = "value", higher_is_better: bool = True, question: str = "", warning: str = ""
):
    """Register a criterion of one's own.

    Parameters
    ----------
    name : str
    main : str
        Which of the values it returns is compared.
    higher_is_better : bool
    question, warning : str
        For the report.

    Examples
    --------
    >>> @criterion("largest share", higher_is_better=False)
    ... def largest_share(segmentation): return (segmentation.labels == 0).mean()
    >>> get("largest share").higher_is_better
    False
    >>> del CRITERIA["largest share"]
    """

    def register(function: Callable) -> Callable:
        CRITERIA[name] = Criterion(name, function, main, higher_is_better, question, warning)
        return function

    return register


def get(name: str) -> Criterion:
    """A registered criterion; UnknownName with the nearest when there is none."""
    if name not in CRITERIA:
        raise UnknownName("criterion", name, CRITERIA)
    return CRITERIA[name]
