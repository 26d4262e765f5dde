"""The report of a run: complete by itself, in words where a picture cannot be seen, and plain about what is missing."""

import re

import nbformat
import pytest

from idic_lab import datasets, figures
from idic_lab.course.pages import report
from idic_lab.course.runs.run_folder import Executed, Manifest
from idic_lab.notebook.lab import FIGURE, HEADLINE, WIDGET

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
VALUE, NEEDS = "21_differentiate_value_rfm", "25_differentiate_needs"
SENTENCE = "The Gini coefficient of revenue is 0.55."


@pytest.fixture
def executed():
    """A notebook with one headline and three figures for the report."""
    code = nbformat.v4.new_code_cell("draw()", metadata={"tags": ["report"]})
    stated = {"name": "gini", "value": 0.55, "sentence": SENTENCE}
    code.outputs = [nbformat.v4.new_output("display_data", {HEADLINE: stated, "text/plain": SENTENCE})]
    for number in range(3):
        words = f"{FIGURE}Orders rise {number} times. Shown: orders, by month."
        code.outputs.append(
            nbformat.v4.new_output("display_data", {"image/png": PNG + "=" * number, "text/plain": words})
        )
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Value <b>now</b>"), code])


@pytest.fixture
def record():
    return Manifest(
        dataset="shop",
        fingerprint="f" * 64,
        versions={"python": "3.11"},
        notebooks={
            VALUE: Executed("done"),
            "24_differentiate_lifetime_value": Executed("failed", error="FitError: <i>no</i> repeat purchases"),
        },
        skipped={"31_interact_channels": "the data set has no table interactions"},
        not_reached={"25_differentiate_needs": "24_differentiate_lifetime_value"},
    )


def published(folder, record, **executed):
    """The report of a run whose executed notebooks are these."""
    (folder / "notebooks").mkdir(exist_ok=True)
    for name, notebook in executed.items():
        record.notebooks[name] = Executed("done")
        if not (folder / "notebooks" / f"{name}.ipynb").exists():
            nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
    for name in record.done:
        if name not in executed:
            del record.notebooks[name]
    card = datasets.Card("shop", title="<script>alert(1)</script>", first_date="2024-01-01", last_date="2024-12-31")
    return report.publish(folder, card, record).read_text("utf-8")


@pytest.fixture
def page(tmp_path, executed, record):
    return published(tmp_path, record, **{VALUE: executed})


def test_it_asks_for_no_other_file_and_says_which_links_need_the_folder_of_the_run(page):
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page) and "<script" not in page
    assert re.findall(r'href="(notebooks/[^"]+)"', page) == ["notebooks/21_differentiate_value_rfm.html"]
    assert "need the folder of the run" in page


def test_every_link_within_it_has_a_target(page):
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


def test_a_hostile_title_and_error_are_shown_as_text(page):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "&lt;i&gt;no&lt;/i&gt;" in page
    assert "Value &lt;b&gt;now&lt;/b&gt;" in page


def test_the_page_of_a_notebook_tells_its_pictures_in_words_too(tmp_path, page):
    text = (tmp_path / "notebooks" / "21_differentiate_value_rfm.html").read_text("utf-8")
    assert 'alt="Orders rise 2 times. Shown: orders, by month."' in text
    assert "No description has been provided" not in text


def test_the_page_of_a_notebook_shows_what_stands_for_a_control_and_runs_no_script():
    output = nbformat.v4.new_output(
        "display_data", data={WIDGET: {"model_id": "1"}, "text/html": "<p>Controls: cap.</p>"}
    )
    text = report.notebook_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])]), "x")
    assert "Controls: cap." in text and "<script" not in text


