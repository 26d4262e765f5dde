"""How satisfied people are, how that goes with leaving, and what they answer when asked.

Satisfaction is drawn given the dropout probability: the more likely a person is to leave, the less satisfied. Read the
other way round, satisfaction moves churn, while the dropout probabilities themselves stay exactly Beta distributed and
the BG/NBD model holds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import weeks
from idic_lab.meridian.draws import choose, logistic, standardise
from idic_lab.meridian.identities import PANEL, Records
from idic_lab.meridian.needs import BATTERY, QUESTIONS, SURVEY
from idic_lab.meridian.purchases import Buyers, Orders

CORRELATION = -0.6  # of satisfaction with the logit of the dropout probability
LATE_DAY = -0.15  # effect of each day of delivery beyond the usual
SERVICE_QUESTIONS = (
    ("CSAT", "SERVICE", "How satisfied are you with your last order? (1 to 5)", 1.0, 5.0),
    ("NPS", "SERVICE", "How likely are you to recommend us? (0 to 10)", 0.0, 10.0),
)
WALLET_QUESTION = (
    "WALLET",
    "SPENDING",
    "About how much do you spend on such goods in a year, with us and elsewhere?",
    0.0,
    np.nan,
)
_CUTS = np.array([-1.7, -1.0, -0.3, 0.7])


def draw_satisfaction(rng: np.random.Generator, buyers: Buyers) -> np.ndarray:
    """Satisfaction of each person, mean 0 and standard deviation 1."""
    leaving = standardise(np.log(buyers.dropout) - np.log1p(-buyers.dropout))
    noise = rng.normal(size=len(leaving))
    return CORRELATION * leaving + np.sqrt(1 - CORRELATION**2) * noise


def question_table() -> pd.DataFrame:
    """The table survey_questions."""
    battery = [
        (question, SURVEY, wording, 0.0, 1.0)
        for question, (wording, _) in zip(QUESTIONS, BATTERY, strict=True)
    ]
    return pd.DataFrame(
        [*battery, *SERVICE_QUESTIONS, WALLET_QUESTION],
        columns=["question_id", "survey_id", "text", "minimum", "maximum"],
    ).astype({"question_id": "str", "survey_id": "str", "text": "str"})


def _responses(records: Records, row, survey, day, question, answer) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "record_id": records.record_id.take(row),
            "survey_id": choose([survey], np.zeros(len(row), dtype=int)),
            "date": weeks.days_to_dates(day),
            "question_id": question,
            "answer": np.asarray(answer, dtype=np.float64),
        }
    )


def needs_responses(rng: np.random.Generator, records: Records, answers: np.ndarray) -> pd.DataFrame:
    """Answers of the survey panel to the 20 questions on needs, all on one day per person."""
    rows = records.by_touchpoint[:, PANEL]
    people = np.flatnonzero(rows >= 0)
    row = np.repeat(rows[people], len(QUESTIONS))
    created = records.created[rows[people]]
    day = created + (rng.random(len(people)) * (weeks.DAYS - created)).astype(int)
    question = choose(QUESTIONS, np.tile(np.arange(len(QUESTIONS)), len(people)))
    return _responses(records, row, SURVEY, np.repeat(day, len(QUESTIONS)), question, answers[people].ravel())


def service_responses(
    rng: np.random.Generator,
    records: Records,
    orders: Orders,
    late: np.ndarray,
    age: np.ndarray,
    satisfaction: np.ndarray,
) -> pd.DataFrame:
    """CSAT and NPS after an order, from those who answer: the older, and those with something to say.

    Parameters
    ----------
    late : ndarray, shape (orders,)
        Days of delivery beyond the usual, 0 without a delivery.
    """
    who = orders.person
    willing = logistic(-1.9 + 0.025 * (age[who] - 45) + 0.35 * np.abs(satisfaction[who]))
    day = orders.day + rng.integers(3, 12, len(who))
    answered = np.flatnonzero((rng.random(len(who)) < willing) & (day < weeks.DAYS))
    # one answer per person and day
    _, first = np.unique(who[answered] * (10 * weeks.DAYS) + day[answered], return_index=True)
    answered = answered[first]
    who, day = who[answered], day[answered]
    felt = satisfaction[who] + LATE_DAY * late[answered] + rng.normal(0, 0.7, len(who))
    csat = 1 + (felt[:, None] > _CUTS).sum(axis=1)
    nps = np.clip(np.round(7.4 + 1.9 * felt + rng.normal(0, 0.8, len(who))), 0, 10)
    row = np.repeat(records.account[who], 2)
    question = choose(("CSAT", "NPS"), np.tile([0, 1], len(who)))
    return _responses(
        records, row, "SERVICE", np.repeat(day, 2), question, np.column_stack([csat, nps]).ravel()
    )
