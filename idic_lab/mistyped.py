"""Answering a mistyped name at once: the names that a command may be given, known without loading what they name.

Loading the course, its data sets and its models takes seconds. What is looked at here is only whether a name can be
right; whoever loads the thing itself checks again. A test holds these lists to what is registered.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from idic_lab.errors import DataError, UnknownName

DATASETS = ("cdnow", "cdnow_sample", "meridian", "online_retail", "hillstrom")
METHODS = (
    *("bagged_clustering", "birch", "clv_tiers", "gaussian_mixture", "hdbscan", "k_means", "k_medoids"),
    *("latent_classes", "needs_by_value", "one_segment", "portfolio_tiers", "random_segments"),
    *("rfm_quintiles", "supervised_tree", "ward"),
)
SET_BY_THE_RUN = ("dataset", "run_dir")
REPOSITORY_FILE = "idic.duckdb"


def dataset(name: str) -> None:
    """Refuse a name that is neither a data set's, nor registered for a file of one's own, nor a path to something.

    Examples
    --------
    >>> dataset("cdnoww")
    Traceback (most recent call last):
    ...
    idic_lab.errors.UnknownName: Unknown data set 'cdnoww'. Did you mean 'cdnow'? Valid: ...
    """
    if name in DATASETS or Path(name).expanduser().exists() or re.search(r"[*?\[]", name):
        return
    if not re.fullmatch(r"[\w-]+", name):
        return file(Path(name).expanduser())
    try:
        home = Path(os.environ.get("IDIC_LAB_HOME") or "~/.idic-lab").expanduser()
        registered = list(json.loads((home / "catalogue.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        registered = []
    except (OSError, ValueError, TypeError, RuntimeError):
        return  # whoever loads the data says what is wrong with the list
    if name not in registered:
        raise UnknownName("data set", name, dict.fromkeys([*DATASETS, *registered]))


def notebooks(only: str | None) -> list[Path]:
    """The notebooks whose numbers are given, all without; a number that none has is refused.

    What is not a number may be the name of a stage; then all are given back. Without notebooks nothing is refused.
    """
    package = Path(__file__).resolve().parent
    folders = (package.parent / "notebooks", package / "share" / "notebooks")
    files = next((found for folder in folders if (found := sorted(folder.glob("[0-9][0-9]_*.ipynb")))), [])
    if not files:
        return []
    wanted = [part.strip() for part in (only or "").split(",") if part.strip()]
    for part in wanted:
        if part.isdigit() and not any(file.name.startswith(part) for file in files):
            raise UnknownName("notebook", part, [file.stem for file in files])
    if not wanted or not all(part.isdigit() for part in wanted):
        return files
    return [file for file in files if file.name.startswith(tuple(wanted))]


def parameters(given: Iterable[str], files: list[Path]) -> None:
    """Refuse a parameter, given as name=value, that none of the notebooks takes."""
    names = [text.partition("=")[0].strip() for text in given if "=" in text]
    names = [name for name in names if name.isidentifier() and name not in SET_BY_THE_RUN]
    if not names or not files:
        return
    known: set[str] = set()
    for file in files:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        tagged = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
        for cell in tagged:
            for line in ast.parse("".join(cell["source"])).body:
                targets = getattr(line, "targets", None) or [getattr(line, "target", None)]
                known |= {target.id for target in targets if isinstance(target, ast.Name)}
    for name in names:
        if name not in known:
            raise UnknownName("parameter", name, sorted(known - set(SET_BY_THE_RUN)))


def methods(study: Path) -> None:
    """Refuse a study that names a method which does not exist; one with modules of its own may have others."""
    import yaml

    try:
        read = yaml.safe_load(study.read_text(encoding="utf-8"))
    except FileNotFoundError:
        folder = study.parent
        near = sorted(file.name for file in folder.glob("*.y*ml")) if folder.is_dir() else []
        raise UnknownName("study file", study.name, near) from None
    except (OSError, ValueError, yaml.YAMLError):
        return  # reading it in full says what is wrong
    if not isinstance(read, dict) or read.get("modules"):
        return
    named = read.get("methods", "all")
    for name in named if isinstance(named, list) else []:
        if isinstance(name, str) and name not in METHODS:
            raise UnknownName(f"method in {study.name}", name, METHODS)


def assignment(course: Path, name: str) -> None:
    """Refuse a name that is no assignment's; without the folder of the exercises nothing is refused."""
    known = sorted(
        found.parent.name for found in course.glob("source/*/*.ipynb") if found.stem == found.parent.name
    )
    if known and name not in known:
        raise UnknownName("assignment", name, known)


def run_folder(path: Path) -> None:
    """Refuse a folder that is not there or holds no run, with the nearest one beside it."""
    if (path / REPOSITORY_FILE).exists():
        return
    beside = [other.name for other in path.parent.glob("*/") if (other / REPOSITORY_FILE).exists()]
    raise DataError(f"'{path}' holds no run: there is no {REPOSITORY_FILE} in it.{_nearest(path, beside)}")


def file(path: Path) -> None:
    """Refuse a file that is not there, with the nearest name beside it."""
    if path.exists():
        return
    if not path.parent.is_dir():
        raise DataError(
            f"There is no file {str(path)!r}. The folder {str(path.parent)!r} does not exist either."
        )
    near = _nearest(path, [other.name for other in path.parent.iterdir()])
    raise DataError(f"There is no file {str(path)!r}.{near}")


def _nearest(path: Path, names: list[str]) -> str:
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {near[0]!r} in the same folder?" if near else ""
