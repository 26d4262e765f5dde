"""The report of a run: one self-contained page, whose first part is for who has one minute, and a page per notebook."""

import html
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

import jinja2
import nbformat

from idic_lab import durability, figures, shipped
from idic_lab.course.runs import run_folder
from idic_lab.course.runs.run_folder import Manifest
from idic_lab.notebook.lab import FIGURE, HEADLINE, WIDGET
from idic_lab.pipeline import stages
from idic_lab.repository import REPOSITORY_FILE, Repository

# What a browser may do with a page of ours: show it. Nothing is fetched, no script runs, no form is sent.
CONTENT_POLICY = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; form-action 'none'"
_FOLDER = Path(__file__).parent / "templates"
_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True)


def publish(folder: Path, card, state: Manifest, made: Collection[str] = ()) -> Path:
    """Write ``results.json``, ``report.html`` and a page per executed notebook, save those made already, into a run folder."""
    # Loads every stage, which a run as such need not wait for.
    from idic_lab.course.pages.first_page import FirstPage, pictures

    ran = [stage for stage in stages.STAGES if stage.notebook in state.done]
    executed = {stage.notebook: run_folder.executed(folder, stage.notebook) for stage in ran}
    found = {name: headlines(notebook) for name, notebook in executed.items()}
    durability.write_json(folder / "results.json", found)
    for name in executed.keys() - set(made):
        make_page(folder, name, executed)
    repository = Repository(folder / REPOSITORY_FILE)
    figures.use_currency(card.currency)
    told = {name: [said["sentence"] for said in stated.values()] for name, stated in found.items()}
    first, drawn = FirstPage(repository, card.currency, card), pictures(repository)
    steps = []
    for step, question in STEPS.items():
        # The game of the practice shop reads nothing of the data, and so says nothing of these customers.
        names = [stage.notebook for stage in ran if stage.step == step and stage.reads and told[stage.notebook]]
        of_step = [(name, title_of(executed[name], name), told[name]) for name in names]
        steps.append((step, question, drawn.get(step, []), of_step))
    said = [first.situation, *first.findings, *first.changes, *(tile.name for tile in first.tiles)]
    said += [sentence for sentences in told.values() for sentence in sentences]
    shown = {"card": card, "first": first, "steps": [part for part in steps if part[2] or part[3]], "record": state}
    shown |= {"failed": state.failed, "not_run": not_run(state), "terms": terms_in(said)}
    durability.write(folder / "report.html", _TEMPLATES.get_template("report.html").render(shown))
    return folder / "report.html"


def at_a_glance(repository: Repository, currency: str = ""):
    """The first screen of the review's page, as HTML that a notebook shows: how are we, what changed, what do we decide."""
    from IPython.display import HTML

    from idic_lab.course.pages.first_page import FirstPage

    first, columns = FirstPage(repository, currency), ("For whom", "What", "Owner", "Expected return", "Verdict")
    return HTML(_TEMPLATES.get_template("glance.html").render(first=first, columns=columns))


def make_page(folder: Path, name: str, beside: Collection[str]) -> None:
    """Write the page of an executed notebook, and mend the notebook's links to those that stand, or will stand, beside it."""
    path = folder / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    if mend_cells(notebook, beside):
        durability.write(path, nbformat.writes(notebook))
    durability.write(path.with_suffix(".html"), lead_within_the_run(notebook_page(notebook, name), beside))


def notebook_page(notebook: nbformat.NotebookNode, name: str) -> str:
    """An executed notebook as one page of HTML that asks for nothing else."""
    notebook.metadata.pop("widgets", None)
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        output.get("data", {}).pop(WIDGET, None)  # here no script runs: what stands for the control is shown
    resources = {"metadata": {"name": html.escape(name)}, "content_policy": CONTENT_POLICY, "figure": FIGURE}
    page = _exporter().from_notebook_node(notebook, resources=resources)[0]
    return re.sub(r'(?=class="jp-Cell-inputWrapper"|class="[\w -]*jp-OutputArea-output)', 'tabindex="0" ', page)


@cache
def _exporter():
    from nbconvert import HTMLExporter
    from nbconvert.filters import Highlight2HTML

    class Exporter(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **kw):
            # HTMLExporter's own would parse the whole page once more, for what our template and one line say: half its time.
            return super(HTMLExporter, self).from_notebook_node(nb, self._init_resources(resources), **kw)

    own = {"extra_loaders": [jinja2.FileSystemLoader(_FOLDER)], "template_file": "page.html.j2"}
    return Exporter(template_name="lab", filters={"highlight_code": Highlight2HTML(pygments_lexer="ipython3")}, **own)


