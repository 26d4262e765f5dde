"""The command line: ``idic-lab run | audit | compare | course | datasets | exercises | shop | forget | find``."""

import contextlib
import errno
import functools
import inspect
import shlex
import signal
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from idic_lab import __version__, shipped
from idic_lab.errors import COMMAND_LINE, LabError, existing

_group = functools.partial(typer.Typer, no_args_is_help=True, rich_markup_mode=None)
app = _group(
    help="Run the IDIC course on a data set, manage data sets.", add_completion=False, pretty_exceptions_enable=False
)
datasets_app = _group(help="List, show and add data sets.")
exercises_app = _group(help="Check the exercises, grade a class, read the item statistics.")
shop_app = _group(help="Act in Meridian, a shop that answers: play a policy, see how plans stand, rank a class.")
for name, group in {"datasets": datasets_app, "exercises": exercises_app, "shop": shop_app}.items():
    app.add_typer(group, name=name)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"idic-lab {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass


# How a file of one's own is to be read, where it cannot be found out; as options of each command that reads one.
Columns = Annotated[str | None, Option(help='Headers by role, as in customer_id="Contact Name",amount=Total.')]
_READING = {
    "sheet": Annotated[str | None, Option(help="Worksheet of a workbook.")],
    "encoding": Annotated[str | None, Option(help="Of a text file, as in cp1252.")],
    "separator": Annotated[str | None, Option(help="Of the columns of a text file.")],
    "decimal": Annotated[str | None, Option(help="Mark of the decimals: a point or a comma.")],
    "date_format": Annotated[str | None, Option(help="Of the dates, as in %d.%m.%Y.")],
    "dayfirst": Annotated[bool | None, Option("--dayfirst/--no-dayfirst", help="Whether 03/04/2011 is in April.")],
    "sql": Annotated[str | None, Option(help="A query of DuckDB over the file, which is the table data in it.")],
    "today": Annotated[str | None, Option(help="Rows after this day are rejected.")],
    "sales": Annotated[str | None, Option(help="Words of the status that are sales, as in Paid,Sent.")],
}


def _reads_a_file(command: Callable) -> Callable:
    """Give a command the options above; it is handed those that were said as `reading`."""

    @functools.wraps(command)
    def with_options(**given):
        said = {name: given.pop(name) for name in _READING}
        return command(**given, reading={name: value for name, value in said.items() if value is not None})

    *own, _ = inspect.signature(command).parameters.values()  # the last is `reading`
    option = functools.partial(inspect.Parameter, kind=inspect.Parameter.KEYWORD_ONLY, default=None)
    own += [option(name, annotation=kind) for name, kind in _READING.items()]
    with_options.__signature__ = inspect.Signature(own)
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in own}
    return with_options


