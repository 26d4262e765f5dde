"""Running a study: cells by key, on the cores of this machine or on a Dask cluster, resumable at any moment."""

import contextlib
import datetime as dt
import hashlib
import inspect
import json
import os
import platform
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from idic_lab import __version__, durability
from idic_lab.compare import customers as customers_module
from idic_lab.compare import segmentation, stability
from idic_lab.compare import study as sources
from idic_lab.compare.customers import Customers
from idic_lab.compare.registry import Criterion, Method, normalised
from idic_lab.compare.results import Store, in_use, long_table, write_packet, write_table
from idic_lab.compare.segmentation import Effort, NotApplicable, Segmentation
from idic_lab.compare.study import Study, read
from idic_lab.errors import LabError, needs_extra

ENGINE = (customers_module, segmentation, stability)
PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "stepmix", "kmedoids")


@dataclass(frozen=True)
class Cell:
    """One method on one data set with one number of segments and one seed: what is computed together."""

    dataset: str
    method: Method
    k: int | None
    seed: int
    key: str

    @property
    def coordinates(self) -> dict:
        return {"dataset": self.dataset, "method": self.method.name, "k": self.k, "seed": self.seed}


@dataclass(frozen=True)
class Outcome:
    """What a study left: the long table and the page, how many cells were computed now and found finished, and how many
    values failed.
    """

    folder: Path
    results: pd.DataFrame
    report: Path | None
    computed: int
    reused: int
    failed: int


def compare(
    study,
    out: str | Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    fresh: bool = False,
    customers: Mapping[str, Customers] | None = None,
    command: str = "",
    tell: Callable[[str], None] = print,
    progress: bool = True,
    packet: str | Path | None = None,
    with_report: bool = True,
) -> Outcome:
    """Run a study, or what is left of it, and write its table and, unless nobody wants it, its report.

    Parameters:
        out: Folder for cells, ``results.parquet``, ``manifest.json`` and ``report.html``; else ``runs/compare-<name>``.
        jobs: Processes; -1 for one per core.
        scheduler: Address of a Dask cluster, as in ``tcp://10.0.0.1:8786``. The results are the same.
        customers: Made before, by the name of their data set, which is then not loaded.
        command: What reproduces the run, for the report.
        packet: An archive that rebuilds the same table elsewhere, to be written beside the report.
    Raises:
        LabError: For a study that cannot be run, or a folder in use by another study or that cannot be written.
    """
    at_hand = dict(customers or {})
    study = study if isinstance(study, Study) else read(study, at_hand)
    folder = Path(out) if out else Path("runs") / f"compare-{study.name.replace(' ', '-')}"
    with in_use(folder):
        tell(f"Loading {len(study.datasets)} data sets ...")
        customers = {}
        for spec in study.datasets:
            name = spec["name"]
            customers[name] = at_hand[name] if name in at_hand else sources.load(spec)
        store, cells = Store(folder), cells_of(study, customers)
        finished = {} if fresh else {cell.key: store.read(cell.key) for cell in cells}
        if store.damaged:
            tell(f"{len(store.damaged)} damaged cells are computed anew: {', '.join(store.damaged[:3])} ...")
        for warning in _other_versions(finished.values()):
            tell(warning)
        todo = [
            cell for cell in cells if not all(_current(finished.get(cell.key) or {}, one) for one in study.criteria)
        ]
        tell(f"{len(cells)} cells: {len(cells) - len(todo)} finished before, {len(todo)} to compute.")
        durability.write_json(folder / "manifest.json", {"study": study.name, "status": "running"})
        began, tqdm = time.monotonic(), needs_extra("tqdm", "workbench").tqdm
        with tqdm(total=len(todo), unit="cell", disable=not progress, file=sys.stderr) as bar:
            for key, record in _execute(todo, customers, study, finished, jobs, scheduler):
                finished[key] = record
                store.write(key, record)
                bar.update()
        records = [(cell.coordinates, finished[cell.key]) for cell in cells]
        results = long_table(records, [criterion.name for criterion in study.criteria])
        write_table(results, folder / "results.parquet")
        manifest = _manifest(study, customers, command, time.monotonic() - began, len(todo), cells)
        manifest["memory_mb"] = float(results["memory_mb"].max())
        page = None
        if with_report:
            from idic_lab.compare import report  # draws figures, which cells on a cluster never need

            page = report.write(folder, study, results, manifest)
        durability.write_json(folder / "manifest.json", manifest)
        if packet:
            write_packet(Path(packet), folder, study, customers, at_hand)
    failed = int(results["status"].eq("failed").sum())
    return Outcome(folder, results, page, len(todo), len(cells) - len(todo), failed)


def cells_of(study: Study, customers: dict[str, Customers]) -> list[Cell]:
    """Every cell of a study, in order, with its key.

    Versions of packages are kept in the cell and not in its key: a patch of one of them keeps what is finished, and is told
    of. Criteria are kept apart inside the cell, so that a new one is added to finished cells.
    """
    engine = hashlib.sha256("".join(normalised(inspect.getsource(module)) for module in ENGINE).encode()).hexdigest()
    cells = []
    for name, whom in customers.items():
        data = whom.fingerprint
        for method in study.methods:
            source = method.fingerprint
            for k in study.k if method.takes_k else (None,):
                for seed in study.seeds:
                    made_of = [data, source, method.name, k, seed, asdict(study.effort), engine]
                    key = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:24]
                    cells.append(Cell(name, method, k, seed, key))
    return cells


