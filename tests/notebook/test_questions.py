"""Questions answer back, decisions are kept, sections without data are left out, and each notebook asks what its file holds."""

import io
import re
import xml.etree.ElementTree as xml
import zipfile

import nbformat
import pandas as pd
import pytest
from typer.testing import CliRunner

from idic_lab.cli import app
from idic_lab.course.runs import notebooks
from idic_lab.errors import DataError, UnknownName
from idic_lab.notebook import decisions, questions
from idic_lab.notebook import questions as exports
from idic_lab.notebook.lab import start
from idic_lab.pipeline import STAGES

NUMBERS = sorted(stage.notebook[:2] for stage in STAGES)


def code_of(number: str) -> str:
    stage = next(stage for stage in STAGES if stage.notebook.startswith(number))
    cells = nbformat.read(notebooks.path_of(stage), as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_notebook_asks_each_of_its_questions_once_and_at_least_five(number):
    asked = re.findall(r'ask\(\s*"([^"]+)"', code_of(number))
    assert sorted(asked) == sorted(questions.questions(number))
    assert len(asked) >= 5


@pytest.mark.parametrize("number", [number for number in NUMBERS if number not in ("00", "53")])
def test_a_notebook_ends_in_a_decision(number):
    named = re.findall(r'lab\.decide\(\s*"([^"]+)"', code_of(number))
    assert named and all(len(decisions.decision(one).options) >= 2 for one in named)


def test_every_wrong_choice_names_the_misconception_it_shows():
    named = [
        (asked.id, choice.text)
        for asked in exports.every_question()
        for choice in asked.choices
        if not asked.estimate and not choice.right and not choice.misconception
    ]
    assert not named


def test_the_place_of_the_right_choice_tells_nothing():
    asked = [one for one in exports.every_question() if not one.estimate]
    places = [[choice.right for choice in one.choices].index(True) / (len(one.choices) - 1) for one in asked]
    assert 0.35 < sum(places) / len(places) < 0.65


def test_an_estimate_is_right_where_the_number_computed_falls():
    asked = questions.question("21-top-fifth")
    assert [choice.right for choice in asked.settled(0.31)] == [False, True, False, False]
    assert [choice.right for choice in asked.settled(0.99)] == [False, False, False, True]
    assert "99%" in questions.page(asked, 0.99)


def test_an_estimate_that_the_data_do_not_give_asks_nobody(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    questions.ask("45-shelf", float("nan"))
    assert "cannot tell" in shown[0]["text/markdown"]
    assert "text/html" not in shown[0]


def test_what_a_file_says_is_shown_and_never_run():
    choice = questions.Choice("<script>alert(1)</script>", "a & b", right=True)
    page = questions.page(questions.Question("21-x", "x < y?", (choice, questions.Choice("no", "why"))))
    assert "<script" not in page and "&lt;script&gt;" in page and "x &lt; y?" in page


def test_a_picture_is_drawn_beside_the_words_that_tell_it():
    page = questions.page(questions.question("22-second-when"))
    assert page.count("<polyline") == 3 and "it climbs evenly" in page
    assert "<svg" not in questions.page(questions.question("22-newest"))


def test_a_mistyped_question_or_decision_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="21-top-fifth"):
        questions.question("21-top-fith")
    with pytest.raises(UnknownName, match="21-look-after"):
        decisions.decision("21-look-aftr")


def test_a_file_without_exactly_one_right_choice_is_refused():
    two = tuple(questions.Choice(text, "why", right=True) for text in ("a", "b"))
    with pytest.raises(DataError, match="exactly one choice"):
        questions._check(questions.Question("21-x", "?", two), "21", set())


def test_a_choice_is_kept_until_another_is_made():
    lab = start("21_differentiate_value_rfm", dataset="cdnow_sample", quiet=True)
    numbers = {"money": 0.6, "score": 0.62, "low": -1.0, "high": 2.0, "silent": 0.2}
    lab.decide("21-look-after", **numbers)
    assert lab.repository.read("decisions")["option"].tolist() == ["open"]
    assert set(lab.decisions()["option"]) == {"open"}
    lab.decide("21-look-after", "b", **numbers)
    lab.decide("21-look-after", **numbers)
    taken = lab.decisions().query("option != 'open'")
    assert taken[["decision_id", "option"]].to_numpy().tolist() == [["21-look-after", "b"]]
    with pytest.raises(UnknownName, match="option"):
        lab.decide("21-look-after", "z", **numbers)


def test_moodle_gets_each_question_with_one_right_answer_and_a_reason_for_each():
    root = xml.fromstring(exports.moodle(exports.every_question()))
    assert len(root) == len(exports.every_question())
    for asked in root:
        fractions = [answer.get("fraction") for answer in asked.iter("answer")]
        assert fractions.count("100") == 1 and set(fractions) <= {"0", "100"}
        assert all(answer.find("feedback/text").text for answer in asked.iter("answer"))


def test_the_qti_package_holds_what_its_manifest_lists():
    archive = zipfile.ZipFile(io.BytesIO(exports.qti(exports.every_question())))
    space = {"p": "http://www.imsglobal.org/xsd/imscp_v1p1", "q": "http://www.imsglobal.org/xsd/imsqti_v2p1"}
    manifest = xml.fromstring(archive.read("imsmanifest.xml"))
    listed = [resource.get("href") for resource in manifest.iterfind(".//p:resource", space)]
    assert sorted([*listed, "imsmanifest.xml"]) == sorted(archive.namelist())
    for name in listed:
        item = xml.fromstring(archive.read(name))
        offered = {choice.get("identifier") for choice in item.iterfind(".//q:simpleChoice", space)}
        assert item.findtext("q:responseDeclaration/q:correctResponse/q:value", namespaces=space) in offered
        assert {told.get("identifier") for told in item.iterfind("q:modalFeedback", space)} == offered


def test_identifiers_of_the_export_are_names_in_xml_and_used_once():
    archive = zipfile.ZipFile(io.BytesIO(exports.qti(exports.every_question())))
    roots = [xml.fromstring(archive.read(name)) for name in archive.namelist() if name.startswith("items/")]
    names = [root.get("identifier") for root in roots]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in names)
    order = ["responseDeclaration", "outcomeDeclaration", "itemBody", "responseProcessing", "modalFeedback"]
    for root in roots:
        places = [order.index(child.tag.partition("}")[2]) for child in root]
        assert places == sorted(places) and set(places) == set(range(5))  # the sequence that the schema demands
        assert {root.get("adaptive"), root.get("timeDependent")} == {"false"} and root.get("title")
        declared = {one.get("identifier") for one in root if one.tag.endswith("Declaration")}
        processed = root.find("{*}responseProcessing").iter()
        assert declared >= {one.get("identifier") for one in processed if one.get("identifier")}
        (asked,) = root.find("{*}itemBody")
        assert set(asked.attrib) == {"responseIdentifier", "shuffle", "maxChoices"}
        assert {told.get("outcomeIdentifier") for told in root.findall("{*}modalFeedback")} <= declared
        assert not re.search(r"\*\w|`", "".join(root.itertext())), "emphasis and code are elements, not marks"