def test_the_page_of_a_notebook_folds_its_plumbing_and_nothing_else():
    folded = nbformat.v4.new_code_cell("run_dir = ''", metadata={"tags": ["hide-input"]})
    notebook = nbformat.v4.new_notebook(cells=[folded, nbformat.v4.new_code_cell("1 + 1")])
    text = report.notebook_page(notebook, "a page")
    assert re.findall(r"<summary>(.+?)</summary>", text) == ["Preparation"]
    inside, after = text.split("<summary>")[1].split("</details>")
    assert "run_dir" in inside and "jp-InputArea" in after


def test_it_says_of_every_notebook_that_was_not_run_why(record):
    reasons = report.not_run(record)
    assert "no table interactions" in reasons["31_interact_channels"]
    assert reasons["25_differentiate_needs"] == "not reached, since 24_differentiate_lifetime_value failed"
    assert reasons["27_differentiate_portfolio"] == "not asked for in this run"


def test_the_page_of_a_notebook_folds_the_answers_of_what_to_try():
    text = "**Try it.** Guess.\n\n<details><summary>Answer</summary>\n\nIt is *seven*.\n\n</details>\n\nOn we go."
    page = report.notebook_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]), "x")
    folded = re.search(r"<details><summary>Answer</summary>(.*?)</details>", page, re.S)[1]
    assert "It is <em>seven</em>." in folded and "On we go" not in folded


def test_terms_that_occur_are_explained_and_others_are_not(page):
    terms = page[page.index('id="terms"') : page.index('id="data"')]
    assert "Gini coefficient" in terms and "Qini" not in terms


def test_a_figure_of_two_panels_is_described_by_both_titles():
    left, right = figures.plt.subplots(1, 2)[1]
    left.set(title="Up", xlabel="month", ylabel="orders")
    right.set(title="Down", xlabel="month", ylabel="returns")
    assert figures.described(left.get_figure()) == "Up. Down. Shown: orders, by month; returns, by month."
    figures.plt.close("all")


def test_the_page_of_a_notebook_links_only_to_what_stands_in_the_folder_of_the_run(tmp_path, executed, record):
    words = (
        f"[Needs]({NEEDS}.ipynb) [Offers](42_offers.ipynb) [Glossary](../docs/glossary.md)"
        " [How to work](../exercises/STUDENTS.md) [Source](https://example.org/)"
    )
    executed.cells.append(nbformat.v4.new_markdown_cell(words))
    published(tmp_path, record, **{VALUE: executed, NEEDS: executed})
    page = (tmp_path / "notebooks" / f"{VALUE}.html").read_text("utf-8")
    addresses = [address for address in re.findall(r'<a [^>]*?href="([^"]*)"', page) if address[0] != "#"]
    assert addresses == [f"{NEEDS}.html", "https://example.org/"]
    assert (tmp_path / "notebooks" / addresses[0]).exists()
    assert "How to work (in the project: exercises/STUDENTS.md)" in page


def test_an_executed_notebook_links_only_to_notebooks_beside_it_and_to_one_executed_later_once_it_is_there(
    tmp_path, executed, record
):
    file = tmp_path / "notebooks" / f"{VALUE}.ipynb"
    words = f"[Needs]({NEEDS}.ipynb) [Glossary](../docs/glossary.md#gini) [Source](https://example.org/) [Up](#top)"
    executed.cells.append(nbformat.v4.new_markdown_cell(words))

    def links_after_a_run_of(*names):
        published(tmp_path, record, **dict.fromkeys(names, executed))
        text = nbformat.read(file, as_version=4).cells[-1].source
        return re.findall(r"\]\(([^)]+)\)", text), text

    links, text = links_after_a_run_of(VALUE)
    assert links == ["https://example.org/", "#top"]
    assert text.startswith("Needs Glossary (in the project: docs/glossary.md#gini) ")
    links, _ = links_after_a_run_of(VALUE, NEEDS)
    assert links == [f"{NEEDS}.ipynb", "https://example.org/", "#top"]
    links, again = links_after_a_run_of(VALUE)
    assert links == ["https://example.org/", "#top"] and again == text
