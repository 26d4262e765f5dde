"""Running the course on a data set: every notebook it can feed, in order, into one run folder."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import nbformat

from idic_lab import databases, datasets, history, pipeline, tables
from idic_lab.course import kernels, periodic, report
from idic_lab.course import manifest as manifests
from idic_lab.course import notebooks as course_notebooks
from idic_lab.course.lab import CARD_FILE, HEADLINE, REPOSITORY_FILE, gather
from idic_lab.errors import DataError, RepositoryError
from idic_lab.repository import Repository

# Inside a run folder notebooks are executed in its own subfolder, so that this relative path, and no path of the
# machine, is what an executed notebook shows.
_RUN_DIR_SEEN_FROM_NOTEBOOK = ".."


@dataclass
class Run:
    """What a run left behind.

    Attributes
    ----------
    folder : Path
    done, kept : list of str
        Notebooks executed now, and those kept from an earlier call.
    skipped : dict of str to str
        Notebook to reason.
    failed : str or None
        The notebook that failed; later ones were not tried.
    error : str
        What went wrong in it, for a person.
    """

    folder: Path
    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: str | None = None
    error: str = ""


def run(
    dataset: str | Path | datasets.Dataset,
    out: str | Path | None = None,
    only: str | None = None,
    parameters: dict[str, object] | None = None,
    columns: dict[str, str] | None = None,
    fresh: bool = False,
    tell: Callable[[str], None] = print,
    progress: bool = False,
    every: str | None = None,
) -> Run:
    """Execute the notebooks a data set can feed.

    Parameters
    ----------
    dataset : str, Path or Dataset
        A data set's name, a file, or one already loaded.
    out : path, optional
        Folder of the run; ``runs/<name of the data set>`` in the current folder unless given.
    only : str, optional
        Comma-separated notebook numbers; tables of earlier notebooks are made as needed.
    parameters : dict, optional
        Values for the notebooks' parameters; a name that none of them takes is refused.
    columns : dict, optional
        Which header of the file holds which role, where it is not recognised.
    fresh : bool
        Begin again, keeping nothing of an earlier call.
    tell : callable
        Receives one line per step.
    progress : bool
        Show papermill's bar over the cells.
    every : {"week", "month", "quarter"}, optional
        Replay the history review by review before the notebooks are executed, so that they have a past to read.

    Returns
    -------
    Run

    Raises
    ------
    idic_lab.errors.LabError
        Before anything is executed: unknown names, unreadable data, a folder in use.
    """
    stages = course_notebooks.select(only)
    parameters = dict(parameters or {})
    course_notebooks.check_parameters(parameters, stages)
    if not isinstance(dataset, datasets.Dataset):
        tell(f"Loading {Path(str(dataset)).name} ...")
        dataset = datasets.load(dataset, columns=columns, quiet=True)
    tell(str(dataset.card))
    if every:
        history.review_dates(dataset.transactions, every)  # refuses before anything is written
    usual = dataset.name + (f"_every_{every}" if every else "")
    folder = Path(out) if out else Path("runs") / _folder_name(usual)
    _prepare(folder, fresh)
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        with lock:
            return _run_locked(dataset, folder, stages, parameters, tell, progress, every)
    except filelock.Timeout:
        raise RepositoryError(
            f"Another run is working in '{folder}'. Wait for it, or choose another --out."
        ) from None


def _run_locked(dataset, folder: Path, stages, parameters, tell, progress, every=None) -> Run:
    result = Run(folder)
    planned = pipeline.plan(name for name, data in dataset.tables.items() if len(data))
    result.skipped = {
        p.stage.notebook: _why_skipped(p.lacks) for p in planned if p.lacks and p.stage in stages
    }
    feasible = [p.stage for p in planned if not p.lacks]
    runnable = [stage for stage in feasible if stage in stages]
    base = manifests.base(dataset.card.fingerprint, parameters | ({"every": every} if every else {}))
    wanted = manifests.keys(feasible, base)
    before = manifests.read(folder)
    if before.get("base") != base:
        _forget(folder)
        before = {"notebooks": {}}
    record = {
        "status": "running",
        "dataset": dataset.name,
        "fingerprint": dataset.card.fingerprint,
        "parameters": parameters,
        "versions": manifests.versions(),
        "base": base,
        "notebooks": {
            name: entry
            for name, entry in before["notebooks"].items()
            if entry.get("status") == "done" and entry.get("key") == wanted.get(name)
        },
        "skipped": result.skipped,
    }
    manifests.write_json(folder / manifests.FILE, record)
    if not (folder / CARD_FILE).exists():
        gather(dataset, Repository(folder / REPOSITORY_FILE))
        manifests.write_json(folder / CARD_FILE, dataset.card.to_dict())
    if every:
        periodic.replay(dataset, Repository(folder / REPOSITORY_FILE), every, tell)

    for position, stage in enumerate(runnable, start=1):
        name, label = stage.notebook, f"[{position}/{len(runnable)}] {stage.notebook}"
        if name in record["notebooks"] and (folder / "notebooks" / f"{name}.ipynb").exists():
            result.kept.append(name)
            tell(f"{label}: kept from the last call")
            continue
        tell(f"{label} ...")
        began = time.monotonic()
        try:
            _execute(stage, dataset, folder, parameters, progress)
        except _NotebookFailed as failure:
            result.failed, result.error = name, str(failure)
            record["notebooks"][name] = {"status": "failed", "error": str(failure)}
            tell(f"{label}: failed")
            break
        except KeyboardInterrupt:
            record["status"] = "interrupted"
            manifests.write_json(folder / manifests.FILE, record)
            raise
        seconds = round(time.monotonic() - began, 1)
        record["notebooks"][name] = {"status": "done", "seconds": seconds, "key": wanted[name]}
        manifests.write_json(folder / manifests.FILE, record)
        result.done.append(name)
        tell(f"{label}: done in {seconds} s")
    for name, reason in result.skipped.items():
        tell(f"{name}: skipped, {reason}")
    _publish(dataset, folder, record, result)
    return result


def _publish(dataset, folder: Path, record: dict, result: Run) -> None:
    """Tables, results and report; the manifest says 'complete' only when all of them stand."""
    _export_tables(folder)
    executed = {
        stage.notebook: nbformat.read(folder / "notebooks" / f"{stage.notebook}.ipynb", as_version=4)
        for stage in pipeline.STAGES
        if record["notebooks"].get(stage.notebook, {}).get("status") == "done"
    }
    manifests.write_json(
        folder / "results.json",
        {name: report.headlines(notebook, HEADLINE) for name, notebook in executed.items()},
    )
    record["status"] = "failed" if result.failed else "complete"
    report.write(folder, dataset.card, executed, record, HEADLINE)
    manifests.write_json(folder / manifests.FILE, record)


class _NotebookFailed(Exception):
    pass


def _execute(stage: pipeline.Stage, dataset, folder: Path, parameters: dict, progress: bool) -> None:
    """Execute one notebook into the run folder; what stands there under its own name is always a whole execution."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    target = folder / "notebooks" / f"{stage.notebook}.ipynb"
    partial = target.with_name(f"{stage.notebook}.partial.ipynb")
    takes = course_notebooks.parameters_of(stage)
    values = {
        "dataset": dataset.name,
        "run_dir": _RUN_DIR_SEEN_FROM_NOTEBOOK,
        **{name: value for name, value in parameters.items() if name in takes},
    }
    target.unlink(missing_ok=True)
    try:
        with course_notebooks.quiet("papermill"):
            papermill.execute_notebook(
                str(course_notebooks.path_of(stage)),
                str(partial),
                parameters=values,
                cwd=str(target.parent),
                progress_bar=progress,
                config=kernels.configuration(),
                extra_arguments=kernels.ARGUMENTS,
                **kernels.PATIENCE,
            )
    except PapermillExecutionError as error:
        message = re.sub(r"\x1b\[[0-9;]*m", "", f"{error.ename}: {error.evalue}")
        raise _NotebookFailed(
            f"{message}\n(cell {error.exec_count} of {stage.notebook}; its partial execution is in "
            f"notebooks/{partial.name})"
        ) from None
    notebook = nbformat.read(partial, as_version=4)
    notebook.metadata.pop("papermill", None)  # holds paths of the machine and times
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, partial)
    os.replace(partial, target)


