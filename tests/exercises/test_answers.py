"""The exercises hold what they promise: solutions, wrong answers, hints, forms of answers."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from idic_lab.errors import LabError
from idic_lab.exercises import begin, check, choices, student_tables
from idic_lab.exercises.answer_key import AnswerKey
from idic_lab.exercises.course_checks import check_answers, check_completeness, check_metadata
from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.questions import ASSIGNMENTS, QUESTIONS, AnyOf, Choice, Number, question
from idic_lab.exercises.student import RECORDED, Unanswered, Unreadable, decode, encode, form_problem

COURSE = CourseFolder(Path(__file__).parents[2] / "exercises")


def test_every_assignment_of_the_course_is_there():
    assert set(COURSE.assignments) == set(ASSIGNMENTS)


def test_metadata_are_valid_ids_are_unique_and_points_add_up():
    assert check_metadata(COURSE).faults == ()


def test_every_question_has_a_form_an_expected_answer_and_the_promised_numbers_are_kept():
    assert check_completeness(COURSE).faults == ()


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_model_solutions_score_everything_and_wrong_answers_what_the_bank_says(assignment):
    students = ("bob.k",) if assignment == "shop" else ("bob.k", "ada")
    assert check_answers(COURSE, assignment, students).faults == ()


def test_a_copied_answer_is_wrong():
    answer = decode(encode(student_tables("ada")["transactions"]["amount"].sum() / 400))
    assert COURSE.key.judge("value_q02", answer, "ada").credit == 1
    assert COURSE.key.judge("value_q02", answer, "bob").credit == 0


def test_check_says_the_same_of_a_right_answer_a_misconception_and_any_other(capsys):
    tables = begin("ada")
    capsys.readouterr()
    for answer in (400, len(tables["transactions"]), 17):
        check("value_q01", answer)
        assert capsys.readouterr().out == f"value_q01: {RECORDED}\n"


@pytest.mark.parametrize("name", [name for name in sorted(COURSE.key.names) if isinstance(question(name).form, Choice)])
def test_nothing_can_be_found_out_by_trying_every_choice(name, capsys):
    begin("ada")
    capsys.readouterr()
    for option in question(name, "ada").form.options:
        check(name, option)
    assert set(capsys.readouterr().out.splitlines()) == {f"{name}: {RECORDED}"}


def test_check_tells_a_right_answer_from_no_other_of_its_form(capsys):
    """Whoever tries candidates, from the package or from anywhere, learns no more than what the form excludes."""
    begin("ada")
    compared = [name for name in sorted(COURSE.key.names) if not COURSE.key.judges(name) and "capstone" not in name]
    for name in compared:
        form, right = question(name, "ada").form, COURSE.key._call(COURSE.key._answers[name], "ada", None)
        ways = [known.wrong for known in COURSE.key.misconceptions(name)]
        wrong = [
            COURSE.key._call(way, "ada", None) for way in ways if "answer" not in inspect.signature(way).parameters
        ]
        wrong = [answer for answer in wrong if not form_problem(form, form.read(decode(encode(answer))))]
        capsys.readouterr()
        for answer in (*(right if isinstance(right, AnyOf) else [right]), *wrong):
            check(name, answer)
        assert set(capsys.readouterr().out.splitlines()) == {f"{name}: {RECORDED}"}
    assert len(compared) > 90


def test_an_answer_of_any_kind_to_any_question_is_refused_and_stops_nothing():
    begin("ada")
    for name in QUESTIONS:
        for answer in (
            3,
            "x",
            True,
            [],
            ["C1"],
            {"x": 1.0},
            pd.DataFrame({"x": [1]}),
            pd.Timestamp("2025-01-01"),
            print,
        ):
            check(name, answer)


def test_the_letter_of_the_right_statement_differs_between_students(capsys):
    letters = set()
    for student in ("ada", "bob", "cy", "dot", "eve"):
        begin(student)
        capsys.readouterr()
        choices("value_q11")
        said = capsys.readouterr().out.splitlines()
        letter = next(line[0] for line in said if "because of a few large" in line)
        letters.add(letter)
        assert COURSE.key.judge("value_q11", letter, student).credit == 1
    assert letters == {"a", "b", "c"}


def test_no_letter_wins_more_than_chance_over_a_class_and_all_choices():
    choices_asked = [name for name in sorted(COURSE.key.names) if isinstance(question(name).form, Choice)]
    choices_asked = [name for name in choices_asked if not question(name).form.words and "capstone" not in name]
    right = [
        COURSE.key.judge(name, letter, f"s{number}").credit == 1
        for name in choices_asked
        for number, letter in enumerate("abc" * 4)
    ]
    assert len(choices_asked) > 20
    assert np.mean(right) == pytest.approx(1 / 3, abs=0.07)


def test_no_number_asked_for_is_the_same_for_everybody():
    key, students = AnswerKey(COURSE.root, secret="ab" * 32), ("one", "two", "three")
    alike = []
    for name in sorted(key.names):
        asked = inspect.signature(key._answers[name]).parameters
        if not isinstance(question(name, "one").form, Number) or {"answer", "brought", "game"} & set(asked):
            continue
        found = [key._call(key._answers[name], student, None) for student in students]
        alike += [name] if question(name, "one").form.same(found[0], found[1]) and found[1] == found[2] else []
    assert alike == []


FOLLOWED = {  # a question, and a known wrong way to the one it builds on
    "value_q14": ("value_q10", "holdout_leaked"),
    "audit_and_contracts_q07": ("audit_and_contracts_q06", "complement"),
    "customize_q10": ("customize_q02", "profit_read_as_gain"),
    "customize_q14": ("customize_q13", "owners_counted_in"),
    "interact_q10": ("interact_q03", "all_contacts"),
    "lifetime_value_q13": ("lifetime_value_q11", "past_spend_for_value"),
}


def _following(name, student, earlier):
    """The verdict on the answer that follows from made earlier ones."""
    answer = COURSE.key._call(COURSE.key._answers[name], student, None, given=earlier)
    return COURSE.key.judge(name, decode(encode(answer)), student, earlier=earlier), answer


@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.parametrize("student", ["ada", "bob", "eve"])
def test_what_follows_rightly_from_a_wrong_answer_earns_most_and_says_where_to_look(name, student):
    before, kind = FOLLOWED[name]
    wrong = next(known.wrong for known in COURSE.key.misconceptions(before) if known.name == kind)
    wrong = decode(encode(COURSE.key._call(wrong, student, None)))
    verdict, answer = _following(name, student, {before: wrong})
    if verdict.shows != "right":
        assert verdict.credit == 0.75 and question(before).title in verdict.message
        assert COURSE.key.judge(name, decode(encode(answer)), student).credit < 0.5  # without it, as before


@pytest.mark.parametrize(
    ("name", "made_up"),
    [
        ("value_q14", {"value_q10": 0.0}),
        ("value_q14", {"value_q10": 1.0}),
        ("audit_and_contracts_q07", {"audit_and_contracts_q06": 1.0}),
        ("audit_and_contracts_q07", {"audit_and_contracts_q06": 0.0}),
        ("customize_q10", {"customize_q02": 1e6}),
        ("customize_q14", {"customize_q13": 0.0}),
        ("interact_q10", {"interact_q03": 0.0}),
        ("lifetime_value_q13", {"lifetime_value_q11": []}),
        ("lifetime_value_q13", {"lifetime_value_q11": [f"C{n:06d}" for n in range(40)]}),
        ("lifetime_value_q14", {"lifetime_value_q06": 7.0, "lifetime_value_q07": 7.0}),
        ("lifetime_value_q14", {"lifetime_value_q06": 7.0, "lifetime_value_q07": 0.0}),
        ("needs_and_portfolio_q10", {"needs_and_portfolio_q07": 5000.0}),
    ],
)
def test_an_earlier_answer_made_up_to_make_the_later_easy_earns_no_more_than_a_misconception(name, made_up):
    verdicts = [_following(name, student, made_up)[0] for student in ("ada", "bob", "eve")]
    assert all(verdict.credit <= 0.25 or verdict.shows == "right" for verdict in verdicts)
    assert min(verdict.credit for verdict in verdicts) <= 0.25


def test_an_answer_computed_from_a_rounded_right_one_is_right():
    share = round(COURSE.key._call(COURSE.key._answers["value_q10"], "ada", None), 2)
    assert _following("value_q14", "ada", {"value_q10": share})[0].credit == 1


def test_the_step_to_be_dated_is_not_on_one_day_for_everybody():
    dates = {_step_of(f"s{number}") for number in range(8)}
    assert len(dates) >= 5


def _step_of(student):
    from idic_lab.exercises.student import student_shop

    return student_shop(student).truth["weekly_changes"].query("kind == 'step'")["starts"].iloc[0]


def test_neither_a_misconception_nor_an_answer_can_be_read_from_the_package():
    package = Path(student_tables.__code__.co_filename).parent
    told = "".join(path.read_text(encoding="utf-8") for path in package.glob("*") if path.is_file())
    hints = [known.hint for name in COURSE.key.names for known in COURSE.key.misconceptions(name)]
    assert len(hints) > 100
    assert not [hint for hint in hints if hint in told]


def test_check_says_that_nothing_was_answered(capsys):
    begin("ada")
    check("value_q01", ...)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize("student_id", ["", "  ", "a/b", "../x", "x" * 65, 7])
def test_an_id_that_is_no_id_is_refused(student_id):
    with pytest.raises(LabError, match="STUDENT_ID"):
        student_tables(student_id)


@pytest.mark.parametrize(
    "answer", [3, 2.5, "b", True, [1, 2], {"x": 1.0}, pd.Series([1.5], index=["C1"]), np.float64(2), np.array(["a"])]
)
def test_an_answer_survives_its_way_to_the_grader(answer):
    read = decode(encode(answer))
    expected = pd.Series(answer) if isinstance(answer, dict) else answer
    if isinstance(expected, pd.Series):
        assert read.to_dict() == expected.to_dict()
    else:
        assert read == (list(expected) if isinstance(expected, (list, np.ndarray)) else expected)


def test_a_table_survives_its_way_to_the_grader_with_its_index_as_a_column():
    table = pd.DataFrame({"amount": [1.0, 2.0]}, index=pd.Index(["C1", "C2"], name="customer_id"))
    assert decode(encode(table))["customer_id"].tolist() == ["C1", "C2"]


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), print, object()])
def test_what_is_no_answer_is_unreadable_and_says_why(answer):
    assert isinstance(decode(encode(answer)), Unreadable)


def test_nothing_given_is_no_answer():
    assert isinstance(decode(encode(...)), Unanswered)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"kind": "table", "names": ["a"], "columns": []}'])
def test_a_forged_message_is_unreadable_and_stops_nothing(text):
    assert isinstance(decode(text), Unreadable)
