"""A class's data and answers follow from its secret, which neither the package nor a student has."""

import importlib.util
import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from idic_lab import datasets, meridian
from idic_lab.errors import DataError
from idic_lab.exercises import begin, check, my_shop
from idic_lab.exercises.answer_key import AnswerKey, secret_of
from idic_lab.exercises.questions import ASSIGNMENTS
from idic_lab.exercises.student import RECORDED, packed, seed_of, student_shop, student_tables, unpacked
from idic_lab.exercises.students_copy import hand_out, make_secret, students_copies
from idic_lab.meridian.settings import PurchaseModel

ROOT = Path(__file__).parents[2]
KEY = AnswerKey(ROOT / "exercises")
SECRET = "0123 4567 89ab cdef 0123 4567 89ab cdef"


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """A course with a secret, and what two of its students get."""
    course = tmp_path_factory.mktemp("class")
    (course / "source").symlink_to(ROOT / "exercises" / "source")
    (course / "class_secret").write_text(SECRET, encoding="utf-8")
    return course, hand_out(course, ["Ada", "José Núñez"], course / "handed-out")


def test_a_secret_is_drawn_once_and_read_however_it_is_grouped(tmp_path):
    told = make_secret(tmp_path)
    assert secret_of(tmp_path) == told.replace(" ", "") and len(secret_of(tmp_path)) == 32
    assert (tmp_path / "class_secret").stat().st_mode & 0o77 == 0
    with pytest.raises(DataError, match="is there already"):
        make_secret(tmp_path)
    (tmp_path / "class_secret").write_text("1234", encoding="utf-8")
    with pytest.raises(DataError, match="32 digits"):
        secret_of(tmp_path)


def test_a_student_of_a_class_works_on_data_that_do_not_follow_from_the_id(handed_out, monkeypatch, capsys):
    _, (ada, _) = handed_out
    monkeypatch.chdir(ada)
    tables = begin("ada")
    assert "ada.data.zip: 400 customers" in capsys.readouterr().out
    practice = student_tables("ada")
    assert not tables["transactions"].equals(practice["transactions"])
    check("value_q01", 400)
    assert RECORDED in capsys.readouterr().out


def test_the_grader_expects_what_follows_from_the_file(handed_out, monkeypatch):
    _, (ada, _) = handed_out
    monkeypatch.chdir(ada)
    key = AnswerKey(ROOT / "exercises", SECRET.replace(" ", ""))
    assert key.judge("value_q02", float(begin("ada")["transactions"]["amount"].sum() / 400), "ada").credit == 1
    with my_shop() as shop:
        assert key.judge("shop_q02", float(shop.next()["costs"]["amount"].sum()), "ada").credit == 1


def test_the_shop_of_anybody_in_the_class_is_nobodys_own_data(tmp_path, handed_out):
    jose = handed_out[1][1]
    for name in ("answers", "misconceptions"):
        (tmp_path / name).symlink_to(ROOT / "exercises" / name)
    (tmp_path / "handed-out" / jose.name).mkdir(parents=True)
    key = AnswerKey(tmp_path, SECRET.replace(" ", ""))
    joses, adas = (student_shop(name, key.secret).tables["transactions"][BROUGHT] for name in ("jose.nunez", "ada"))
    mixed = pd.concat([disguised(joses), adas])
    practice = student_tables("ada")["transactions"][BROUGHT]
    for taken in (joses, disguised(joses).sample(frac=1, random_state=0), mixed, practice):
        verdict = key.judge("capstone_q01", taken, "ada")
        assert verdict.credit == 0 and "somebody in your class" in verdict.message


BROUGHT = ["customer_id", "date", "amount"]


def disguised(orders):
    return orders.assign(
        customer_id="K" + orders["customer_id"],
        date=orders["date"] - pd.Timedelta(days=1000),
        amount=(orders["amount"] * 7.3).round(),
    )