def _why_skipped(lacks: tuple[str, ...]) -> str:
    plural = "s" if len(lacks) > 1 else ""
    return f"the data set has no table{plural} {', '.join(lacks)}, and none can be made from what it has"


def _prepare(folder: Path, fresh: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"'{folder}' is a file; a run needs a folder.")
    if folder.exists() and any(folder.iterdir()) and not _is_run_folder(folder):
        raise DataError(
            f"'{folder}' holds other things than a run; choose an empty or new folder with --out."
        )
    try:
        if fresh and folder.exists():
            shutil.rmtree(folder)
        (folder / "notebooks").mkdir(parents=True, exist_ok=True)
        (folder / "tables").mkdir(exist_ok=True)
    except OSError as error:
        raise DataError(f"The run folder '{folder}' cannot be made: {error.strerror}.") from None


def _is_run_folder(folder: Path) -> bool:
    """Whether a folder holds a run and nothing else, so that it may be written into, or removed."""
    held = {path.name.removesuffix(".partial") for path in folder.iterdir()}
    ours = {
        manifests.FILE,
        CARD_FILE,
        REPOSITORY_FILE,
        REPOSITORY_FILE + ".wal",
        "results.json",
        "report.html",
        ".lock",
    }
    return bool(held & {manifests.FILE, ".lock"}) and held <= ours | {"notebooks", "tables"}


def _forget(folder: Path) -> None:
    """Other data, parameters or code than last time: nothing of what was made then may be taken for this run's."""
    for name in (REPOSITORY_FILE, REPOSITORY_FILE + ".wal", CARD_FILE, "results.json", "report.html"):
        (folder / name).unlink(missing_ok=True)
    for made in [*folder.glob("notebooks/*"), *folder.glob("tables/*")]:
        made.unlink()


def _export_tables(folder: Path) -> None:
    """Every table that may be shared, as Parquet, straight from the repository."""
    path = folder / REPOSITORY_FILE
    with databases.connect(path, read_only=True) as connection:
        for name in Repository(path).names():
            if not tables.get(name).personal:
                partial = folder / "tables" / f"{name}.parquet.partial"
                connection.execute(
                    f"COPY \"{name}\" TO '{str(partial).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
                )
                os.replace(partial, folder / "tables" / f"{name}.parquet")


def _folder_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "run"
