"""Where long work says what it does: a line per step, and a bar where somebody watches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable


class Console:
    """One line per step to whoever listens; bars on standard error where somebody watches.

    Parameters:
        tell: Receives each line.
        watched: Draw bars.

    >>> Console().say("21_differentiate_value_rfm: done in 4.1 s")
    21_differentiate_value_rfm: done in 4.1 s
    """

    def __init__(self, tell: Callable[[str], None] = print, watched: bool = False):
        self._tell, self._watched = tell, watched
        self._bar, self._lock = None, threading.Lock()

    def say(self, line: str) -> None:
        """Say a line, above the bar if there is one."""
        if self._bar is None:
            return self._tell(line)
        with self._lock, type(self._bar).external_write_mode():
            self._tell(line)

    def begin_cells(self, number: int) -> None:
        """Draw a bar over the cells of all notebooks that will be executed."""
        if self._watched:
            from tqdm import tqdm

            self._bar = tqdm(total=number, unit="cell", leave=False)

    def cell_ended(self, number: int = 1) -> None:
        """Move that bar; notebooks that run side by side share it."""
        if self._bar is not None:
            with self._lock:
                self._bar.update(number)

    def end_cells(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def over(self, parts: Iterable, unit: str) -> Iterable:
        """The same parts, with a bar over them."""
        if not self._watched:
            return parts
        from tqdm import tqdm

        return tqdm(parts, unit=unit, leave=False)
