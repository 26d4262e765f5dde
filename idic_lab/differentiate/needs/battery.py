"""From rows of answers to one row per customer: the battery of yes/no questions that segments are made from."""

from __future__ import annotations

import pandas as pd

from idic_lab.errors import DataError, UnknownName

FEWEST_QUESTIONS = 5


def battery_survey(survey_questions: pd.DataFrame) -> str:
    """The survey that is a battery: at least five questions, all answered by yes (1) or no (0).

    Raises
    ------
    DataError
        When there is none, or more than one to choose from.

    Examples
    --------
    >>> questions = pd.DataFrame({"survey_id": ["N"] * 5 + ["S"], "minimum": [0.0] * 6, "maximum": [1.0] * 5 + [10.0]})
    >>> battery_survey(questions)
    'N'
    """
    yes_no = survey_questions["minimum"].eq(0) & survey_questions["maximum"].eq(1)
    surveys = yes_no.groupby(survey_questions["survey_id"]).agg(["all", "size"])
    found = surveys.index[surveys["all"] & surveys["size"].ge(FEWEST_QUESTIONS)].tolist()
    if len(found) != 1:
        what = f"several ({', '.join(found)}): name one with survey_id" if found else "none"
        raise DataError(
            f"survey_questions: a needs battery is a survey of at least {FEWEST_QUESTIONS} questions on the scale "
            f"0 to 1; found {what}."
        )
    return found[0]


def battery(
    survey_responses: pd.DataFrame,
    identity_links: pd.DataFrame,
    survey_questions: pd.DataFrame,
    survey_id: str = "",
) -> pd.DataFrame:
    """The answers of each customer to the battery, the latest to each question.

    Parameters
    ----------
    survey_responses : DataFrame
        ``record_id``, ``survey_id``, ``date``, ``question_id``, ``answer``.
    identity_links : DataFrame
        ``record_id``, ``customer_id``: who is behind each record. Answers of a record without a link are left out;
        :func:`battery_coverage` counts them.
    survey_questions : DataFrame
        ``survey_id``, ``question_id``, ``minimum``, ``maximum``.
    survey_id : str
        The battery; empty: the one survey of yes/no questions.

    Returns
    -------
    DataFrame
        ``customer_id`` and one column per question (1 = yes, 0 = no, missing where not answered).

    Raises
    ------
    DataError
        When nobody linked answered.

    Examples
    --------
    >>> responses = pd.DataFrame({"record_id": ["r1", "r1", "r2"], "survey_id": "N",
    ...     "date": pd.to_datetime(["2025-01-01"] * 3), "question_id": ["Q1", "Q2", "Q1"], "answer": [1.0, 0.0, 0.0]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "bob"]})
    >>> questions = pd.DataFrame({"survey_id": "N", "question_id": ["Q1", "Q2"], "minimum": 0.0, "maximum": 1.0})
    >>> battery(responses, links, questions, survey_id="N")
      customer_id   Q1   Q2
    0         ann  1.0  0.0
    1         bob  0.0  NaN
    """
    answers, asked = _linked(survey_responses, identity_links, survey_questions, survey_id)
    if answers.empty:
        raise DataError("The needs battery has no answer of anybody who could be linked to a customer.")
    latest = answers.sort_values(["date", "record_id"]).drop_duplicates(
        ["customer_id", "question_id"], keep="last"
    )
    wide = latest.pivot_table(index="customer_id", columns="question_id", values="answer", aggfunc="last")
    wide = wide.reindex(columns=asked).reset_index()
    wide.columns.name = None
    return wide


def battery_coverage(
    survey_responses: pd.DataFrame,
    identity_links: pd.DataFrame,
    survey_questions: pd.DataFrame,
    survey_id: str = "",
) -> dict[str, int]:
    """How many records answered the battery, how many of them are linked, and to how many customers.

    Returns
    -------
    dict
        ``records``, ``linked``, ``customers``.
    """
    survey_id = survey_id or battery_survey(survey_questions)
    records = survey_responses.loc[survey_responses["survey_id"].eq(survey_id), "record_id"].drop_duplicates()
    linked = identity_links[identity_links["record_id"].isin(records)]
    return {
        "records": len(records),
        "linked": int(records.isin(linked["record_id"]).sum()),
        "customers": int(linked["customer_id"].nunique()),
    }


def question_texts(survey_questions: pd.DataFrame) -> dict[str, str]:
    """Wording by question."""
    return dict(zip(survey_questions["question_id"], survey_questions["text"], strict=True))


def _linked(survey_responses, identity_links, survey_questions, survey_id):
    survey_id = survey_id or battery_survey(survey_questions)
    asked = survey_questions.loc[survey_questions["survey_id"].eq(survey_id), "question_id"].tolist()
    if not asked:
        raise UnknownName("survey", survey_id, sorted(survey_questions["survey_id"].unique()))
    mine = survey_responses[
        survey_responses["survey_id"].eq(survey_id) & survey_responses["question_id"].isin(asked)
    ]
    links = identity_links[["record_id", "customer_id"]].drop_duplicates("record_id")
    return mine.merge(links, on="record_id"), asked
