"""What people need: five segments, the 20 questions that tell them apart, and what else leans on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian.draws import logistic, pick, standardise
from idic_lab.meridian.purchases import Buyers
from idic_lab.meridian.settings import SEGMENTS, Settings

SHARES = np.array([0.24, 0.20, 0.22, 0.16, 0.18])
_BY_SPEND = np.array([-0.6, 0.7, 0.2, 0.0, -0.1])  # how a segment's odds change with log mean spend (1 sd)

SURVEY = "NEEDS"
# Wording and, per segment, how typical a yes is: 2 marks the segment, 1 leans to it, 0 does not.
BATTERY = (
    ("I compare prices before I buy.", (2, 0, 0, 0, 1)),
    ("I would rather buy one thing that lasts than three that do not.", (0, 2, 0, 1, 0)),
    ("Friendly staff matter to me.", (0, 1, 0, 1, 0)),
    ("Delivery must be quick, and on the day promised.", (0, 0, 2, 0, 1)),
    ("I like to talk to somebody who knows before I decide.", (0, 1, 0, 2, 0)),
    ("I like to be among the first to try something.", (0, 0, 0, 0, 2)),
    ("I wait for the sales.", (2, 0, 0, 0, 0)),
    ("Shops should be pleasant places.", (0, 1, 0, 1, 1)),
    ("I look at the material and the workmanship.", (0, 2, 0, 0, 0)),
    ("Ordering must take no more than a minute or two.", (0, 0, 2, 0, 0)),
    ("I am glad when somebody sets a new purchase up for me.", (0, 0, 1, 2, 0)),
    ("I follow what is new in this field.", (0, 0, 0, 0, 2)),
    ("I collect points and vouchers.", (2, 0, 1, 0, 0)),
    ("I recycle packaging.", (0, 1, 0, 1, 0)),
    ("I pay more for a name I trust.", (0, 2, 1, 0, 0)),
    ("I shop at odd hours.", (0, 0, 2, 0, 1)),
    ("Manuals leave me with questions.", (0, 0, 0, 2, 0)),
    ("I buy things because they surprise me.", (0, 0, 0, 0, 2)),
    ("The cheaper of two similar products is good enough.", (2, 0, 1, 0, 0)),
    ("I give presents gladly.", (0, 1, 0, 0, 1)),
)
QUESTIONS = tuple(f"N{number:02d}" for number in range(1, len(BATTERY) + 1))


def item_probabilities(settings: Settings) -> np.ndarray:
    """Probability of a yes per segment and question, shape (5, 20).

    On the logit scale a question has its average plus `separation` times the segment's deviation from it; without
    segments everybody answers by the average.
    """
    typical = np.array([marks for _, marks in BATTERY], dtype=float).T
    deviation = 2.6 * (typical - SHARES @ typical)
    level = np.linspace(-0.5, 0.6, len(BATTERY))[np.random.default_rng(20).permutation(len(BATTERY))]
    separation = settings.separation if settings.segments else 0.0
    return logistic(level + separation * deviation)


def draw_segments(rng: np.random.Generator, buyers: Buyers, settings: Settings) -> np.ndarray:
    """Segment of each person; the distribution of spend stays what it was, for segments are drawn given spend."""
    if not settings.segments:
        return np.zeros(len(buyers.rate), dtype=np.int64)
    level = standardise(np.log(buyers.mean_spend))
    return pick(rng, SHARES * np.exp(level[:, None] * _BY_SPEND))


def draw_answers(rng: np.random.Generator, segment: np.ndarray, settings: Settings) -> np.ndarray:
    """Answers to the battery, 0 or 1, shape (people, 20)."""
    return (rng.random((len(segment), len(QUESTIONS))) < item_probabilities(settings)[segment]).astype(
        np.int64
    )


def segment_names(settings: Settings) -> tuple[str, ...]:
    """Names to index by segment number: all "none" when no segments are planted."""
    return SEGMENTS if settings.segments else ("none",) * len(SEGMENTS)


def truth_of_items(settings: Settings) -> pd.DataFrame:
    """Planted answer probabilities: segment, question_id, probability."""
    chances = item_probabilities(settings)
    names = segment_names(settings)
    rows = [
        (names[segment], question, round(float(chances[segment, column]), 6))
        for segment in range(len(SEGMENTS) if settings.segments else 1)
        for column, question in enumerate(QUESTIONS)
    ]
    return pd.DataFrame(rows, columns=["segment", "question_id", "probability"]).astype(
        {"segment": "str", "question_id": "str"}
    )