def test_one_command_writes_the_questions_by_the_ending_of_the_file(tmp_path):
    run = CliRunner()
    for ending, begins in ((".xml", b"<?xml"), (".zip", b"PK")):
        file = tmp_path / f"questions{ending}"
        assert "questions to" in run.invoke(app, ["exercises", "export-questions", str(file)]).output
        assert file.read_bytes().startswith(begins)
    assert run.invoke(app, ["exercises", "export-questions", str(tmp_path / "questions.doc")]).exit_code


def test_a_section_without_its_tables_leaves_its_heading_and_one_line():
    cells = [
        {"id": "a", "cell_type": "markdown", "source": "# Title", "metadata": {}},
        {"id": "b", "cell_type": "markdown", "source": "## Prices\n\ntext", "metadata": {"needs": ["price_tests"]}},
        {"id": "c", "cell_type": "code", "source": "1", "metadata": {}},
        {"id": "d", "cell_type": "markdown", "source": "### Deeper", "metadata": {}},
        {"id": "e", "cell_type": "markdown", "source": "## Summary", "metadata": {}},
    ]
    fed, starved = {"cells": [dict(cell) for cell in cells]}, {"cells": [dict(cell) for cell in cells]}
    notebooks.prune(fed, lambda table: True)
    notebooks.prune(starved, lambda table: False)
    assert [cell["id"] for cell in fed["cells"]] == list("abcde")
    assert [cell["id"] for cell in starved["cells"]] == list("abe")
    assert starved["cells"][1]["source"].startswith("## Prices\n\n*") and "price_tests" in starved["cells"][1]["source"]


def test_a_table_that_these_data_lack_is_none_and_one_of_the_round_before_is_never_made():
    lab = start("42_customize_offers", dataset="cdnow_sample", quiet=True)
    assert lab.get("campaign_results") is None
    assert lab.get("policy") is None and not lab.repository.has("policy")
    assert len(lab.get("segments:rfm")) == 2357


def test_a_headline_says_of_what_is_not_known_that_it_is_not(capsys):
    lab = start("53_review_dashboard", dataset="cdnow_sample", quiet=True)
    lab.headline("active_customers", 1506, before=float("nan"))
    assert capsys.readouterr().out == "1,506 customers bought in it; the year before: not known.\n"


@pytest.mark.parametrize(("value", "shown"), [(0.252, "25.2%"), (0.34, "34%"), (0.0496, "4.96%"), (0.25, "25%")])
def test_a_number_is_told_from_where_its_choice_ends(value, shown):
    asked = questions.question("54-left")
    right = next(choice for choice in asked.settled(value) if choice.right)
    assert shown in asked.reason(right, value)


def test_a_decision_says_nothing_with_a_number_that_is_not_there():
    row = pd.Series({"low": float("nan"), "high": float("nan")})
    missing = {"doubtful": 0, "at_stake": float("nan"), "doubt": row, "gone": row, "rule": 0.4, "model": 0.5}
    said = decisions.page(decisions.decision("23-win-back"), **missing)
    assert "nan" not in said


def test_a_decision_on_a_plan_for_nobody_says_so_and_promises_no_profit_of_nothing():
    numbers = {"profit": 0.0, "assumed": 0.0, "half": 0.0, "left": 25_000, "unit": "USD"}
    said = decisions.page(decisions.decision("51-plan"), of=0, **numbers)
    assert "nobody may be contacted" in said and "25,000 USD is left" in said and "profit of 0" not in said
    assert "profit of 0 USD" in decisions.page(decisions.decision("51-plan"), of=3, **numbers)
