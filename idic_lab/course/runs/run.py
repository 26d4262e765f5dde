"""Running the course on a data set: every notebook it can feed, into one run folder, side by side where tables allow."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from idic_lab import datasets, durability
from idic_lab.course.pages import report
from idic_lab.course.runs import kernels, large_run, notebooks, run_folder
from idic_lab.course.runs.execution import Console, NotebookFailed, execute
from idic_lab.course.runs.run_folder import Executed, Manifest
from idic_lab.errors import LabError
from idic_lab.notebook.lab import gather
from idic_lab.pipeline import reviews
from idic_lab.pipeline.stages import Stage, plan, waits_for
from idic_lab.repository import CARD_FILE, REPOSITORY_FILE, Repository, kept_tables, pseudonyms

MONEY = {"customer_value"}  # tables that say what a customer is worth
JOBS = 2  # notebooks at once: more cores than two shorten a run little, since most notebooks wait for an earlier one


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    folder: Path
    skipped: dict[str, str]  # notebook to reason
    done: list[str]  # notebooks executed now
    kept: list[str]  # those of an earlier call
    failed: dict[str, str]  # notebook to what went wrong in it, for a person
    not_reached: dict[str, str]  # notebook to the failed one that it depends on


@dataclass(frozen=True)
class Plan:
    """What a run will do."""

    stages: list[Stage]  # those asked for that the data can feed, in the order of the course
    waits: dict[str, set[str]]  # notebook to all that must have ended before it
    keys: dict[str, str]  # notebook to the hash of all it depends on
    base: str  # the hash of what all of them depend on
    skipped: dict[str, str]  # those asked for that the data cannot feed, with the reason


def planned(dataset: datasets.Dataset, chosen: list[Stage], depends_on: dict[str, object]) -> Plan:
    """The plan for a data set, the stages asked for, and what else results depend on."""
    missing, taught = dataset.card.missing, notebooks.taught()
    # Where rows were counted for want of amounts, nothing is made of what a customer is worth.
    worthless = MONEY if "amount" in missing else set()
    shut = [stage for stage in taught if worthless & {made.table for made in stage.makes}]
    at_hand = (name for name, data in dataset.tables.items() if len(data))
    parts = plan(at_hand, [stage for stage in taught if stage not in shut])
    feasible = [part.stage for part in parts if not part.lacks]
    reasons = {part.stage: _why_skipped(part.lacks, missing) for part in parts if part.lacks}
    reasons |= dict.fromkeys(shut, "it needs amounts, and the data have none")
    stages = [stage for stage in feasible if stage in chosen]
    waits: dict[str, set[str]] = {}
    for notebook, others in waits_for(stages).items():  # in the order of the course
        waits[notebook] = others.union(*(waits[other] for other in others))
    base = run_folder.base_key(dataset.card.fingerprint, depends_on)
    skipped = {stage.notebook: reason for stage, reason in reasons.items() if stage in chosen}
    return Plan(stages, waits, run_folder.keys(feasible, base), base, skipped)


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
    options: large_run.Options = large_run.USUAL,
    coded: bool | None = None,
    jobs: int | None = None,
    reading: dict[str, object] | None = None,
) -> Run:
    """Execute the notebooks a data set can feed.

    Parameters:
        out: Folder of the run; ``runs/<name of the data set>`` in the current folder unless given.
        only: Comma-separated notebook numbers; tables of earlier notebooks are made as needed.
        columns: Which header of the file holds which role, where it is not recognised.
        every ({"week", "month", "quarter"}, optional): Replay the history review by review before the notebooks are
            executed, so that they have a past to read.
        large: Whether Parquet is read in parts and never whole: the tables of all customers are then made in the
            engine, and the notebooks see a random sample of customers. By default this is so above five million rows.
        options: Size and seed of that sample, and the engine's memory.
        coded: Show customers by codes. By default in files of one's own that name them by name, e-mail or telephone.
        jobs: Notebooks executed side by side; two unless there is one core only. The results are the same.
        reading: Further options of :func:`idic_lab.datasets.load`, such as ``sheet``.
    """
    chosen, parameters, console = notebooks.select(only), dict(parameters or {}), Console(tell, progress)
    notebooks.check_parameters(parameters, chosen)
    source = large_run.source_of(dataset, large)
    reading = reading or {}
    if source is not None and reading:
        raise LabError(f"{', '.join(reading)}: of files that are loaded only; give --no-large as well.")
    if source is None:
        if not isinstance(dataset, datasets.Dataset):
            console.say(f"Loading {Path(str(dataset)).name} ...")
            dataset = datasets.load(dataset, columns=columns, quiet=True, **reading)
        console.say(str(dataset.card))
        if every:
            reviews.review_dates(dataset.transactions, every)  # refuses before anything is written
    usual = (source or dataset).name + (f"_every_{every}" if every else "")
    folder = Path(out) if out else Path("runs") / run_folder.usual_name(usual)
    depends_on = parameters | {"every": every, "pseudonyms": coded, "reading": reading or None}
    with run_folder.in_use(folder, fresh):
        state = Manifest("running", parameters=parameters, versions=kept_tables.versions())
        if source is not None:
            dataset = large_run.make(source, folder, columns, options, parameters, console, coded)
            console.say(str(dataset.card))
            state.all_customers = large_run.record(folder)
            depends_on["sample"] = [state.all_customers["sampled"], state.all_customers["seed"]]
        state.dataset, state.fingerprint = dataset.name, dataset.card.fingerprint
        hands = jobs or min(JOBS, os.cpu_count() or 1)
        work = _Work(folder, planned(dataset, chosen, depends_on), state, console, hands)
        try:
            work.begin(dataset, every, coded if source is None else False)  # a sample bears the codes of all
            work.execute()
            return work.publish()
        except KeyboardInterrupt:
            state.write(folder, "interrupted")
            raise


class _Work:
    """One run, from what an earlier call left to the report."""

    def __init__(self, folder: Path, plan: Plan, state: Manifest, console: Console, jobs: int):
        self.folder, self.plan, self.state, self.console, self.jobs = folder, plan, state, console, jobs

    def begin(self, dataset: datasets.Dataset, every: str | None, coded: bool | None) -> None:
        """Keep what can be kept, and have the tables of the data set in the repository."""
        state = self.state
        state.base, state.skipped = self.plan.base, self.plan.skipped
        state.notebooks = self._to_keep()
        self.kept = {*state.done}
        state.write(self.folder)
        repository = Repository(self.folder / REPOSITORY_FILE)
        dataset = pseudonyms.protect(dataset, repository, coded)
        if not (self.folder / CARD_FILE).exists():
            gather(dataset, repository)
            durability.write_json(self.folder / CARD_FILE, dataset.card.to_dict())
        self.card = dataset.card
        if every:
            reviews.replay(dataset, repository, every, self.console.say)

    def _to_keep(self) -> dict[str, Executed]:
        """The notebooks of an earlier call that need not be executed again; of another run, or a damaged one, none."""
        before, wrong = run_folder.read(self.folder), run_folder.damage(self.folder)
        if before.status == "damaged":
            wrong = f"{run_folder.MANIFEST} is damaged"
        if wrong:
            self.console.say(f"{wrong}, so nothing of the earlier call can be relied on: everything is made anew.")
        if wrong or before.base != self.plan.base:
            # Other data, parameters or code: none of it may be taken for this run's. Tables of all customers know by themselves.
            run_folder.empty(self.folder, keep={run_folder.ALL_CUSTOMERS} if self.state.all_customers else set())
            return {}
        keys, held = self.plan.keys, before.notebooks.items()
        keep = {name: entry for name, entry in held if entry.done and entry.key == keys.get(name)}
        for name in [name for name in keep if run_folder.executed(self.folder, name) is None]:
            self.console.say(f"notebooks/{name}.ipynb is missing or damaged: executed anew when it is asked for.")
            del keep[name]
        return keep

    def execute(self) -> None:
        """Execute what is not kept, each when those it waits for have ended; the manifest tells each one's end."""
        waiting = Counter(other for others in self.plan.waits.values() for other in others)
        wanted = []
        # The most urgent first; of those nobody waits for the last of the course, since its comparisons take longest.
        for stage in sorted(reversed(self.plan.stages), key=lambda stage: -waiting[stage.notebook]):
            if stage.notebook in self.kept:
                self._say(stage, ": kept from the last call")
            else:
                wanted.append(stage)
        self.expected = self.kept.union(stage.notebook for stage in wanted)  # beside each other in the end
        if not wanted:
            return
        with (
            self.console.over_cells(sum(len(notebooks.sources_of(stage)) for stage in wanted)),
            kernels.warm(notebooks.code_of(wanted)),
            ThreadPoolExecutor(self.jobs) as pool,
            ThreadPoolExecutor(1) as pages,
        ):
            running: dict[Future, Stage] = {}
            made: list[Future] = []
            try:
                while wanted or running:
                    unfinished = {stage.notebook for stage in (*wanted, *running.values())}
                    free = [stage for stage in wanted if not self.plan.waits[stage.notebook] & unfinished]
                    for stage in free[: self.jobs - len(running)]:
                        wanted.remove(stage)
                        self._say(stage, " ...")
                        running[pool.submit(execute, stage, self.state, self.folder, self.console)] = stage
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        stage = running.pop(future)
                        if self._ended(stage, future):  # its page is made while others are executed
                            made.append(pages.submit(report.make_page, self.folder, stage.notebook, self.expected))
                    for stage in tuple(wanted):
                        if culprits := self.plan.waits[stage.notebook] & self.state.failed.keys():
                            self.state.not_reached[stage.notebook] = min(culprits)
                            wanted.remove(stage)
                for page in made:
                    page.result()  # or what kept it from being written
            except BaseException:
                while wait(running, timeout=0.1).not_done:
                    kernels.end_all()
                raise

    def _ended(self, stage: Stage, future: Future) -> bool:
        name = stage.notebook
        try:
            self.state.notebooks[name] = Executed("done", future.result(), self.plan.keys[name])
            self._say(stage, f": done in {future.result()} s")
        except NotebookFailed as failure:
            self.state.notebooks[name] = Executed("failed", error=str(failure))
            self._say(stage, ": failed")
        self.state.write(self.folder)
        return self.state.notebooks[name].done

    def _say(self, stage: Stage, what: str) -> None:
        stages = self.plan.stages
        self.console.say(f"[{stages.index(stage) + 1}/{len(stages)}] {stage.notebook}{what}")

    def publish(self) -> Run:
        """Tables, results and report; the manifest says 'complete' only when all of them stand."""
        state = self.state
        for name, reason in state.skipped.items():
            self.console.say(f"{name}: skipped, {reason}")
        for name, culprit in state.not_reached.items():
            self.console.say(f"{name}: not reached, since {culprit} failed")
        run_folder.export_tables(self.folder)
        done = sorted({*state.done} - self.kept)  # in the order of the course, whichever ended first
        # A page made on the way leads to notebooks that were still to come: when one of them failed, it is made anew.
        report.publish(self.folder, self.card, state, done if self.expected == {*state.done} else ())
        state.write(self.folder, "failed" if state.failed else "complete")
        kept = [stage.notebook for stage in self.plan.stages if stage.notebook in self.kept]
        return Run(self.folder, state.skipped, done, kept, state.failed, state.not_reached)


def _why_skipped(lacks: tuple[str, ...], missing: dict[str, str]) -> str:
    told = "".join(f"; {table}: {missing[table]}" for table in lacks if table in missing)
    named = f"table{'s' if len(lacks) > 1 else ''} {', '.join(lacks)}"
    return f"the data set has no {named}, and none can be made from what it has{told}"
