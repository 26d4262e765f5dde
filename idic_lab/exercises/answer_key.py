"""The expected answers: functions in the course's ``answers`` folder, which students do not have."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from idic_lab.errors import DataError
from idic_lab.exercises.question import call


class AnswerKey:
    """The functions that compute the expected answers, one per question, found by name.

    A function asks by name for what it needs: ``tables``, ``truth``, ``brought``. One that also asks for ``answer``
    judges it, and returns the share of the points and a message.

    Parameters
    ----------
    folder : path-like
        With one Python file per assignment.

    Raises
    ------
    DataError
        When the folder holds no answers.
    """

    def __init__(self, folder: str | Path):
        self._functions = _functions(Path(folder).resolve())
        if not self._functions:
            raise DataError(f"No answers found in {folder}: it should hold one Python file per assignment.")

    @property
    def names(self) -> set[str]:
        """The questions with an answer."""
        return set(self._functions)

    def judges(self, name: str) -> bool:
        """Whether the answer is judged by what it achieves rather than compared."""
        return "answer" in inspect.signature(self._functions[name]).parameters

    def expected(self, name: str, **known: Any) -> Any:
        """The expected answer."""
        return call(self._functions[name], **known)

    def judged(self, name: str, **known: Any) -> tuple[float, str]:
        """Share of the points and message for an answer judged by what it achieves."""
        credit, message = call(self._functions[name], **known)
        return float(credit), message


@lru_cache(maxsize=4)
def _functions(folder: Path) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for file in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"idic_answers_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                found[name] = function
    return found