@app.command()
@_reads_a_file
def run(
    dataset: Annotated[str | None, Argument(help="A data set: see 'idic-lab datasets list'.")] = None,
    data: Annotated[str | None, Option(help="A file of your own: CSV, Excel, Parquet or a folder of Parquet.")] = None,
    columns: Columns = None,
    out: Annotated[Path | None, Option(help="Folder of the run; runs/<data set> unless given.")] = None,
    only: Annotated[str | None, Option(help="Notebooks by number, as in 21,22.")] = None,
    parameter: Annotated[list[str] | None, Option("-p", "--parameter", help="name=value; repeatable.")] = None,
    fresh: Annotated[bool, Option(help="Begin again, keeping nothing of an earlier call.")] = False,
    jobs: Annotated[int | None, Option(min=1, help="Notebooks side by side; two unless there is one core.")] = None,
    every: Annotated[str | None, Option(help="First replay the history: a review a month, week or quarter.")] = None,
    large: Annotated[bool | None, Option(help="Read Parquet in parts; unless said, above five million rows.")] = None,
    sample: Annotated[int, Option(help="Of large data: customers that the notebooks see.", min=100)] = 20_000,
    memory: Annotated[float, Option(help="Of large data: GB that the engine may take.", min=0.5)] = 3.0,
    pseudonyms: Annotated[bool | None, Option(help="Show customers by codes; unless said, where named.")] = None,
    reading: dict | None = None,
) -> None:
    """Execute the notebooks a data set can feed, into one run folder with tables and a report."""
    if (dataset is None) == (data is None):
        raise LabError("Name either a data set, as in 'idic-lab run cdnow', or a file with --data.")
    from idic_lab.course.runs import notebooks
    from idic_lab.datasets.catalogue import check_name

    # What may be mistyped is looked at before the course is loaded, which takes seconds.
    check_name(dataset) if dataset is not None else existing(Path(data))
    parameters, chosen = dict(notebooks.parse_parameter(text) for text in parameter or []), notebooks.select(only)
    notebooks.check_parameters(parameters, chosen)
    typer.echo("Getting ready ...")
    from idic_lab.course.runs import kernels

    with kernels.warm(notebooks.code_of(chosen)):  # which loads beside what is loaded here
        from idic_lab.course.runs.large_run import Options
        from idic_lab.course.runs.run import run as run_course
        from idic_lab.datasets.own import words

        how = {"fresh": fresh, "jobs": jobs, "every": every, "large": large, "coded": pseudonyms, "reading": reading}
        how |= {"options": Options(sample=sample, memory=memory), "tell": typer.echo, "progress": sys.stderr.isatty()}
        headers = words.parse(columns) if columns else None
        result = run_course(dataset or Path(data), out, only, parameters, headers, **how)
    if result.failed:
        for name, error in result.failed.items():
            typer.echo(f"\n{name} failed.\n{error}", err=True)
        typer.echo("The same command executes it again, and what depends on it.", err=True)
        raise typer.Exit(1)
    typer.echo(f"\nReport: {result.folder / 'report.html'}")


def _of_a_run(folder: Path) -> Path:
    from idic_lab.repository import REPOSITORY_FILE

    return existing(folder, REPOSITORY_FILE)


RunFolder = Annotated[Path, Option("--run", callback=_of_a_run, help="Folder of the run, as in runs/meridian.")]
Customer = Annotated[str, Argument(help="The customer's number or code, or the name in your own data.")]


@app.command()
def forget(customer: Customer, run: RunFolder) -> None:
    """Remove a customer from a run: repository, exported tables, notebooks and report; totals stay."""
    typer.echo(f"Looking for the customer in {run} ...")
    from idic_lab.course.runs import forgetting

    typer.echo(str(forgetting.forget(run, customer)))


@app.command()
def find(customer: Customer, run: RunFolder) -> None:
    """Show which code stands for a customer, or whom a code stands for; the answer is personal."""
    from idic_lab.course.runs import forgetting

    code, original = forgetting.find(run, customer)
    typer.echo(f"{code} = {original}")


@app.command()
def compare(
    study: Annotated[Path, Argument(help="A study: a YAML file, as in studies/quick.yaml.")],
    jobs: Annotated[int, Option(help="Processes; -1 for one per core.")] = -1,
    scheduler: Annotated[str | None, Option(help="Address of a Dask cluster, as in tcp://10.0.0.1:8786.")] = None,
    out: Annotated[Path | None, Option(help="Folder of the results; runs/compare-<name> unless given.")] = None,
    resume: Annotated[bool, Option("--resume/--fresh", help="Keep earlier cells, or begin again.")] = True,
    packet: Annotated[Path | None, Option(help="Also an archive that rebuilds the table, as in mine.zip.")] = None,
) -> None:
    """Compare segmentations over data sets, numbers of segments and seeds, into one table and a report."""
    typer.echo("Getting ready ...")
    from idic_lab.compare import compare as run_study

    options = {"jobs": jobs, "scheduler": scheduler, "out": out, "packet": packet}
    given = [part for name, said in options.items() if said is not None for part in (f"--{name}", str(said))]
    command = shlex.join(["idic-lab", "compare", str(study), *given])
    watched = sys.stderr.isatty()
    outcome = run_study(study, **options, fresh=not resume, command=command, tell=typer.echo, progress=watched)
    typer.echo(f"\n{outcome.computed} cells computed, {outcome.reused} kept; {outcome.failed} values failed.")
    typer.echo(f"Report: {outcome.report}")
    if packet:
        typer.echo(f"Packet: {packet}")


