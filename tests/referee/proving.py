"""What is stated, held against what is so: each statement of uncertainty is tried on data whose truth is known.

A statement is an interval (how often does it hold the truth?), a test (how often does it find what is not there?) or an
alarm (how often is a page alarmed when nothing changes?). Each is tried on the ground it was made for, and on at least one
where its assumption does not hold.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

import idic_lab

PACKAGE = Path(idic_lab.__file__).parent
KINDS = {"interval": "holds the truth", "test": "false findings", "alarm": "false alarms"}
AT_LEAST = {"bound": "holds what comes", "power": "finds what is there"}
_STATES = re.compile(
    r"\b(interval|confidence|p.value|credible|posterior|false.alarm|standard.error|control.limits|wilson|low.{1,6}high)|9[05]%",
    re.I,
)
# Rooms that state nothing themselves: they run, show and keep what the others state.
_SILENT = {"course", "notebook", "repository", "durability", "exercises", "datasets", "meridian", "tables"}


@dataclass(frozen=True)
class Statement:
    """One thing that a public function states, and the grounds on which it is tried.

    Attributes
    ----------
    function : str
        Dotted name.
    states : str
        What it says, in words.
    used : str
        Where: numbers of notebooks, or a room.
    kind : {"interval", "test", "alarm", "bound", "power"}
    nominal : float
        The rate that it states.
    grounds : dict of str to callable
        Each takes a random generator, makes one data set and says whether the interval held the truth, or whether something
        was found; the first is the ground it was made for. None where there was nothing to say.
    repeats : int
        Of the long run.
    """

    function: str
    states: str
    used: str
    kind: str
    nominal: float
    grounds: dict[str, Callable[[np.random.Generator], bool | None]]
    repeats: int = 2_000


STATEMENTS: list[Statement] = []


def statement(
    function: str, states: str, used: str, kind: str = "interval", nominal: float = 0.95, repeats: int = 2_000
):
    """Enter what a function states; the function below it returns the grounds."""

    def enter(make: Callable[[], dict]) -> Callable:
        if (function, states) not in {(one.function, one.states) for one in STATEMENTS}:  # not twice by another import
            STATEMENTS.append(Statement(function, states, used, kind, nominal, make(), repeats))
        return make

    return enter


@dataclass(frozen=True)
class Finding:
    """How often a statement held on one ground."""

    statement: Statement
    ground: str
    rate: float
    tried: int

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the rate."""
        expected = min(max(self.rate, 0.5 / self.tried), 1 - 0.5 / self.tried)
        return float(np.sqrt(expected * (1 - expected) / self.tried))

    @property
    def keeps(self) -> bool:
        """Whether the rate is what was stated: intervals within two points, tests and alarms no more often, others no less."""
        slack = 2 * self.error
        if self.statement.kind in AT_LEAST:
            return self.rate >= self.statement.nominal - 0.02 - slack
        if self.statement.kind == "interval":
            return abs(self.rate - self.statement.nominal) <= 0.02 + slack
        return self.rate <= self.statement.nominal + slack


def tried(
    one: Statement, repeats: int | None = None, grounds: Iterator[str] | None = None, jobs: int = 1
) -> list[Finding]:
    """Try a statement on its grounds."""
    found = []
    for ground in grounds or one.grounds:
        n = repeats or one.repeats
        seeds = np.random.SeedSequence([len(ground), *map(ord, one.function)]).spawn(n)
        if jobs == 1:
            said = [one.grounds[ground](np.random.default_rng(seed)) for seed in seeds]
        else:
            parts = np.array_split(np.arange(n), min(n, 40))
            batches = Parallel(jobs)(
                delayed(_batch)(one.function, one.states, ground, [seeds[i] for i in part]) for part in parts
            )
            said = [answer for batch in batches for answer in batch]
        kept = [bool(answer) for answer in said if answer is not None]
        found.append(Finding(one, ground, float(np.mean(kept)), len(kept)))
    return found


def _batch(function: str, states: str, ground: str, seeds) -> list:
    """In a process of its own, which enters the statements again: grounds are closures and cannot be sent."""
    importlib.import_module("statements")
    one = next(one for one in STATEMENTS if (one.function, one.states) == (function, states))
    return [one.grounds[ground](np.random.default_rng(seed)) for seed in seeds]


def stating() -> list[str]:
    """Public functions whose signature or docstring says that they state how sure something is."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room, *_ = path.relative_to(PACKAGE).parts
        if room in _SILENT or path.stem.startswith("_"):
            continue
        module = ".".join(("idic_lab", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith(("_", "plot_")):
                continue
            names = {argument.arg for argument in node.args.args + node.args.kwonlyargs}
            if names & {"confidence", "n_bootstrap", "false_alarm"} or _STATES.search(ast.get_docstring(node) or ""):
                found.append(_public(module, node.name))
    return found


def _public(module: str, name: str) -> str:
    """The shortest path by which a function can be reached, which stays when modules are laid out anew."""
    function = getattr(importlib.import_module(module), name)
    parts = module.split(".")
    for end in range(2, len(parts)):
        package = ".".join(parts[:end])
        if getattr(importlib.import_module(package), name, None) is function:
            return f"{package}.{name}"
    return f"{module}.{name}"


def found(name: str) -> bool:
    """Whether there is a function of that dotted name."""
    module, _, function = name.rpartition(".")
    return callable(getattr(importlib.import_module(module), function, None))


def holds(interval, truth: float) -> bool | None:
    """Whether an interval, the last two of its numbers, holds the truth; None when it is missing."""
    *_, low, high = interval
    return None if not (np.isfinite(low) and np.isfinite(high)) else bool(low <= truth <= high)