@pytest.mark.parametrize("world", ["friendly", "regular", "clumpy", "silent", "seasonal", "drifting", "dependent"])
def test_a_simulated_shop_is_nobodys_own_whatever_its_seed_and_world(world):
    simulated = meridian.simulate(n=400, seed=31, world=world).tables["transactions"][BROUGHT]
    some = simulated["customer_id"].drop_duplicates().sample(frac=0.8, random_state=0)
    for taken in (simulated, disguised(simulated[simulated["customer_id"].isin(some)])):
        verdict = KEY.judge("capstone_q01", taken, "ada")
        assert verdict.credit == 0 and "this package simulates" in verdict.message


def test_real_customers_of_the_course_are_nobodys_own_and_other_laws_of_spend_pass():
    real = datasets.load("cdnow", quiet=True).transactions.query("amount > 0")[BROUGHT]
    taken = real[real["customer_id"].isin(real["customer_id"].drop_duplicates().sample(3000, random_state=1))]
    assert "data of this course" in KEY.judge("capstone_q01", disguised(taken), "ada").message
    # Spend in CDNOW is known to follow a law of the simulated kind, and is told from it all the same.
    assert not KEY._answers["capstone_q01"].__globals__["_as_simulated"](taken)
    own = meridian.simulate(n=400, seed=31, difficulty={"purchase": PurchaseModel(p=1.5, q=3.0)}).tables["transactions"]
    assert KEY.judge("capstone_q01", own[BROUGHT], "ada").credit == 1


def test_a_mistyped_id_costs_nothing_where_one_file_lies_beside_the_notebook(handed_out, monkeypatch):
    _, (ada, _) = handed_out
    monkeypatch.chdir(ada)
    assert begin("ada.l")["transactions"].equals(begin("ada")["transactions"])


def test_tables_survive_the_file_and_nothing_planted_is_in_it():
    content, shop = packed("ada", "0" * 32), student_shop("ada", "0" * 32)
    tables = unpacked(content)
    assert set(tables) == set(shop.tables) and not set(tables) & set(shop.truth)
    for name, table in tables.items():
        assert table.equals(shop.tables[name]), name


def test_the_file_tells_the_shop_to_play_and_not_the_shop_whose_truth_is_judged():
    data, shop = (seed_of("ada", "0" * 32, part) for part in ("data", "shop"))
    assert data != shop and data > 2**96 and str(data).encode() not in packed("ada", "0" * 32)
    assert seed_of("ada", "0" * 32) != seed_of("ada") and seed_of("ada", "1" * 32) != data


def test_what_students_get_holds_neither_solutions_nor_the_secret(handed_out):
    _, folders = handed_out
    assert [folder.name for folder in folders] == ["ada", "jose.nunez"]
    for folder in folders:
        assert len(list(folder.glob("*.ipynb"))) == len(ASSIGNMENTS)
        for path in folder.iterdir():
            content = path.read_bytes().replace(b" ", b"")
            assert SECRET.replace(" ", "").encode() not in content
            assert b"BEGIN SOLUTION" not in path.read_bytes() and b"HIDDEN TESTS" not in path.read_bytes()
    assert 'STUDENT_ID = \\"jose.nunez\\"' in (folders[1] / "value.ipynb").read_text(encoding="utf-8")


def test_nobody_is_handed_out_to_twice(handed_out):
    course, _ = handed_out
    with pytest.raises(DataError, match="the same as another"):
        hand_out(course, ["José", "jose"], course / "again")


def test_the_students_copy_is_what_nbgrader_releases(released):
    ours = nbformat.reads(students_copies(released.root)["value"], 4)
    theirs = released.notebook("value", "release")
    assert [cell.source.strip() for cell in ours.cells] == [cell.source.strip() for cell in theirs.cells]


def test_the_wheel_holds_no_answers():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    hook, told = build.Shipped.__new__(build.Shipped), {"force_include": {}}
    hook._BuildHookInterface__root = str(ROOT)
    hook.initialize("standard", told)
    exercises = {place: kept for kept, place in told["force_include"].items() if "/exercises/" in place}
    assert len(exercises) == len(ASSIGNMENTS) + 1
    for place, kept in exercises.items():
        text = (ROOT / kept).read_text(encoding="utf-8")
        assert place.endswith(("STUDENTS.md", ".ipynb")) and "BEGIN SOLUTION" not in text
        assert place.endswith(".md") or not any(cell.get("outputs") for cell in json.loads(text)["cells"])
    hook.finalize("standard", told, "")