@app.command()
@_reads_a_file
def audit(
    data: Annotated[str, Argument(help="A file of orders, or the name of a data set.")],
    html: Annotated[Path | None, Option(help="Write one page to print, as in audit.html.")] = None,
    columns: Columns = None,
    reading: dict | None = None,
) -> None:
    """Audit a customer base from its orders alone: five findings, each with an interval."""
    from idic_lab import datasets
    from idic_lab.differentiate import audit as customer_base

    loaded = datasets.load(data, columns, **reading)
    told = customer_base.base(loaded.transactions)
    for finding in customer_base.findings(told).itertuples():
        typer.echo(textwrap.fill(f"{finding.lens} {finding.sentence}", 100, subsequent_indent="  "))
    if short := customer_base.partial_periods(told):
        typer.echo(f"Cut short by the data: {', '.join(short)}.")
    if html:
        made = customer_base.page(told, f"Customer-base audit: {Path(data).stem}", loaded.currency)
        html.write_text(made, encoding="utf-8")
        typer.echo(f"Page: {html}")


@app.command()
def course(folder: Annotated[Path, Argument(help="A new folder, as in crm-course.")]) -> None:
    """Lay out notebooks, exercises and studies in a folder of your own, to work in."""
    from idic_lab.course.runs import notebooks

    notebooks.lay_out(folder)
    typer.echo(f"Now: jupyter lab {folder / 'notebooks' / '00_start_here.ipynb'}")


@datasets_app.command("list")
def list_datasets() -> None:
    """Show every data set, with its size and how to get it."""
    from idic_lab import datasets

    for entry in datasets.catalogue().rename(columns={"how to get it": "how_to_get"}).itertuples():
        typer.echo(f"{entry.name:<14}{entry.title}")
        at_hand = "at hand" if entry.available else f"not here yet: {entry.how_to_get}"
        told = textwrap.fill(f"{entry.kind}; {entry.size}; {at_hand}", 86)
        typer.echo(textwrap.indent(told, " " * 14))


@datasets_app.command("show")
@_reads_a_file
def show(
    name: Annotated[str, Argument(help="A data set's name, or a file.")],
    columns: Columns = None,
    reading: dict | None = None,
) -> None:
    """Load a data set and print its card."""
    from idic_lab import datasets

    datasets.load(name, columns, **reading)


@datasets_app.command("add")
def add(
    name: Annotated[str, Argument(help="The name to give it.")],
    path: Annotated[Path, Argument(help="The file, or the folder of Parquet files.")],
    columns: Columns = None,
) -> None:
    """Register a file of your own under a name."""
    from idic_lab import datasets
    from idic_lab.datasets.own import words

    datasets.add(name, path, columns=words.parse(columns) if columns else None)
    typer.echo(f"Added '{name}'. Now: idic-lab run {name}")


@datasets_app.command("simulate")
def simulate(
    n: Annotated[int, Option(help="How many people.")] = 2000,
    seed: Annotated[int, Option(help="The same seed gives the same data.")] = 1997,
    difficulty: Annotated[str, Option(help="easy, default or hard.")] = "default",
    world: Annotated[str, Option(help="friendly, or one that breaks an assumption, as in regular.")] = "friendly",
    out: Annotated[Path, Option(help="Folder for the tables, with a subfolder truth.")] = Path("meridian"),
) -> None:
    """Simulate Meridian, a retailer whose truth is known, and write its tables as Parquet."""
    from idic_lab import meridian

    watched = sys.stderr.isatty()
    meridian.simulate_to(out, n=n, seed=seed, difficulty=difficulty, world=world, format="parquet", progress=watched)
    typer.echo(f"Wrote the tables to {out}, and what was planted in them to its subfolder.")


