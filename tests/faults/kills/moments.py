"""When to kill: at random over the length of the work, at one of its operations on files, or when a file appears."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Moment:
    """One moment of a piece of work.

    Attributes
    ----------
    kind : {"random", "operation", "appears"}
    seconds : float
        After the beginning ("random").
    operation : int
        The how manieth opening for writing, renaming or removing ("operation").
    pattern : str
        Of the file that appears, as a glob below the folder ("appears").
    delay : float
        Seconds from the operation or the appearance to the kill; at 0 an operation is not begun.
    """

    kind: str
    seconds: float = 0.0
    operation: int = 0
    pattern: str = ""
    delay: float = 0.0

    def as_dict(self) -> dict:
        """For the record of the kill."""
        return {name: value for name, value in asdict(self).items() if value}


def choose(draw: random.Random, seconds: float, operations: int, patterns: tuple[str, ...]) -> Moment:
    """Draw a moment of work that takes so long, does so many operations and makes such files."""
    kinds = ["random"] + ["operation"] * (operations > 0) + ["appears"] * (len(patterns) > 0)
    kind = draw.choice(kinds)
    delay = draw.choice([0.0, 0.0, draw.uniform(0, 0.003), draw.uniform(0, 0.05)])
    if kind == "random":
        return Moment("random", seconds=draw.uniform(0, seconds))
    if kind == "operation":
        return Moment("operation", operation=draw.randint(1, operations), delay=delay)
    return Moment("appears", pattern=draw.choice(patterns), delay=delay)
