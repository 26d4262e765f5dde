"""Running the course on a data set: every notebook it can feed, in order, into one run folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from idic_lab import datasets
from idic_lab.course.large import all_customers
from idic_lab.course.pages import report
from idic_lab.course.runs import manifest as manifests
from idic_lab.course.runs import notebooks as course_notebooks
from idic_lab.course.runs import periodic, run_folder
from idic_lab.course.runs.execution import NotebookFailed, execute
from idic_lab.durability import whole_files
from idic_lab.errors import LabError
from idic_lab.notebook.lab import CARD_FILE, HEADLINE, REPOSITORY_FILE, gather
from idic_lab.pipeline import reviews
from idic_lab.pipeline import stages as pipeline
from idic_lab.repository import Repository, pseudonyms


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
    large: bool | None = None,
    options: all_customers.Options = all_customers.USUAL,
    coded: bool | None = None,
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
    large : bool, optional
        Whether Parquet is read in parts and never whole: the tables of all customers are then made in the engine, and the
        notebooks see a random sample of customers. By default this is so above five million rows.
    options : all_customers.Options
        Size and seed of that sample, and the engine's memory.
    coded : bool, optional
        Show customers by codes. By default in files of one's own that name them by name, e-mail or telephone.

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
    source = all_customers.source_of(dataset, large)
    if source is None:
        if not isinstance(dataset, datasets.Dataset):
            tell(f"Loading {Path(str(dataset)).name} ...")
            dataset = datasets.load(dataset, columns=columns, quiet=True)
        tell(str(dataset.card))
        if every:
            reviews.review_dates(dataset.transactions, every)  # refuses before anything is written
    usual = (source or dataset).name + (f"_every_{every}" if every else "")
    folder = Path(out) if out else Path("runs") / run_folder.usual_name(usual)
    with run_folder.in_use(folder, fresh):
        if source is not None:
            if coded:
                raise LabError(
                    "Codes for customers are not made in a run on large data: give --no-large as well."
                )
            forgotten = Repository(folder / REPOSITORY_FILE).forgotten()
            dataset = all_customers.make(
                source, folder, columns, options, parameters, tell, progress, forgotten
            )
            tell(str(dataset.card))
        everybody = all_customers.record(folder) if source is not None else None
        return _run_locked(dataset, folder, stages, parameters, tell, progress, every, everybody, coded)


def _run_locked(
    dataset, folder: Path, stages, parameters, tell, progress, every=None, everybody=None, coded=None
) -> Run:
    result = Run(folder)
    planned = pipeline.plan(name for name, data in dataset.tables.items() if len(data))
    result.skipped = {
        p.stage.notebook: _why_skipped(p.lacks) for p in planned if p.lacks and p.stage in stages
    }
    feasible = [p.stage for p in planned if not p.lacks]
    runnable = [stage for stage in feasible if stage in stages]
    sample = {"sample": [everybody["sampled"], everybody["seed"]]} if everybody else {}
    depends_on = parameters | ({"every": every} if every else {}) | sample
    depends_on |= {} if coded is None else {"pseudonyms": coded}
    base = manifests.base(dataset.card.fingerprint, depends_on)
    wanted = manifests.keys(feasible, base)
    record = {
        "status": "running",
        "dataset": dataset.name,
        "fingerprint": dataset.card.fingerprint,
        "parameters": parameters,
        "versions": manifests.versions(),
        "base": base,
        "notebooks": _to_keep(folder, base, wanted, tell, everybody is not None),
        "skipped": result.skipped,
    } | ({"all_customers": everybody} if everybody else {})
    whole_files.write_json(folder / manifests.FILE, record)
    try:
        dataset = pseudonyms.protect(dataset, Repository(folder / REPOSITORY_FILE), coded)
        if not (folder / CARD_FILE).exists():
            gather(dataset, Repository(folder / REPOSITORY_FILE))
            whole_files.write_json(folder / CARD_FILE, dataset.card.to_dict())
        if every:
            periodic.replay(dataset, Repository(folder / REPOSITORY_FILE), every, tell)
        _execute_all(runnable, wanted, dataset, folder, record, result, tell, progress)
        for name, reason in result.skipped.items():
            tell(f"{name}: skipped, {reason}")
        _publish(dataset, folder, record, result)
    except KeyboardInterrupt:
        record["status"] = "interrupted"
        whole_files.write_json(folder / manifests.FILE, record)
        raise
    return result


def _to_keep(folder: Path, base: str, wanted: dict[str, str], tell, large: bool) -> dict[str, dict]:
    """The notebooks of an earlier call that need not be executed again; of another run, or a damaged one, none."""
    before, wrong = manifests.read(folder), run_folder.damage(folder)
    if before["status"] == "damaged":
        wrong = f"{manifests.FILE} is damaged"
    if wrong:
        tell(f"{wrong}, so nothing of the earlier call can be relied on: everything is made anew.")
    if wrong or before.get("base") != base:
        # Other data, parameters or code: none of it may be taken for this run's. Tables of all customers know by themselves.
        run_folder.empty(folder, keep={run_folder.ALL_CUSTOMERS} if large else set())
        return {}
    keep = {}
    for name, entry in before["notebooks"].items():
        if entry.get("status") != "done" or entry.get("key") != wanted.get(name):
            continue
        if run_folder.executed(folder, name) is None:
            tell(f"notebooks/{name}.ipynb is missing or damaged: executed anew when it is asked for.")
        else:
            keep[name] = entry
    return keep


def _execute_all(runnable, wanted, dataset, folder: Path, record, result: Run, tell, progress) -> None:
    """Execute what is not kept, in order, until one fails; the manifest tells each one's end."""
    for position, stage in enumerate(runnable, start=1):
        name, label = stage.notebook, f"[{position}/{len(runnable)}] {stage.notebook}"
        if name in record["notebooks"]:
            result.kept.append(name)
            tell(f"{label}: kept from the last call")
            continue
        tell(f"{label} ...")
        began = time.monotonic()
        try:
            execute(stage, dataset.name, folder, parameters=record["parameters"], progress=progress)
        except NotebookFailed as failure:
            result.failed, result.error = name, str(failure)
            record["notebooks"][name] = {"status": "failed", "error": str(failure)}
            tell(f"{label}: failed")
            return
        seconds = round(time.monotonic() - began, 1)
        record["notebooks"][name] = {"status": "done", "seconds": seconds, "key": wanted[name]}
        whole_files.write_json(folder / manifests.FILE, record)
        result.done.append(name)
        tell(f"{label}: done in {seconds} s")


def _publish(dataset, folder: Path, record: dict, result: Run) -> None:
    """Tables, results and report; the manifest says 'complete' only when all of them stand."""
    run_folder.export_tables(folder)
    executed = {
        stage.notebook: run_folder.executed(folder, stage.notebook)
        for stage in pipeline.STAGES
        if record["notebooks"].get(stage.notebook, {}).get("status") == "done"
    }
    whole_files.write_json(
        folder / "results.json",
        {name: report.headlines(notebook, HEADLINE) for name, notebook in executed.items()},
    )
    record["status"] = "failed" if result.failed else "complete"
    report.write(folder, dataset.card, executed, record, HEADLINE)
    whole_files.write_json(folder / manifests.FILE, record)


def _why_skipped(lacks: tuple[str, ...]) -> str:
    plural = "s" if len(lacks) > 1 else ""
    return f"the data set has no table{plural} {', '.join(lacks)}, and none can be made from what it has"