Course = Annotated[Path | None, Option(help="The nbgrader course; exercises/ if it is there, else the package's.")]
Assignment = Annotated[str, Argument(help="The assignment, as in value.")]


def _course_folder(given: Path | None) -> Path:
    here = Path("exercises")
    return given or (here if (here / "nbgrader_config.py").exists() else shipped("exercises"))


def _course(given: Path | None):
    from idic_lab.exercises.course_folder import CourseFolder

    return CourseFolder(_course_folder(given))


@exercises_app.command("check")
def check_exercises(
    assignment: Annotated[list[str] | None, Argument(help="Assignments; all unless given.")] = None,
    course: Course = None,
    quick: Annotated[bool, Option("--quick", help="Leave nbgrader and its kernels out.")] = False,
) -> None:
    """Hold the exercises to what they promise: solutions, wrong answers, leaks, metadata."""
    from idic_lab.exercises.course_checks import check_course

    if not check_course(_course(course), assignment or (), not quick, tell=typer.echo):
        raise typer.Exit(1)


@exercises_app.command("export-questions")
def export_questions(file: Annotated[Path, Argument(help="To write: .xml for Moodle, .zip for QTI 2.1.")]) -> None:
    """Write the questions of the notebooks for a learning platform."""
    from idic_lab.notebook import questions

    typer.echo(f"Wrote {questions.export(file)} questions to {file}.")


Unsafe = Annotated[bool, Option("--unsafe", help="Grade without a sandbox: submissions then run with your own rights.")]


@exercises_app.command("secret")
def class_secret(course: Course = None) -> None:
    """Draw the secret that the data and answers of a class grow from."""
    from idic_lab.exercises.students_copy import make_secret

    folder = _course_folder(course)
    digits = make_secret(folder)
    typer.echo(f"{digits}\n\nWritten to {folder / 'class_secret'}. Keep these digits somewhere else as well:")
    typer.echo("whoever has them can compute every student's data and answers, and without them nobody can grade.")


@exercises_app.command("hand-out")
def hand_out_exercises(
    students: Annotated[Path, Argument(help="A file with one student's id at the beginning of each line.")],
    course: Course = None,
    out: Annotated[Path, Option(help="Gets one folder per student.")] = Path("handed-out"),
) -> None:
    """Write for each student of a class the assignments and their own data, without what is planted in them."""
    from idic_lab.exercises.students_copy import hand_out

    lines = existing(students).read_text(encoding="utf-8-sig").splitlines()
    made = hand_out(_course_folder(course), [line.split(",")[0] for line in lines if line.strip()], out)
    typer.echo(f"{len(made)} folders in {out}, one per student.")


Platform = Annotated[str | None, Option(help="canvas, moodle or gradescope.")]
ClassList = Annotated[Path | None, Option(help="Canvas's exported gradebook, or Moodle's grading worksheet.")]


@exercises_app.command("collect")
def collect_exercises(
    assignment: Assignment,
    folder: Annotated[Path, Argument(help="What came back: files, folders or zip archives; or a platform's archive.")],
    course: Course = None,
    platform: Platform = None,
    class_list: ClassList = None,
) -> None:
    """Bring what students handed in to where it is graded; a later batch adds to it."""
    from idic_lab.exercises.collecting import bring, collect, opened

    work, what = (bring, opened(platform, folder, class_list)) if platform else (collect, folder)
    typer.echo("\n".join(work(_course(course), assignment, what)))


