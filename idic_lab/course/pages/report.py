"""The report of a run: one self-contained page, and a page per notebook."""

from __future__ import annotations

import html
from itertools import groupby
from pathlib import Path

import jinja2
import nbformat
from nbconvert import HTMLExporter

from idic_lab.course.pages.findings import (
    STEPS,
    Section,
    headlines,
    not_run,
    section,
    terms_in,
    with_words_for_pictures,
)
from idic_lab.course.pages.page_links import as_in_the_course, lead_within_the_run, mend_cells
from idic_lab.course.pages.summary import summary
from idic_lab.durability import whole_files
from idic_lab.notebook.lab import REPOSITORY_FILE
from idic_lab.pipeline import stages
from idic_lab.repository import Repository

__all__ = ["headlines", "write"]

# What a browser may do with a page of ours: show it. Nothing is fetched, no script runs, no form is sent.
CONTENT_POLICY = (
    "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; form-action 'none'"
)

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True
)


def write(folder: Path, card, executed: dict[str, nbformat.NotebookNode], record: dict, mime: str) -> Path:
    """Write ``report.html`` and ``notebooks/<name>.html`` into a run folder, and mend the links of the notebooks there.

    Parameters
    ----------
    folder : Path
    card : Card
        Of the data set.
    executed : dict
        Notebook name to executed notebook, in order.
    record : dict
        The manifest.
    mime : str
        The type under which notebooks state headline numbers.

    Returns
    -------
    Path
        Of the report.
    """
    sections = [
        section(stage, executed[stage.notebook], mime)
        for stage in stages.STAGES
        if stage.notebook in executed
    ]
    for name, notebook in executed.items():
        if mend_cells(notebook, executed):
            whole_files.write(folder / "notebooks" / f"{name}.ipynb", nbformat.writes(notebook))
        page = lead_within_the_run(_page(as_in_the_course(notebook), name), executed)
        whole_files.write(folder / "notebooks" / f"{name}.html", page)
    in_one_minute = summary(Repository(folder / REPOSITORY_FILE), card.currency, card)
    said = [sentence for _, sentences in in_one_minute for sentence in sentences]
    said += [sentence for part in sections for sentence in [part.title, *part.sentences]]
    page = _TEMPLATES.get_template("report.html").render(
        card=card,
        steps=_by_step(sections),
        further=[part for part in sections if part.further],
        record=record,
        failed={
            name: entry["error"] for name, entry in record["notebooks"].items() if entry["status"] == "failed"
        },
        not_run=not_run(record),
        summary=in_one_minute,
        terms=terms_in(said),
    )
    whole_files.write(folder / "report.html", page)
    return folder / "report.html"


def _by_step(sections: list[Section]) -> list[tuple[str, str, list[Section]]]:
    """Step of IDIC, what it asks, and the notebooks of it that were run."""
    grouped = groupby(sections, key=lambda part: part.step)
    return [(step, STEPS.get(step, ""), list(parts)) for step, parts in grouped]


def _page(notebook: nbformat.NotebookNode, name: str) -> str:
    exporter = HTMLExporter(
        extra_loaders=[jinja2.FileSystemLoader(Path(__file__).parent / "templates")],
        template_name="lab",
        template_file="page.html.j2",
        embed_images=True,
    )
    resources = {"metadata": {"name": html.escape(name)}, "content_policy": CONTENT_POLICY}
    body, _ = exporter.from_notebook_node(notebook, resources=resources)
    return with_words_for_pictures(body, notebook)
