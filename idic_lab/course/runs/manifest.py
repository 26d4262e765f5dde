"""The state of a run on disk: what was done, with what, and what may be kept when it is called again.

A notebook is kept only when nothing it depends on has changed: the data, its parameters, its own cells, the package,
and the notebooks that made its tables. All of that goes into one key.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from idic_lab import durability
from idic_lab.course.runs import notebooks
from idic_lab.pipeline.stages import Stage
from idic_lab.repository import kept_tables

FILE = "manifest.json"


@dataclass
class Executed:
    """How the execution of one notebook ended."""

    status: str  # "done" or "failed"
    seconds: float = 0.0
    key: str = ""  # of all that it depended on
    error: str = ""  # what went wrong, for a person

    @property
    def done(self) -> bool:
        return self.status == "done"


@dataclass
class Manifest:
    """What a run is of and how far it has come.

    Its status is "new", "running", "interrupted", "failed" or "complete", and "damaged" when the file could not be read; a
    removal of a customer says so here too.
    """

    status: str = "new"
    dataset: str = ""
    fingerprint: str = ""
    parameters: dict[str, object] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    base: str = ""  # hash of what all notebooks depend on
    notebooks: dict[str, Executed] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)  # notebook to the reason: the data cannot feed it
    not_reached: dict[str, str] = field(default_factory=dict)  # notebook to the failed one it depends on
    all_customers: dict = field(default_factory=dict)  # of a run on large data, what is known of their tables

    @property
    def done(self) -> list[str]:
        """The notebooks that were executed to their end."""
        return [name for name, entry in self.notebooks.items() if entry.done]

    @property
    def failed(self) -> dict[str, str]:
        """The notebooks that failed, with what went wrong."""
        return {name: entry.error for name, entry in self.notebooks.items() if entry.status == "failed"}

    def write(self, folder: Path, status: str = "") -> None:
        """Write the file whole, with another status if one is given."""
        self.status = status or self.status
        durability.write_json(folder / FILE, asdict(self))


def read(folder: Path) -> Manifest:
    """The manifest of a run folder; when there is none, or it cannot be read, an empty one that says so.

    >>> read(Path("no such folder")).status
    'new'
    """
    path = folder / FILE
    if not path.exists():
        return Manifest()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told["notebooks"] = {name: Executed(**entry) for name, entry in told["notebooks"].items()}
        return Manifest(**told) if told["status"] else Manifest("damaged")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Manifest("damaged")


def base(fingerprint: str, parameters: dict) -> str:
    """The hash of what all notebooks of a run depend on: data, parameters, package and versions."""
    told = json.dumps(parameters, sort_keys=True, default=str)
    return _hash(fingerprint, kept_tables.code(), told, json.dumps(kept_tables.versions()))


def keys(stages: list[Stage], base: str) -> dict[str, str]:
    """One key per notebook that can run: the hash of everything its results depend on, what they all do included."""
    made: dict[str, str] = {}
    for place, stage in enumerate(stages):
        reads = stage.needs + stage.uses
        before = [other for other in stages[:place] if any(map(other.gives, reads))]
        made[stage.notebook] = _hash(base, *notebooks.sources_of(stage), *(made[other.notebook] for other in before))
    return made


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