@exercises_app.command("give-back")
def give_back_exercises(
    assignment: Assignment,
    archive: Annotated[Path, Argument(help="The platform's archive that was collected.")],
    platform: Platform = "canvas",
    class_list: ClassList = None,
    course: Course = None,
    out: Annotated[Path, Option(help="Folder for grades and feedback.")] = Path("given-back"),
) -> None:
    """Write grades and feedback in the shape of the learning platform that the submissions came from."""
    from idic_lab.exercises.collecting import give_back, opened

    for path in give_back(_course(course), assignment, opened(platform, archive, class_list), out)[:3]:
        typer.echo(f"Wrote {path}")


@exercises_app.command("grade")
def grade_exercises(
    assignment: Assignment,
    course: Course = None,
    processes: Annotated[int, Option(help="Submissions graded at once.")] = 2,
    seconds: Annotated[float, Option(help="Longest time one submission may take.")] = 360,
    student: Annotated[list[str] | None, Option(help="Grade this student alone; may be repeated.")] = None,
    new: Annotated[bool, Option("--new", help="Only who handed in since being graded.")] = False,
    unsafe: Unsafe = False,
) -> None:
    """Grade every submission of an assignment, several at once, and say what happened to each."""
    from idic_lab.exercises import sandbox
    from idic_lab.exercises.classroom import grade_class

    typer.echo("Submissions run in a sandbox." if sandbox.available() and not unsafe else sandbox.MISSING)
    if not sandbox.available() and not unsafe:
        raise typer.Exit(2)
    students = ("new",) if new else student or ()
    table = grade_class(_course(course), assignment, students, processes, seconds, unsafe, tell=typer.echo)
    typer.echo(table.drop(columns="notes").to_string(index=False))


@exercises_app.command("begin")
def begin_exercise(
    assignment: Assignment,
    student: Annotated[str, Option("--id", help="Your id; the shop you work on grows from it.")] = "me",
    course: Course = None,
    out: Annotated[Path, Option(help="Folder for your copy.")] = Path("my-exercises"),
    again: Annotated[int, Option(min=1, help="2 for the second time, and so on: other data each time.")] = 1,
) -> None:
    """Take a student's copy of an assignment, to work on without an instructor."""
    from idic_lab.exercises.students_copy import begin

    path = begin(_course_folder(course), assignment, out, student, again)
    typer.echo(f"Open {path} in JupyterLab. When you are done: idic-lab exercises grade-own {path}")


@exercises_app.command("grade-own")
def grade_own(notebook: Annotated[Path, Argument(help="Your copy of an assignment.")], course: Course = None) -> None:
    """Grade a notebook of your own: points per question, and a feedback page beside it."""
    from idic_lab.exercises import classroom

    typer.echo(f"Grading {notebook.name}; this takes about a minute ...")
    table, notes, page = classroom.grade_own(_course(course), notebook)
    for note in notes:
        typer.echo(f"Note: {note}")
    typer.echo(table.to_string(index=False))
    share = table.groupby("concept")[["points", "of"]].sum().eval("points / of")
    typer.echo(f"\nMastery of each concept:\n{share.map('{:.0%}'.format).to_string(header=False)}")
    typer.echo(f"\n{table['points'].sum():g} of {table['of'].sum():g} points. Feedback: {page}")


@exercises_app.command("try")
def try_exercises(
    assignment: Assignment = "value",
    course: Course = None,
    out: Annotated[Path, Option(help="A new folder for the trial class.")] = Path("trial-class"),
    size: Annotated[int, Option(min=1, help="Students.")] = 6,
    harmful: Annotated[bool, Option("--harmful", help="Let the first nine loop, crash, forge and the like.")] = False,
    unsafe: Unsafe = False,
) -> None:
    """Play one assignment with made-up students, from release to feedback, in a folder of its own."""
    from idic_lab.exercises.course_checks import trial_class

    table = trial_class(_course(course), assignment, out, size, harmful, unsafe, tell=typer.echo)
    typer.echo(table.drop(columns="notes").to_string(index=False))
    first = table["student"].iloc[-1]
    typer.echo(f"\nFeedback, as a student sees it: {out}/feedback/{first}/{assignment}/{assignment}.html")
    typer.echo(f"Grades: {out}/grades.csv. Questions: idic-lab exercises items {assignment} --course {out}")