_LINK = re.compile(r'<a\b[^>]*?\bhref="(?P<address>[^"]*)"[^>]*>(?P<text>.*?)</a>', re.S)
_NOTEBOOK = re.compile(r"(?P<name>[^/]+)\.ipynb(?P<place>#.*)?")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.I)  # a web address, or a place on the page itself
_MARKDOWN_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<address>[^)\s]+)\)")
_COURSE_TEXT = "text_in_the_course"  # in the metadata of a cell: the text before its links were mended
STEPS = {
    "Identify": "Who are the customers, and what is known of each?",
    "Differentiate": "What is each customer worth, and what does each need?",
    "Interact": "How to speak with whom, how often, and what to ask next?",
    "Customize": "What to do differently, and for whom?",
    "Implement and monitor": "Who does what by when, did it work, and what changes next?",
    "Compare": "Which segmentation, and which model of value, to trust?",
}
# Terms that are everyday words too, whose meaning a reader of a report does not look up.
_EVERYDAY = """
    value needs action record account play topic option tier method study policy age score segment channel loyal review offer cap
    bit weight module transaction new margin frequent potential confidence stability monitor coverage identify differentiate
    interact customize implement idic personal
    """


def headlines(notebook: nbformat.NotebookNode) -> dict[str, dict]:
    """The headline numbers an executed notebook stated: name to value and sentence."""
    outputs = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    stated = (data[HEADLINE] for data in outputs if data.get(HEADLINE))
    return {one["name"]: {"value": one["value"], "sentence": one["sentence"]} for one in stated}


def title_of(notebook: nbformat.NotebookNode, default: str) -> str:
    """The first heading of a notebook."""
    headings = (cell.source for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.startswith("# "))
    return next((text.splitlines()[0].removeprefix("# ").strip() for text in headings), default)


def not_run(state: Manifest) -> dict[str, str]:
    """Notebooks of the course that a run did not execute, each with the reason."""
    names = [stage.notebook for stage in stages.STAGES]
    reasons = {name: "not asked for in this run" for name in names if name not in state.notebooks}
    reasons |= {name: f"not reached, since {culprit} failed" for name, culprit in state.not_reached.items()}
    return reasons | state.skipped


def terms_in(texts: list[str]) -> dict[str, str]:
    """The terms of the course's glossary that occur in some texts, with their meaning; none without the glossary.

    >>> list(terms_in(["The Gini coefficient of revenue is 0.55."]))
    ['Gini coefficient']
    """
    path = shipped("docs") / "glossary.md"
    if not path.exists():
        return {}
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+?) \| \[\d\d\]", path.read_text(encoding="utf-8"), flags=re.M)
    said, found = " ".join(texts), {}
    for term, meaning in rows:
        short = re.sub(r" \(.*?\)", "", term)
        forms = [short, *(form for form in re.findall(r"\((.*?)\)", term) if form.isupper())]
        spoken = any(re.search(rf"(?<!\w){re.escape(form)}(s|es)?(?!\w)", said, flags=re.I) for form in forms)
        if spoken and short.lower() not in _EVERYDAY.split():
            found[term.replace("`", "")] = meaning.replace("`", "")
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def mend_cells(notebook: nbformat.NotebookNode, executed: Collection[str]) -> bool:
    """Let the links in the text of an executed notebook lead to what stands beside it; in place; whether any was changed.

    A link to a notebook of the run stays. Of others the words stay; where they led into the project, the path follows in
    brackets. The text of the course is kept in the cell's metadata, so that a notebook executed later gets its link.

    >>> text = "[Value](21_value.ipynb), [Glossary](../docs/glossary.md)"
    >>> notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    >>> mend_cells(notebook, ["21_value"]), notebook.cells[0].source
    (True, '[Value](21_value.ipynb), Glossary (in the project: docs/glossary.md)')
    """

    def mended(link: re.Match) -> str:
        address = link["address"]
        named = _NOTEBOOK.fullmatch(address)
        if _ELSEWHERE.match(address) or (named and named["name"] in executed):
            return link[0]
        return link["text"] + ("" if named else f" (in the project: {address.removeprefix('../')})")

    changed = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            course = cell.metadata.get(_COURSE_TEXT, cell.source)
            text = _MARKDOWN_LINK.sub(mended, course)
            changed |= text != cell.source
            cell.source = text
            if text != course:
                cell.metadata[_COURSE_TEXT] = course
    return changed


def lead_within_the_run(page: str, executed: Collection[str]) -> str:
    """The page of a notebook whose links lead to the pages beside it; of a link that leads nowhere the words stay.

    >>> lead_within_the_run('<a href="21_value.ipynb">value</a>, <a href="../docs/glossary.md">terms</a>', ["21_value"])
    '<a href="21_value.html">value</a>, terms'
    """

    def mended(link: re.Match) -> str:
        address = link["address"]
        notebook = _NOTEBOOK.fullmatch(address)
        if notebook and notebook["name"] in executed:
            return link[0].replace(f'href="{address}"', f'href="{notebook["name"]}.html{notebook["place"] or ""}"', 1)
        return link[0] if not address or _ELSEWHERE.match(address) else link["text"]

    return _LINK.sub(mended, page)