def run_cell(
    cell: Cell, customers: Customers, criteria: tuple[Criterion, ...], effort: Effort, before: dict | None
) -> tuple[str, dict]:
    """The key and record of one cell: every criterion it lacks, on one segmentation whose fits they share.

    Its random numbers come from its place in the study, so they are the same in any process, order and release.
    """
    before = before or {}
    record = {"cell": cell.coordinates, "criteria": dict(before.get("criteria", {})), "versions": _versions()}
    place = json.dumps(cell.coordinates, sort_keys=True)
    seed = int(hashlib.sha256(place.encode()).hexdigest()[:8], 16)
    began, segments, problem = time.perf_counter(), None, None
    most_held(forget=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of third parties, about convergence; what fails becomes a row
        try:
            segments = Segmentation(cell.method, cell.k, customers, seed, effort, split_seed=cell.seed)
        except NotApplicable as reason:
            problem = {"status": "not applicable", "reason": str(reason)}
        for criterion in criteria:
            if not _current(record, criterion):
                found = problem or _judged(criterion, segments)
                record["criteria"][criterion.name] = found | {"fingerprint": criterion.fingerprint}
    seconds = round(before.get("seconds", 0.0) + time.perf_counter() - began, 3)
    held = max(before.get("memory_mb") or 0.0, most_held())
    return cell.key, record | {"seconds": seconds, "memory_mb": held, "host": platform.node()}


def most_held(forget: bool = False) -> float:
    """The most memory this process has held, in megabytes; where the system can forget it (Linux), since it last did."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    if forget:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(held / (1024**2 if sys.platform == "darwin" else 1024), 1)


def _versions() -> dict[str, str]:
    return {"idic-lab": __version__} | {package: version(package) for package in PACKAGES}


def _judged(criterion: Criterion, segments: Segmentation) -> dict:
    try:
        score = criterion(segments)
    except NotApplicable as reason:
        return {"status": "not applicable", "reason": str(reason)}
    except Exception as error:  # a cell that fails is a result of the study, not its end
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = "" if isinstance(error, LabError) else f" ({Path(where.filename).name}, line {where.lineno})"
        return {"status": "failed", "reason": f"{type(error).__name__}: {error}{place}"[:500]}
    wrong = [name for name, value in score.numbers.items() if not np.isfinite(value)]
    if wrong:
        return {"status": "failed", "reason": f"{', '.join(wrong)} is not a finite number."}
    return {"status": "ok", "numbers": score.numbers, "extra": score.extra}


def _execute(
    todo: list[Cell], customers, study: Study, finished: dict, jobs: int, scheduler: str | None
) -> Iterator[tuple[str, dict]]:
    """Finished cells with their keys, as they come."""
    # Of a study that was killed, nothing goes on computing, also when it was killed before its workers were ready.
    here = {"backend": "loky", "initializer": durability.watch_parent, "initargs": (os.getpid(),), "n_jobs": jobs}
    with _cluster(scheduler, customers) if scheduler else joblib.parallel_config(**here):
        yield from joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")(
            joblib.delayed(run_cell)(
                cell, customers[cell.dataset], study.criteria, study.effort, finished.get(cell.key)
            )
            for cell in todo
        )


@contextlib.contextmanager
def _cluster(scheduler: str, customers) -> Iterator[None]:
    distributed = needs_extra("distributed", "dask")
    try:
        client = distributed.Client(scheduler, timeout="10s")
    except OSError:
        raise LabError(f"No Dask scheduler answers at {scheduler}.") from None
    with client, joblib.parallel_config("dask", client=client, scatter=list(customers.values())):
        yield


def _current(record: dict, criterion: Criterion) -> bool:
    known = record.get("criteria", {}).get(criterion.name, {})
    return known.get("fingerprint") == criterion.fingerprint and known.get("status") != "failed"


def _other_versions(records) -> Iterator[str]:
    """What to say of cells that were computed with other versions of the packages."""
    now, known = _versions(), [(record or {}).get("versions") or {} for record in records]
    other = Counter(pair for versions in known for pair in versions.items() if now.get(pair[0]) != pair[1])
    for (package, number), cells in other.items():
        yield f"{cells} finished cells were computed with {package} {number}, not {now.get(package)}; --fresh makes them anew."


def _manifest(study: Study, customers, command: str, seconds: float, computed: int, cells: list[Cell]) -> dict:
    return {
        "study": study.name,
        "status": "complete",
        "about": study.about,
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": command,
        "seconds": round(seconds, 1),
        "cells": len(cells),
        "cells computed in this call": computed,
        "k": list(study.k),
        "seeds": list(study.seeds),
        "effort": asdict(study.effort),
        "datasets": {
            name: whom.facts | {"fingerprint of what methods saw": whom.fingerprint} for name, whom in customers.items()
        },
        "methods": {method.name: method.fingerprint[:16] for method in study.methods},
        "criteria": {criterion.name: criterion.fingerprint[:16] for criterion in study.criteria},
        "versions": {"python": platform.python_version()} | _versions(),
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "yaml": study.text,
        "modules": study.modules,
    }
