"""The course's notebooks as files: which there are, what parameters they take, and sections that data cannot feed.

It loads nothing, so that a mistyped name is told at once. A section names the tables it needs in the metadata of the cell
that holds its heading (``needs: [price_tests]``), and ends at the next heading of the same or a higher level.
"""

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from idic_lab import shipped
from idic_lab.errors import DataError, LabError, UnknownName, pick
from idic_lab.pipeline import stages
from idic_lab.pipeline.stages import Stage

# Set by the runner for every notebook, so not to be given by hand.
RESERVED = {"dataset": "name the data set first, as in 'idic-lab run cdnow'", "run_dir": "use --out"}


def folder() -> Path:
    """The folder of the course's notebooks: beside the package in a checkout, inside it when installed.

    >>> (folder() / "00_start_here.ipynb").exists()
    True
    """
    found = shipped("notebooks")
    if not (found / "00_start_here.ipynb").exists():
        raise DataError(f"The course's notebooks are missing: there is no folder {str(found)!r}.")
    return found


def lay_out(target: Path) -> None:
    """Copy notebooks, studies and the students' exercises into a folder of one's own; what is there is never overwritten."""
    from idic_lab.exercises.students_copy import students_copies

    if there := [name for name in ("notebooks", "exercises", "studies") if (target / name).exists()]:
        raise DataError(f"'{target / there[0]}' is there already, perhaps with your work. Name another folder.")
    for name in ("notebooks", "studies"):
        shutil.copytree(shipped(name), target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (target / "exercises").mkdir()
    for name, text in students_copies(shipped("exercises")).items():
        (target / "exercises" / f"{name}.ipynb").write_text(text, encoding="utf-8")
    shutil.copy(shipped("exercises") / "STUDENTS.md", target / "exercises")


def taught() -> list[Stage]:
    """The stages whose notebooks are in the folder, in the order of the course.

    >>> taught()[0].notebook
    '00_start_here'
    """
    here = folder()
    return [stage for stage in stages.STAGES if (here / f"{stage.notebook}.ipynb").exists()]


def select(only: str | None) -> list[Stage]:
    """The stages named by numbers ("21,22") or beginnings of names, in the order of the course; all without `only`.

    >>> [stage.notebook for stage in select("24")]
    ['24_differentiate_lifetime_value']
    """
    known = taught()
    chosen: list[Stage] = []
    for part in filter(None, map(str.strip, (only or "").split(","))):
        matches = [stage for stage in known if stage.notebook.startswith(part) or stage.name == part]
        if not matches:
            raise UnknownName("notebook", part, [stage.notebook for stage in known])
        chosen += matches
    return [stage for stage in known if stage in chosen] if only else known


def path_of(stage: Stage) -> Path:
    """The file of a stage's notebook; DataError when it is not there."""
    path = folder() / f"{stage.notebook}.ipynb"
    if not path.exists():
        raise DataError(f"The notebook {path.name} is missing from the folder of notebooks.")
    return path


def sources_of(stage: Stage, kind: str = "", tag: str = "") -> list[str]:
    """What the cells of a notebook say, not their stored outputs: all, those of a kind, or those with a tag.

    >>> sources_of(select("24")[0], tag="parameters")[0].splitlines()[0]
    'dataset = "cdnow"'
    """
    cells = json.loads(path_of(stage).read_text(encoding="utf-8"))["cells"]
    return [
        "".join(cell["source"])
        for cell in cells
        if kind in ("", cell["cell_type"]) and (not tag or tag in cell["metadata"].get("tags", ()))
    ]


def code_of(chosen: list[Stage]) -> list[str]:
    """All code cells of some notebooks."""
    return [source for stage in chosen for source in sources_of(stage, "code")]


def parameters_of(stage: Stage) -> dict[str, str]:
    """The parameters a notebook takes, with their default values as written.

    >>> parameters_of(select("24")[0])["margin"]
    '0.3'
    """
    found = {}
    for source in sources_of(stage, tag="parameters"):
        for line in ast.parse(source).body:
            targets = getattr(line, "targets", None) or [getattr(line, "target", None)]
            found |= {target.id: ast.unparse(line.value) for target in targets if isinstance(target, ast.Name)}
    return found


def check_parameters(given: dict[str, object], chosen: list[Stage]) -> None:
    """Refuse a parameter that none of the notebooks takes, with the nearest name."""
    for name, way in RESERVED.items():
        if name in given:
            raise LabError(f"The parameter '{name}' is set by the run itself; {way}.")
    if given:
        known = sorted({name for stage in chosen for name in parameters_of(stage)} - set(RESERVED))
        for name in given:
            pick("parameter", name, known)


def parse_parameter(text: str) -> tuple[str, object]:
    """A parameter as given on the command line.

    >>> parse_parameter("horizon_weeks=52")
    ('horizon_weeks', 52)
    >>> parse_parameter("calibration_end=1997-09-30")
    ('calibration_end', '1997-09-30')
    """
    import yaml

    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise LabError(f"A parameter is written name=value, found {text!r}.")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    if isinstance(parsed, str) and re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", parsed):
        from idic_lab.dataframes import given_day

        parsed = f"{given_day(parsed, name.strip()):%Y-%m-%d}"  # or it is refused
    # YAML reads 1997-09-30 as a date object; notebooks take plain literals.
    plain = isinstance(parsed, bool | int | float | str | list | dict | None)
    return name.strip(), parsed if plain else value


_HEADING = re.compile(r"^(#+) (.+)$", re.M)


def left_out(notebook: dict, has: Callable[[str], bool]) -> dict[str, str]:
    """The cells of sections that cannot be fed, by id, each with why; `has` says whether a table is there or can be made.

    >>> cells = [
    ...     {"id": "a", "cell_type": "markdown", "source": "## Prices", "metadata": {"needs": ["price_tests"]}},
    ...     {"id": "b", "cell_type": "code", "source": "1", "metadata": {}},
    ...     {"id": "c", "cell_type": "markdown", "source": "## Summary", "metadata": {}},
    ... ]
    >>> left_out({"cells": cells}, lambda table: False)["b"]
    '"Prices" is left out: these data have no table price_tests.'
    """
    found: dict[str, str] = {}
    level, reason = 0, ""
    for cell in notebook["cells"]:
        heading = _HEADING.search("".join(cell["source"])) if cell["cell_type"] == "markdown" else None
        if heading and (not reason or len(heading[1]) <= level):
            lacks = [name for name in cell["metadata"].get("needs", []) if not has(name)]
            level = len(heading[1])
            tables = f"table{'s' if len(lacks) > 1 else ''} {', '.join(lacks)}"
            reason = f'"{heading[2]}" is left out: these data have no {tables}.' if lacks else ""
        if reason:
            found[cell["id"]] = reason
    return found


def prune(notebook: dict, has: Callable[[str], bool]) -> None:
    """Replace each section that cannot be fed by its heading and one line; in place."""
    away, kept, told = left_out(notebook, has), [], set()
    for cell in notebook["cells"]:
        reason = away.get(cell["id"])
        if reason and reason not in told:
            cell["source"] = f"{_HEADING.search(''.join(cell['source']))[0]}\n\n*{reason}*"
        if not reason or reason not in told:
            kept.append(cell)
        told.add(reason)
    notebook["cells"] = kept