@exercises_app.command("items")
def exercise_items(
    assignment: Assignment,
    course: Course = None,
    plot: Annotated[Path | None, Option(help="Also draw a plot into this file.")] = None,
) -> None:
    """Show difficulty, discrimination and the commonest wrong answer of each question."""
    from idic_lab.exercises.classroom import items, mastery, plot_items

    folder = _course(course)
    table = items(folder, assignment)
    typer.echo(table.round(2).to_string(index=False))
    typer.echo(f"\nMastery of each concept:\n{mastery(folder, assignment).round(2).to_string()}")
    if plot:
        plot_items(table).figure.savefig(plot, bbox_inches="tight")
        typer.echo(f"Plot: {plot}")


@shop_app.command("play")
def play_shop(
    policy: Annotated[str, Option(help="A reference policy, as in ask_well, or module:function of your own.")],
    out: Annotated[Path, Option(help="Folder that keeps the plans; a game that was ended goes on from there.")],
    seed: Annotated[int | None, Option(help="Of the customers; drawn by the shop unless given.")] = None,
    n: Annotated[int, Option(help="How many customers.")] = 2000,
    difficulty: Annotated[str, Option(help="easy, default or hard.")] = "default",
    fortunes: Annotated[int, Option(help="Other fortunes in which the plans are tried again.")] = 20,
) -> None:
    """Let a policy decide all quarters that are left, and say how it stands."""
    from idic_lab.meridian import open_shop
    from idic_lab.meridian.policies import named
    from idic_lab.meridian.quarters import QUARTERS

    decide = named(policy)
    with open_shop(seed=seed, n=n, folder=out, difficulty=difficulty) as shop:
        while shop.view.quarter <= QUARTERS:
            quarter = shop.view.quarter
            seen = shop.next(decide(shop.view))
            typer.echo(f"quarter {quarter}: {seen['costs']['amount'].sum():,.0f}")
        typer.echo(shop.standing(fortunes).round(0).to_string(index=False, na_rep=""))


@shop_app.command("league")
def shop_league(
    folder: Annotated[Path, Argument(help="Holds one folder per player, as idic-lab shop play --out leaves it.")],
    fortunes: Annotated[int, Option(help="Other fortunes over which the gains are averaged.")] = 5,
) -> None:
    """Play the plans of a class again and rank them by their share of what could be gained."""
    from idic_lab.meridian.game import league

    typer.echo(league(folder, fortunes).round(2).to_string(index=False, na_rep=""))


def main() -> None:
    """Entry point: what goes wrong is one line without a traceback.

    The exit status is 2 for what a person can put right (a LabError, a full disk, a forbidden folder), 1 when a notebook
    failed or whoever read the output has gone, 130 after Ctrl-C and 143 after a polite request to end (SIGTERM).
    """
    ended: list[int] = []

    def end_politely(number: int, _frame: object) -> None:
        """As Ctrl-C does, so that kernels are closed and the manifest says what happened."""
        ended.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end_politely)
    COMMAND_LINE.set(True)
    try:
        app()
    except LabError as error:
        _tell(f"Error: {error}")
        raise SystemExit(2) from None
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        _tell(f"Error: {_OF_THE_MACHINE[error.errno]}{where}. {_KEPT}")
        raise SystemExit(2) from None
    except SystemExit as end:
        if end.code == 130:
            _tell(f"\n{'Ended' if ended else 'Interrupted'}. {_KEPT}")
        raise SystemExit(143 if ended and end.code == 130 else end.code) from None


_KEPT = "What was finished is kept; the same command goes on from there."
_OF_THE_MACHINE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EFBIG: "a file may not grow that large here",
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EMFILE: "too many files are open",
    errno.ENOMEM: "there is not enough memory",
}


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be there to read it
        typer.echo(line, err=True)
