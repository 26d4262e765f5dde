"""What a study leaves: its cells on disk, the one long table they add up to, and a packet that rebuilds that table from zero."""

import json
import os
import re
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

import idic_lab
from idic_lab import datasets, durability
from idic_lab.compare.customers import Customers
from idic_lab.compare.study import Study
from idic_lab.errors import DataError, RepositoryError, needs_extra

COLUMNS = ("dataset", "method", "k", "seed", "criterion", "measure", "value", "status", "extra")
COST = {"seconds": "float64", "memory_mb": "float64", "host": "str"}
STATUS = ("ok", "not applicable", "failed")


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Make the folder of a study and hold it for oneself; what a killed study left unfinished is removed.

    Raises:
        DataError, RepositoryError: When it cannot be made or written, and when another study works in it.
    """
    filelock = needs_extra("filelock", "workbench")
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise RepositoryError(
            f"Another study is working in '{folder}'. Wait for it, or choose another --out."
        ) from None
    except OSError as error:
        raise DataError(f"The folder '{folder}' cannot be made or written: {error.strerror}.") from None
    try:
        for pattern in ("*.partial", "cells/*.partial"):
            durability.remove_leftovers(folder, pattern)
        yield
    finally:
        lock.release()


class Store:
    """A folder of finished cells, each a small file named by the key of what made it, and the keys of damaged ones."""

    def __init__(self, folder: Path):
        self.folder = Path(folder) / "cells"
        self.damaged: list[str] = []

    def read(self, key: str) -> dict | None:
        """The record of a finished cell; None when there is none, or it is damaged."""
        try:
            record = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            if all(found["status"] in STATUS for found in record["criteria"].values()):
                return record
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        self.damaged.append(key)
        return None

    def write(self, key: str, record: dict) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        durability.write(self.folder / f"{key}.json", json.dumps(record))


def long_table(records: list[tuple[dict, dict]], criteria: list[str]) -> pd.DataFrame:
    """The results of a study, one row per value.

    Parameters:
        records: The coordinates of each cell and its record: per criterion a ``status``, ``numbers``, ``extra``, ``reason``.
        criteria: Those of this study, in its order: a cell may hold others.
    Returns:
        DataFrame: ``dataset``, ``method``, ``k`` (number of segments asked for; missing when the method finds its own),
            ``seed``, ``criterion``, ``measure``, ``value``, ``status`` ("ok", "not applicable" or "failed") and
            ``extra`` (a dict: what figures need, or the reason of a failure); then what the whole cell cost:
            ``seconds``, ``memory_mb`` (the most its process held meanwhile) and ``host``.
    """
    rows = []
    for cell, record in records:
        cost = [record.get(name) for name in COST]
        for criterion in criteria:
            found = record["criteria"][criterion]
            extra = found["extra"] if found["status"] == "ok" else {"reason": found["reason"]}
            for measure, value in (found.get("numbers") or {"": np.nan}).items():
                rows.append((*cell.values(), criterion, measure, value, found["status"], extra, *cost))
                extra = {}
    table = pd.DataFrame(rows, columns=[*COLUMNS, *COST])
    text = dict.fromkeys(["dataset", "method", "criterion", "measure", "status"], "str")
    return table.astype({**text, "k": "Int64", "seed": "int64", "value": "float64", **COST})


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write the long table as Parquet, whole; ``extra`` becomes JSON text."""
    text = table.assign(extra=[json.dumps(extra, sort_keys=True) for extra in table["extra"]])
    text.astype({"extra": "str"}).to_parquet(durability.partial(path), index=False)
    os.replace(durability.partial(path), path)
    return path


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a long table back; ``extra`` is a dict again."""
    table = pd.read_parquet(path)
    return table.assign(extra=[json.loads(extra) for extra in table["extra"]])


def without_cost(table: pd.DataFrame) -> pd.DataFrame:
    """The long table without what its cells cost, which is another each time."""
    return table.drop(columns=list(COST))


_REBUILD = '''"""Run the study of this packet from zero and hold its table to the one that came with it."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ["PYTHONPATH"] = str(HERE / "software")
sys.path.insert(0, os.environ["PYTHONPATH"])

from idic_lab.compare import results  # noqa: E402

if __name__ == "__main__":
    sys.exit(results.rebuild(HERE))
