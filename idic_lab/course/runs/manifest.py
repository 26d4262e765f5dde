"""The state of a run on disk: what was done, with what, and what may be kept when it is called again.

A notebook is kept only when nothing it depends on has changed: the data, its parameters, its own cells, the package,
and the notebooks that made its tables. All of that goes into one key.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

from idic_lab.course.runs import notebooks
from idic_lab.pipeline.stages import Stage

FILE = "manifest.json"
_VERSIONS = ("duckdb", "lifetimes", "matplotlib", "numpy", "pandas", "papermill", "scikit-learn", "scipy")


def read(folder: Path) -> dict:
    """The manifest of a run folder; when there is none, or it cannot be read, an empty one that says so."""
    path = folder / FILE
    if not path.exists():
        return {"status": "new", "notebooks": {}}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        sound = all(entry["status"] for entry in manifest["notebooks"].values()) and manifest["status"]
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    return manifest if sound else {"status": "damaged", "notebooks": {}}


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the packages that numbers depend on."""
    found = {name: importlib.metadata.version(name) for name in _VERSIONS}
    return {"python": platform.python_version(), "idic-lab": importlib.metadata.version("idic-lab"), **found}


def base(fingerprint: str, parameters: dict) -> str:
    """The hash of what all notebooks of a run depend on: data, parameters, package and versions."""
    package = _hash_files(sorted(Path(__file__).resolve().parents[2].rglob("*.py")))
    return _hash(
        fingerprint, package, json.dumps(parameters, sort_keys=True, default=str), json.dumps(versions())
    )


def keys(stages: list[Stage], base: str) -> dict[str, str]:
    """One key per notebook: the hash of everything its results depend on.

    Parameters
    ----------
    stages : list of Stage
        The stages that can run, in order.
    base : str
        What they all depend on.
    """
    result: dict[str, str] = {}
    made_by: dict[str, str] = {}
    for stage in stages:
        source = _hash_cells(notebooks.path_of(stage))
        before = sorted({made_by[table] for table in stage.needs + stage.uses if table in made_by})
        result[stage.notebook] = _hash(base, source, *[result[notebook] for notebook in before])
        for table in stage.makes:
            made_by[table] = stage.notebook
            made_by.setdefault(table.partition(":")[0], stage.notebook)
    return result


def _hash_cells(path: Path) -> str:
    """Hash of what a notebook says, not of its stored outputs: re-saving it must not undo a run."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return _hash(*("".join(cell["source"]) for cell in notebook["cells"]))


def _hash_files(paths: list[Path]) -> str:
    return _hash(*(part for path in paths for part in (path.name, path.read_bytes())))


def _hash(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:24]
