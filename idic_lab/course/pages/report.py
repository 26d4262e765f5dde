"""The report of a run: one self-contained page, whose first part is for who has one minute, and a page per notebook.

Every sentence of that part is computed from the run's tables; a question they cannot answer is left out.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import jinja2
import nbformat

from idic_lab import figures
from idic_lab.course.pages import findings
from idic_lab.course.runs import run_folder
from idic_lab.course.runs.manifest import Manifest
from idic_lab.durability import whole_files
from idic_lab.pipeline import stages
from idic_lab.repository import REPOSITORY_FILE, Repository

# What a browser may do with a page of ours: show it. Nothing is fetched, no script runs, no form is sent.
CONTENT_POLICY = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; form-action 'none'"
_FOLDER = Path(__file__).parent / "templates"
_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True)


def publish(folder: Path, card, state: Manifest, made: Collection[str] = ()) -> Path:
    """Write ``results.json``, ``report.html`` and a page per executed notebook into a run folder.

    Parameters:
        card (Card): Of the data set.
        made (collection of str): Notebooks whose pages stand already.
    Returns:
        Path: Of the report.
    """
    executed = {
        stage.notebook: run_folder.executed(folder, stage.notebook)
        for stage in stages.STAGES
        if stage.notebook in state.done
    }
    found = {name: findings.headlines(notebook) for name, notebook in executed.items()}
    whole_files.write_json(folder / "results.json", found)
    for name in executed:
        if name not in made:
            make_page(folder, name, executed)
    return write(folder, card, executed, state)


def write(folder: Path, card, executed: dict[str, nbformat.NotebookNode], state: Manifest) -> Path:
    """Write ``report.html`` into a run folder, from notebook name to executed notebook, in order."""
    from idic_lab.course.pages.chapters import pictures  # loads every stage, which a run as such need not wait for
    from idic_lab.course.pages.first_page import first_page

    repository = Repository(folder / REPOSITORY_FILE)
    figures.use_currency(card.currency)
    told = {name: [said["sentence"] for said in findings.headlines(book).values()] for name, book in executed.items()}
    first = first_page(repository, card.currency, card)
    drawn = pictures(repository)
    steps = [
        (step, question, drawn.get(step, []), list(_notebooks_of(step, executed, told)))
        for step, question in findings.STEPS.items()
    ]
    said = [first.situation, *first.findings, *first.changes, *(tile.name for tile in first.tiles)]
    said += [sentence for sentences in told.values() for sentence in sentences]
    page = _TEMPLATES.get_template("report.html").render(
        card=card,
        first=first,
        steps=[part for part in steps if part[2] or part[3]],
        record=state,
        failed=state.failed,
        not_run=findings.not_run(state),
        terms=findings.terms_in(said),
    )
    whole_files.write(folder / "report.html", page)
    return folder / "report.html"


def _notebooks_of(step: str, executed: dict, told: dict[str, list[str]]) -> Iterator[tuple[str, str, list[str]]]:
    """Name, title and headline sentences of the notebooks of a step that were run."""
    for stage in stages.STAGES:
        name = stage.notebook
        if stage.step == step and name in executed:
            yield name, findings.title_of(executed[name], name), told[name]


def at_a_glance(repository: Repository, currency: str = ""):
    """The first screen of the review's page, as HTML that a notebook shows: how are we, what changed, what do we decide."""
    from IPython.display import HTML

    from idic_lab.course.pages.first_page import first_page

    first, columns = first_page(repository, currency), ("For whom", "What", "Owner", "Expected return", "Verdict")
    return HTML(_TEMPLATES.get_template("glance.html").render(first=first, columns=columns))


def make_page(folder: Path, name: str, beside: Collection[str]) -> None:
    """Write the page of an executed notebook, and mend the notebook's links to those that stand, or will stand, beside it."""
    path = folder / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    if findings.mend_cells(notebook, beside):
        whole_files.write(path, nbformat.writes(notebook))
    page = findings.lead_within_the_run(notebook_page(notebook, name), beside)
    whole_files.write(path.with_suffix(".html"), page)


def notebook_page(notebook: nbformat.NotebookNode, name: str) -> str:
    """An executed notebook as one page of HTML that asks for nothing else."""
    resources = {"metadata": {"name": html.escape(name)}, "content_policy": CONTENT_POLICY}
    body, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return findings.with_words_for_pictures(body, notebook)


@cache
def _exporter():
    from nbconvert import HTMLExporter

    return HTMLExporter(
        extra_loaders=[jinja2.FileSystemLoader(_FOLDER)],
        template_name="lab",
        template_file="page.html.j2",
        embed_images=True,
    )
