"""Finding the course's notebooks, and what parameters they take."""

from __future__ import annotations

import contextlib
import logging
import shutil
from pathlib import Path

import yaml

from idic_lab import shipped
from idic_lab.errors import DataError, LabError, UnknownName
from idic_lab.pipeline.stages import STAGES, Stage

# Set by the runner for every notebook, so not to be given by hand.
RESERVED = {"dataset": "name the data set first, as in 'idic-lab run cdnow'", "run_dir": "use --out"}


def folder() -> Path:
    """The folder of the course's notebooks: beside the package in a checkout, inside it when installed."""
    found = shipped("notebooks")
    if not (found / "00_start_here.ipynb").exists():
        raise DataError(f"The course's notebooks are missing: there is no folder {str(found)!r}.")
    return found


def lay_out(target: Path) -> None:
    """Copy the notebooks, exercises and studies into a folder of one's own; what stands there is never overwritten."""
    parts = ("notebooks", "exercises", "studies")
    there = [name for name in parts if (target / name).exists()]
    if there:
        raise DataError(
            f"'{target / there[0]}' is there already, perhaps with your work. Name another folder."
        )
    for name in parts:
        shutil.copytree(shipped(name), target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))


def select(only: str | None) -> list[Stage]:
    """The stages named by numbers or names, in the order of the course; all of them without `only`.

    Parameters
    ----------
    only : str or None
        Comma-separated numbers ("21,22") or beginnings of notebook names.

    Examples
    --------
    >>> [stage.notebook for stage in select("22")]
    ['22_differentiate_lifetime_value']
    """
    if not only:
        return list(STAGES)
    wanted = [part.strip() for part in only.split(",") if part.strip()]
    chosen = set()
    for part in wanted:
        matches = [stage for stage in STAGES if stage.notebook.startswith(part) or stage.name == part]
        if not matches:
            raise UnknownName("notebook", part, [stage.notebook for stage in STAGES])
        chosen.update(matches)
    return [stage for stage in STAGES if stage in chosen]


def path_of(stage: Stage) -> Path:
    """The file of a stage's notebook; DataError when it is not there."""
    path = folder() / f"{stage.notebook}.ipynb"
    if not path.exists():
        raise DataError(f"The notebook {path.name} is missing from the folder of notebooks.")
    return path


def parameters_of(stage: Stage) -> dict[str, object]:
    """The parameters a notebook takes, with their default values as written (text of the literal)."""
    import papermill

    with quiet("papermill"):
        found = papermill.inspect_notebook(str(path_of(stage)))
    return {name: info["default"] for name, info in found.items()}


def check_parameters(given: dict[str, object], stages: list[Stage]) -> None:
    """Refuse a parameter that none of the notebooks takes, with the nearest name."""
    for name, way in RESERVED.items():
        if name in given:
            raise LabError(f"The parameter '{name}' is set by the run itself; {way}.")
    if not given:
        return
    known = {name for stage in stages for name in parameters_of(stage)} - set(RESERVED)
    for name in given:
        if name not in known:
            raise UnknownName("parameter", name, sorted(known))


def parse_parameter(text: str) -> tuple[str, object]:
    """A parameter as given on the command line.

    Examples
    --------
    >>> parse_parameter("horizon_weeks=52")
    ('horizon_weeks', 52)
    >>> parse_parameter("calibration_end=1997-09-30")
    ('calibration_end', '1997-09-30')
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise LabError(f"A parameter is written name=value, found {text!r}.")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    # YAML reads 1997-09-30 as a date object; notebooks take plain literals.
    return name.strip(), parsed if isinstance(
        parsed, bool | int | float | str | list | dict | None
    ) else value


@contextlib.contextmanager
def quiet(name: str, to: int = logging.ERROR):
    """Silence a logger below a level for a while: papermill reports what the run reports better."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(to)
    try:
        yield
    finally:
        logger.setLevel(level)
