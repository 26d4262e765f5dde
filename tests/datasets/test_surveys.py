"""A survey as it is exported becomes answers on their scales, whatever they are written in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import datasets
from idic_lab.datasets.own import people
from idic_lab.differentiate import needs
from idic_lab.errors import DataError

RNG = np.random.default_rng(5)
TRUTH = RNG.integers(0, 2, size=(30, 6))
SPELLINGS = {
    "numbers": ("0", "1"),
    "english": ("No", "Yes"),
    "german": ("nein", "Ja"),
    "spanish": ("No", "Sí"),
    "true": ("FALSE", "TRUE"),
    "chinese": ("否", "是"),
    "japanese": ("いいえ", "はい"),
    "russian": ("нет", "да"),
}


@pytest.fixture
def load(tmp_path):
    def load(frame, file="travel.csv"):
        path = tmp_path / file
        frame.to_csv(path, index=False) if file.endswith("csv") else frame.to_excel(path, index=False)
        return datasets.load(path, quiet=True)

    return load


def answered(written=lambda value: value):
    return pd.DataFrame({f"I like thing {item}": [written(value) for value in TRUTH[:, item]] for item in range(6)})


def battery(made):
    found = needs.battery(made.survey_responses, made.identity_links, made.survey_questions)
    return found.drop(columns="customer_id").to_numpy()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_yes_and_no_are_read_in_many_spellings(load, spelling):
    frame = answered(SPELLINGS[spelling].__getitem__)
    frame.insert(0, "Gender", ["f", "m"] * 15)
    frame["Age"] = range(20, 50)
    made = load(frame)
    assert (battery(made) == TRUTH).all()
    assert list(made.demographics) == ["customer_id", "Gender", "Age"]


def test_a_missing_answer_stays_missing_and_who_answered_nothing_is_rejected(load):
    frame = answered(lambda value: ("no", "yes")[value]).astype(object)
    frame.iloc[3, 2], frame.iloc[7, :] = "n/a", None
    made = load(frame.assign(respondent=range(30)))
    assert len(made.survey_responses) == 29 * 6 - 1
    assert made.rejects[["line", "reason"]].to_numpy().tolist() == [[9, "no answer"]]


@pytest.mark.parametrize("form", ["number", "text", "words"])
def test_a_scale_is_never_silently_taken_for_yes_and_no(load, form):
    points = RNG.integers(1, 6, size=(40, 6))
    points[:5] = np.arange(1, 6)[:, None]
    words = ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"]
    written = {"number": str, "text": lambda point: f"{point} - of five", "words": lambda point: words[point - 1]}[form]
    made = load(pd.DataFrame({f"Q{item}": map(written, points[:, item]) for item in range(6)}))
    scale = made.survey_questions.query("maximum == 5")
    assert len(scale) == 6
    kept = made.survey_responses[made.survey_responses["question_id"].isin(scale["question_id"])]
    assert kept["answer"].sum() == points.sum()
    assert (battery(made) == (points > 3)).all()
    assert any("answers above 3 on the scale 1 to 5 count as yes" in text for text in made.card.assumptions)


def test_a_workbook_is_as_good_as_a_text_file(load):
    pytest.importorskip("openpyxl")
    assert (battery(load(answered(), "travel.xlsx")) == TRUTH).all()


@given(st.lists(st.text(max_size=12) | st.none() | st.integers() | st.floats(), max_size=8))
def test_any_column_is_read_or_is_no_question(values):
    read = people.answers(pd.Series(values, dtype=object))
    assert read is None or (read.dtype == "float64" and len(read) == len(values))


def test_orders_are_no_survey():
    orders = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2024-01-01"] * 2, "amount": ["3", "4"]})
    assert not people.is_survey(orders)


def test_a_log_is_no_table_of_people_and_free_text_describes_nobody(load, tmp_path):
    (tmp_path / "log.csv").write_text("user,when\nA,2024-01-31\nB,2024-02-01\n")
    with pytest.raises(DataError, match="no column for date, amount"):
        datasets.load(tmp_path / "log.csv", quiet=True)
    made = load(answered().assign(Comment=[f"ask for Ada Example {row}" for row in range(30)]))
    assert "demographics" not in made.tables
