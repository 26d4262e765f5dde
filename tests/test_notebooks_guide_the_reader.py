"""Every notebook says where the reader is, what comes before and after, how long it takes and what goes with it."""

import ast
import copy
import functools
import itertools
import re
from pathlib import Path

import nbformat
import pytest

from idic_lab.course.runs import notebooks, refresh
from idic_lab.notebook import questions
from idic_lab.pipeline.stages import STAGES

ROOT = Path(__file__).parents[1]
GUIDED = list(STAGES)
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


@functools.cache
def read(stage):
    return nbformat.read(notebooks.path_of(stage), as_version=4)


def texts(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def headings(notebook) -> list[tuple[int, str]]:
    found = []
    for text in texts(notebook):
        without_code = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        found += [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", without_code, flags=re.M)]
    return found


each_notebook = pytest.mark.parametrize("stage", GUIDED, ids=lambda stage: stage.notebook)


@each_notebook
def test_both_ends_link_to_the_notebooks_before_and_after_to_the_contents_and_the_glossary(stage):
    place = STAGES.index(stage)
    neighbours = [
        f"{other.notebook}.ipynb" for other in STAGES[max(place - 1, 0) : place] + STAGES[place + 1 : place + 2]
    ]
    expected = {*neighbours, "../docs/glossary.md", *(["00_start_here.ipynb"] if place else [])}
    first, *_, last = texts(read(stage))
    assert set(LINK.findall(first.splitlines()[2])) == expected
    assert set(LINK.findall(last.splitlines()[-1])) == expected


@each_notebook
def test_the_step_of_idic_is_marked_under_the_title(stage):
    line = texts(read(stage))[0].splitlines()[4]
    assert re.findall(r"\*\*(.+?)\*\*", line) == ([stage.step] if stage.step != "IDIC" else [])


@each_notebook
def test_the_reading_time_is_that_of_the_rule(stage):
    notebook = read(stage)
    time = refresh.reading_time(notebook)
    first = notebook.cells[0].source
    assert f"**How long:** {time}" in first, "run 'python -m idic_lab.course.runs.refresh' on it"
    assert first.splitlines()[4].endswith(f" · {time.total} minutes")


@each_notebook
def test_it_takes_an_hour_at_most(stage):
    told = "fold, shorten or move a section, or a question; the contents in 00 follow afterwards"
    assert refresh.reading_time(read(stage)).total <= 60, told


@each_notebook
def test_the_first_cell_says_what_one_needs_to_know_and_will_be_able_to_do(stage):
    first = read(stage).cells[0].source
    labels = re.findall(r"^\*\*(What you need to know|What you will be able to do|How long):\*\* \S", first, re.M)
    assert labels == ["What you need to know", "What you will be able to do", "How long"]


@each_notebook
def test_there_is_one_title_and_no_level_of_heading_is_skipped(stage):
    levels = [level for level, _ in headings(read(stage))]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@each_notebook
def test_it_ends_with_a_summary_exercises_and_sources(stage):
    assert [title for _, title in headings(read(stage))][-3:] == ["Summary", "Exercises", "Sources"]


@each_notebook
def test_the_assignment_it_names_exists(stage):
    last = texts(read(stage))[-1]
    section = last[last.index("## Exercises") : last.index("## Sources")]
    named = re.findall(r"assignment `(\w+)`", section)
    assert named or stage.step == "IDIC"
    assert all((ROOT / "exercises" / "source" / name / f"{name}.ipynb").exists() for name in named)


@each_notebook
def test_there_are_two_things_to_try(stage):
    assert refresh.reading_time(read(stage)).things_to_try >= 2


# The list only grows longer.
ANSWERED = ("00", "11", "12", "21", "22", "23", "24", "25", "26", "27", "31", "32", "33", "41", "42", "43")
ANSWERED += ("51", "52", "53", "62")


@pytest.mark.parametrize(
    "stage", [stage for stage in GUIDED if stage.notebook[:2] in ANSWERED], ids=lambda stage: stage.notebook
)
def test_each_thing_to_try_has_its_answer_folded_in_the_same_cell(stage):
    counts = [(text.count("**Try it.**"), text.count("<summary>Answer</summary>")) for text in texts(read(stage))]
    assert all(tried == answered for tried, answered in counts)


@each_notebook
def test_every_link_of_a_notebook_leads_somewhere(stage):
    folder = notebooks.path_of(stage).parent
    targets = [target for text in texts(read(stage)) for target in LINK.findall(text)]
    here = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert not [target for target in here if target and not (folder / target).exists()]


@each_notebook
def test_money_is_in_the_currency_of_the_data_set_on_every_figure(stage):
    shown = [
        output["data"]["text/plain"]
        for cell in read(stage).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert not [words for words in shown if re.search(r"\bcurrency\b", words)]


@pytest.mark.parametrize("step", dict.fromkeys(stage.step for stage in GUIDED))
def test_every_step_has_a_figure_with_controls(step):
    sources = [cell.source for stage in GUIDED if stage.step == step for cell in read(stage).cells]
    assert any(re.search(r"\b(explore|panel)\(", source) for source in sources)


def test_the_contents_in_the_first_notebook_are_current():
    outputs = [output for cell in read(STAGES[0]).cells for output in cell.get("outputs", [])]
    stored = [output["data"].get("text/markdown", "") for output in outputs if "data" in output]
    listed = next(text for text in stored if text.startswith("| step |"))
    for row in refresh.contents().itertuples():
        assert f"[{row.title}]({row.notebook}.ipynb) | {row.minutes} |" in listed, "run 'make notebook N=00'"


def test_a_longer_notebook_takes_longer():
    words = nbformat.v4.new_markdown_cell("# Title\n\n" + "word " * 1500)
    cell = nbformat.v4.new_code_cell("1 + 1")
    tried = [nbformat.v4.new_markdown_cell("**Try it.** Add two.") for _ in range(2)]
    assert refresh.reading_time(nbformat.v4.new_notebook(cells=[words, cell])) == refresh.ReadingTime(15, 0)
    assert refresh.reading_time(nbformat.v4.new_notebook(cells=[words, *tried])).total == 25


def test_renewing_the_navigation_twice_changes_nothing():
    notebook = copy.deepcopy(read(STAGES[3]))
    refresh.renew(notebook, STAGES[3])
    once = [cell.source for cell in notebook.cells]
    refresh.renew(notebook, STAGES[3])
    assert [cell.source for cell in notebook.cells] == once


# Still to be made in the form; the list only grows shorter.
NOT_YET = ()
in_the_form = pytest.mark.parametrize(
    "stage", [stage for stage in GUIDED if stage.notebook[:2] not in NOT_YET], ids=lambda stage: stage.notebook
)


def code_of(stage) -> list[tuple[int, str]]:
    """The code cells of a notebook, each with its place."""
    return [(place, cell.source) for place, cell in enumerate(read(stage).cells) if cell.cell_type == "code"]


@in_the_form
def test_no_cell_has_more_than_twelve_lines(stage):
    long = {place: len(source.splitlines()) for place, source in code_of(stage)}
    assert not {place: lines for place, lines in long.items() if lines > 12}, (
        "what is not the lesson belongs in the package"
    )


@in_the_form
def test_no_cell_asks_what_data_there_are_or_formats_a_figure_or_a_sentence(stage):
    plumbing = re.compile(r"lab\.has\(|lab\.card\.name ==|repository\.has\(|\bax\.set|\bprint\(\s*f\"")
    found = {place: plumbing.findall(source) for place, source in code_of(stage)}
    branches = {
        place: node.lineno
        for place, source in code_of(stage)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.If, ast.For, ast.While))
    }
    assert not {place: words for place, words in found.items() if words}, "sections say what they need: needs: [...]"
    assert not branches, "cells with an if or a loop"


@each_notebook
def test_what_follows_a_section_that_may_be_left_out_begins_with_its_heading(stage):
    inside, stranded = [], []
    for cell in read(stage).cells:
        heading = re.search(r"^#+ ", cell.source, re.M) if cell.cell_type == "markdown" else None
        if heading:
            stranded += [cell.source[:60]] if set(inside) - {"transactions"} and heading.start() else []
            inside = cell.metadata.get("needs", [])
    assert not stranded, "these words would stay when the section they end is left out"


@in_the_form
def test_a_section_that_may_be_left_out_says_what_it_needs_where_its_heading_is(stage):
    cells = [cell for cell in read(stage).cells if "needs" in cell.metadata]
    assert [cell.source[:60] for cell in cells if not re.search(r"^#{2,4} ", cell.source, re.M)] == []


@in_the_form
def test_it_asks_five_questions_or_more_and_ends_in_a_decision(stage):
    code = "\n".join(source for _, source in code_of(stage))
    assert len(re.findall(r'\bask\("', code)) >= 5
    assert re.search(r"\.decide\(", code) and (2, "Decide") in headings(read(stage))


@in_the_form
def test_it_brings_twelve_terms_at_most(stage):
    _, *others = texts(read(stage))
    bold = {" ".join(found.split()) for text in others for found in re.findall(r"\*\*(.+?)\*\*", text, flags=re.S)}
    assert len(bold - LABELS) <= 12, sorted(bold - LABELS)


@in_the_form
def test_every_figure_has_words_that_say_its_finding(stage):
    shown = [
        (place, output["data"].get("text/plain", ""))
        for place, cell in enumerate(read(stage).cells)
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert not [place for place, words in shown if not re.match(r"Figure: \S.+", words)]


@in_the_form
def test_every_headline_has_its_sentence_beside_the_notebook(stage):
    named = set(re.findall(r'lab\.headline\(\s*"(\w+)"', "\n".join(source for _, source in code_of(stage))))
    assert named <= set(questions.content(stage.notebook[:2]).get("headlines", {}))


LABELS = {"Try it.", "Next:", "What you need to know:", "What you will be able to do:", "How long:"}


def glossary() -> dict[str, str]:
    """Every way to write a term of the glossary, to the notebook in which it says the term is first."""
    rows = re.findall(r"^\| (.+?) \| .+ \| \[(\d\d)\]", (ROOT / "docs" / "glossary.md").read_text("utf-8"), flags=re.M)
    forms = {}
    for term, number in rows:
        short, inside = re.sub(r" \(.*?\)", "", term), re.findall(r"\((.*?)\)", term)
        for form in {term, short, *short.split(", "), *inside}:
            forms.setdefault(singular(form), number)
    return forms


def singular(term: str) -> str:
    lower = " ".join(term.split()).lower().rstrip(".:")
    return re.sub(r"(?<=ss)es$|(?<=[^s])s$", "", lower)


@each_notebook
def test_every_term_in_bold_is_in_the_glossary(stage):
    known = glossary()
    _, *others = texts(read(stage))
    bold = {" ".join(found.split()) for text in others for found in re.findall(r"\*\*(.+?)\*\*", text, flags=re.S)}
    assert not sorted(term for term in bold - LABELS if singular(term) not in known), (
        "a term in bold stands in docs/glossary.md; emphasis is in italics"
    )


def test_no_term_of_the_glossary_is_explained_before_the_notebook_it_names():
    known, early = glossary(), []
    for stage in GUIDED:
        for text in texts(read(stage))[1:]:
            for found in re.findall(r"\*\*(.+?)\*\*", text, flags=re.S):
                number = known.get(singular(found))
                early += [(found, stage.notebook)] if number and stage.notebook[:2] < number else []
    assert not early


def test_the_glossary_has_each_term_once_with_its_chinese_name():
    rows = re.findall(
        r"^\| (.+?) \| (.+?) \| (.+?) \| \[", (ROOT / "docs" / "glossary.md").read_text("utf-8"), flags=re.M
    )
    terms = [term for term, _, _ in rows]
    assert len(terms) > 120 and len(set(terms)) == len(terms)
    assert all(re.search("[\u4e00-\u9fff]", chinese) for _, chinese, _ in rows)
    assert all(meaning.endswith(".") for _, _, meaning in rows)


@each_notebook
def test_links_are_written_as_links_of_markdown_since_a_page_empties_raw_anchors(stage):
    assert not [text for text in texts(read(stage)) if "<a " in text]
