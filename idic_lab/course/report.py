"""The report of a run: one self-contained page, and a page per notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

import jinja2
import nbformat
from nbconvert import HTMLExporter

from idic_lab import pipeline, whole_files
from idic_lab.course.lab import REPOSITORY_FILE
from idic_lab.course.summary import summary
from idic_lab.repository import Repository

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True
)


@dataclass(frozen=True)
class Section:
    """What the report shows of one notebook."""

    name: str
    title: str
    step: str
    sentences: list[str]
    figures: list[str]


def headlines(notebook: nbformat.NotebookNode, mime: str) -> dict[str, dict]:
    """The headline numbers an executed notebook stated: name to value and sentence."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            stated = output.get("data", {}).get(mime)
            if stated:
                found[stated["name"]] = {"value": stated["value"], "sentence": stated["sentence"]}
    return found


def write(folder: Path, card, executed: dict[str, nbformat.NotebookNode], record: dict, mime: str) -> Path:
    """Write ``report.html`` and ``notebooks/<name>.html`` into a run folder.

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
        _section(stage, executed[stage.notebook], mime)
        for stage in pipeline.STAGES
        if stage.notebook in executed
    ]
    for name, notebook in executed.items():
        whole_files.write(folder / "notebooks" / f"{name}.html", _page(notebook, name))
    failed = {
        name: entry["error"] for name, entry in record["notebooks"].items() if entry["status"] == "failed"
    }
    page = _TEMPLATES.get_template("report.html").render(
        card=card,
        sections=sections,
        record=record,
        failed=failed,
        stages=pipeline.STAGES,
        summary=summary(Repository(folder / REPOSITORY_FILE), card.currency),
    )
    whole_files.write(folder / "report.html", page)
    return folder / "report.html"


def title_of(notebook: nbformat.NotebookNode, default: str) -> str:
    """The first heading of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0].removeprefix("# ").strip()
    return default


def _section(stage: pipeline.Stage, notebook: nbformat.NotebookNode, mime: str) -> Section:
    figures = [
        output["data"]["image/png"].replace("\n", "")
        for cell in notebook.cells
        if "report" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    sentences = [stated["sentence"] for stated in headlines(notebook, mime).values()]
    return Section(stage.notebook, title_of(notebook, stage.notebook), stage.step, sentences, figures)


def _page(notebook: nbformat.NotebookNode, name: str) -> str:
    exporter = HTMLExporter(template_name="lab", embed_images=True)
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": html.escape(name)}})
    return body