'''
_OF_CHECKOUT = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE*", "requirements.lock")
_EXTRAS = ("workbench", "needs")  # those that a study needs


def write_packet(
    path: Path, folder: Path, study: Study, customers: dict[str, Customers], given: Collection[str] = ()
) -> Path:
    """Write the packet of a finished study (docs/compare.md says what goes in).

    Parameters:
        folder: Of the study: ``results.parquet``, ``report.html``, ``manifest.json``.
        given: Data sets whose customers were handed in, so that nobody can load them again.

    Source: the README follows Vilhuber, Connolly, Koren, Llull and Morrow (2022), A template README for social science
    replication packages.
    """
    from idic_lab.compare import report

    path, yaml = Path(path), needs_extra("yaml", "workbench")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    contents: dict[str, str | bytes] = dict(study.modules)
    specs, provenance = [], []
    with tempfile.TemporaryDirectory() as made:
        for number, spec in enumerate(study.datasets, start=1):
            whom = customers[spec["name"]]
            kept, words = _provenance(spec, f"data/{number}", spec["name"] in given)
            specs.append(kept)
            provenance.append((spec["name"], words, whom.facts))
            for file in whom.write(Path(made) / str(number)) if "prepared" in kept else ():
                contents[f"data/{number}/{file.name}"] = file.read_bytes()
    asked = study.given | {"datasets": specs}
    contents["study.yaml"] = yaml.safe_dump(asked, sort_keys=False, allow_unicode=True)
    contents["environment.lock"] = "".join(f"{line}\n" for line in environment())
    contents["rebuild.py"] = _REBUILD
    readme = report.templates().get_template("packet.md")
    told = {"manifest": manifest, "provenance": provenance, "modules": list(study.modules)}
    contents["README.md"] = readme.render(told)
    files = {name: folder / name for name in ("results.parquet", "report.html", "manifest.json")}
    with zipfile.ZipFile(durability.partial(path), "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in contents.items():
            zipped.writestr(f"{path.stem}/{name}", content)
        for name, file in (files | _software()).items():
            zipped.write(file, f"{path.stem}/{name}")
    os.replace(durability.partial(path), path)
    return path


def _provenance(spec: dict, place: str, handed_in: bool) -> tuple[dict, str]:
    """A data set as the packet's study names it, and in words where it comes from."""
    name = spec["name"]
    if "simulate" in spec and not handed_in:
        return spec, "simulated by the software in this packet"
    own = handed_in or {"file", "prepared"} & set(spec)
    known = {} if own else {row["name"]: row for row in datasets.catalogue().to_dict("records")}.get(name, {})
    if known.get("kind", "own file") != "own file":
        return spec, f"public: {known['title']}; licence: {known['licence']}; {known['how to get it']}"
    seen = f"`{place}` holds what methods and criteria saw of it, customers as numbers"
    kept = {"name": name, "basis": spec["basis"], "prepared": place}
    return kept, f"the authors' own; not in the packet as it was read. {seen}"


def environment() -> list[str]:
    """Every package that the software and the modules loaded now need, with its version.

    >>> {"numpy", "statsmodels"} <= {line.partition("==")[0] for line in environment()}
    True
    """
    provides, found = metadata.packages_distributions(), {}
    loaded = {package for name in sys.modules for package in provides.get(name.partition(".")[0], ())}
    pending = [*_named(_required()), "lifetimes", *loaded - {"idic-lab"}]
    while pending:
        name = re.sub(r"[-_.]+", "-", pending.pop()).lower()
        if name not in found:
            with suppress(metadata.PackageNotFoundError):  # an extra that is not installed
                found[name] = metadata.version(name)
                pending += _named(metadata.requires(name) or ())
    return [f"{name}=={found[name]}" for name in sorted(found)]


def _required() -> list[str]:
    """What the software needs for a study, by its own project file where it runs from one, which may be newer than an installation."""
    toml = Path(idic_lab.__file__).parents[1] / "pyproject.toml"
    if not toml.is_file():
        return metadata.requires("idic-lab")
    project = tomllib.loads(toml.read_text(encoding="utf-8"))["project"]
    return project["dependencies"] + [need for extra in _EXTRAS for need in project["optional-dependencies"][extra]]


def _named(needs: Iterable[str]) -> list[str]:
    """The packages of requirements that hold here, and of the extras that a study needs where they are our own."""
    from packaging.requirements import Requirement

    parsed = map(Requirement, needs)
    extras = [{"extra": extra} for extra in ("", *_EXTRAS)]
    holds = (need for need in parsed if not need.marker or any(map(need.marker.evaluate, extras)))
    return [need.name for need in holds if need.name != "idic-lab"]


def _software() -> dict[str, Path]:
    """The files of this package by their places in the packet, and the data that travel with it."""
    package = Path(idic_lab.__file__).resolve().parent
    roots = {"idic_lab": package, "datasets": idic_lab.shipped("datasets")}
    if roots["datasets"].is_relative_to(package):
        del roots["datasets"]
    found = {
        f"{name}/{file.relative_to(root).as_posix()}": file for name, root in roots.items() for file in root.rglob("*")
    }
    if (package.parent / "pyproject.toml").is_file():
        found |= {file.name: file for pattern in _OF_CHECKOUT for file in package.parent.glob(pattern)}
    kept = sorted(name for name, file in found.items() if file.is_file() and "__pycache__" not in file.parts)
    return {f"software/{name}": found[name] for name in kept}


def rebuild(folder: Path, jobs: int = -1) -> int:
    """Run the study of an unpacked packet from zero; 0 when its table is the one that came with it, else 1."""
    from idic_lab.compare.running import compare

    expected = without_cost(read_table(folder / "results.parquet"))
    outcome = compare(folder / "study.yaml", folder / "rebuilt", jobs, fresh=True, command="python rebuild.py")
    found = without_cost(outcome.results)
    if found.equals(expected):
        print(f"The table of {len(found):,} rows is identical. Report: {outcome.report}")
        return 0
    keys = ["dataset", "method", "k", "seed", "criterion", "measure"]
    both = expected.merge(found, on=keys, how="outer", suffixes=("_expected", "_rebuilt"))
    values = both[["value_expected", "value_rebuilt"]]
    same = values["value_expected"].eq(values["value_rebuilt"]) | values.isna().all(axis=1)
    differ = both[~same | both["status_expected"].ne(both["status_rebuilt"])]
    far = (differ["value_expected"] - differ["value_rebuilt"]).abs().max()
    print(f"{len(differ):,} of {len(both):,} values differ, by at most {far:.3g}. The first of them:")
    print(differ[[*keys, *values]].head().to_string(index=False))
    return 1
