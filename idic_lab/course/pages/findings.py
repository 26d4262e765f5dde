"""What an executed notebook found, taken from its outputs: headline sentences, and figures with words for them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import nbformat

from idic_lab import shipped
from idic_lab.notebook.lab import FIGURE
from idic_lab.pipeline import stages

_IMAGE = re.compile(r'<img\b[^>]*src="data:image/png;base64,(?P<png>[^"]+)"[^>]*>')
_ALT = re.compile(r'\balt="[^"]*"')
FIRST = 2  # figures of a notebook that stand beside its findings; the others follow at the end
STEPS = {
    "IDIC": "The data, and what was asked of them.",
    "Identify": "Who are the customers, and what is known of each?",
    "Differentiate": "What is each customer worth, and what does each need?",
    "Interact": "How to speak with whom, how often, and what to ask next?",
    "Customize": "What to do differently, and for whom?",
    "Implement and monitor": "Who does what by when, did it work, and what changes next?",
    "Compare": "Which segmentation, and which model of value, to trust?",
}
# Terms that are everyday words too, whose meaning a reader of a report does not look up.
_EVERYDAY = """
    value needs action record account play topic option tier method study policy age score segment
    channel loyal review offer cap bit weight module transaction new margin frequent potential
    confidence stability monitor coverage identify differentiate interact customize implement idic
    personal
    """


@dataclass(frozen=True)
class Picture:
    """A figure of a notebook.

    Attributes
    ----------
    png : str
        In base 64.
    words : str
        What it shows: the titles it states and what its axes are.
    """

    png: str
    words: str

    @property
    def caption(self) -> str:
        """What the title in the picture does not say: its axes; the words as they are when it has none."""
        title, _, shown = self.words.partition(" Shown: ")
        return shown[:1].upper() + shown[1:] if shown else title


@dataclass(frozen=True)
class Section:
    """What the report shows of one notebook."""

    name: str
    title: str
    step: str
    sentences: list[str]
    figures: list[Picture]

    @property
    def first(self) -> list[Picture]:
        """The figures that stand beside the findings."""
        return self.figures[:FIRST]

    @property
    def further(self) -> list[Picture]:
        """The figures that follow at the end of the report."""
        return self.figures[FIRST:]


def headlines(notebook: nbformat.NotebookNode, mime: str) -> dict[str, dict]:
    """The headline numbers an executed notebook stated: name to value and sentence."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            stated = output.get("data", {}).get(mime)
            if stated:
                found[stated["name"]] = {"value": stated["value"], "sentence": stated["sentence"]}
    return found


def section(stage: stages.Stage, notebook: nbformat.NotebookNode, mime: str) -> Section:
    """The findings of one executed notebook."""
    title = title_of(notebook, stage.notebook)
    pictures = [
        Picture(output["data"]["image/png"].replace("\n", ""), _words(output["data"], title))
        for cell in notebook.cells
        if "report" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    sentences = [stated["sentence"] for stated in headlines(notebook, mime).values()]
    return Section(stage.notebook, title, stage.step, sentences, pictures)


def title_of(notebook: nbformat.NotebookNode, default: str) -> str:
    """The first heading of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0].removeprefix("# ").strip()
    return default


def _words(data: dict, title: str) -> str:
    told = data.get("text/plain", "")
    return told.removeprefix(FIGURE) if told.startswith(FIGURE) else f"A figure of the notebook '{title}'."


def with_words_for_pictures(page: str, notebook: nbformat.NotebookNode) -> str:
    """The page of a notebook with the words of each picture as its alternative text, which nbconvert leaves out."""
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    words = {
        "".join(data["image/png"].split()): html.escape(data["text/plain"].removeprefix(FIGURE))
        for data in outputs
        if "image/png" in data and data.get("text/plain", "").startswith(FIGURE)
    }

    def described(tag: re.Match) -> str:
        known = words.get("".join(tag["png"].split()))
        return _ALT.sub(lambda _: f'alt="{known}"', tag[0], count=1) if known else tag[0]

    return _IMAGE.sub(described, page)


def not_run(record: dict) -> dict[str, str]:
    """Notebooks of the course that a run did not execute, each with the reason."""
    failed = next((name for name, entry in record["notebooks"].items() if entry["status"] == "failed"), None)
    reasons = {}
    for stage in stages.STAGES:
        name = stage.notebook
        if name in record["skipped"]:
            reasons[name] = record["skipped"][name]
        elif name not in record["notebooks"]:
            reasons[name] = f"not reached, since {failed} failed" if failed else "not asked for in this run"
    return reasons


def terms_in(texts: list[str]) -> dict[str, str]:
    """The terms of the course's glossary that occur in some texts, with their meaning; none without the glossary.

    Examples
    --------
    >>> list(terms_in(["The Gini coefficient of revenue is 0.55."]))
    ['Gini coefficient']
    """
    path = shipped("docs") / "glossary.md"
    if not path.exists():
        return {}
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+?) \| \[\d\d\]", path.read_text(encoding="utf-8"), flags=re.M)
    said = " ".join(texts)
    found = {}
    for term, meaning in rows:
        short = re.sub(r" \(.*?\)", "", term)
        inside = [form for form in re.findall(r"\((.*?)\)", term) if form.isupper()]
        forms = [short, *inside]
        spoken = any(re.search(rf"(?<!\w){re.escape(form)}(s|es)?(?!\w)", said, flags=re.I) for form in forms)
        if spoken and short.lower() not in _EVERYDAY.split():
            found[term.replace("`", "")] = meaning.replace("`", "")
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))
