"""Product reviews from short phrases of known sentiment, with negation and a little sarcasm."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from idic_lab.datasets.meridian import products, weeks
from idic_lab.datasets.meridian.baskets import Lines
from idic_lab.datasets.meridian.draws import choose, labels, text
from idic_lab.datasets.meridian.identities import Records
from idic_lab.datasets.meridian.purchases import Orders

WRITES = 0.11  # share of order lines that are reviewed
NEGATION, SARCASM = 0.30, 0.05

# Openings and remarks, by sentiment: 0 negative, 1 mixed, 2 positive.
_OPENINGS = (
    (
        "What a disappointment.",
        "Poor.",
        "Sadly a waste of money.",
        "I regret this one.",
        "Broken after a week.",
    ),
    ("Fine, I suppose.", "Does its job.", "Average.", "Some good, some bad.", "As expected."),
    ("Lovely.", "Excellent.", "So pleased with it.", "Great find.", "Wonderful, all of it."),
)
_NEGATED = (
    (
        "Not good.",
        "Not worth the money.",
        "I would not buy it again.",
        "Never felt well made.",
        "It does not work as it should.",
        "I cannot recommend it.",
    ),
    ("Not bad, not great.", "Not what I pictured, yet no trouble.", "Nothing special."),
    (
        "Not bad at all.",
        "I have no complaints.",
        "It never lets me down.",
        "I could not be happier.",
        "Not one problem since.",
        "I do not regret a penny.",
    ),
)
_REMARKS = (
    (
        "It arrived late and scratched.",
        "The material feels cheap.",
        "The seam came apart.",
        "Customer service was rude.",
        "Overpriced for what it is.",
        "It stopped working.",
        "The colour faded.",
        "I sent it back.",
        "The lid leaks.",
    ),
    (
        "The price is fair.",
        "Delivery took the usual time.",
        "The box was large.",
        "The manual is short.",
        "It is smaller than in the picture.",
        "I use it now and then.",
    ),
    (
        "It arrived early and well packed.",
        "The material feels solid.",
        "My family loves it.",
        "The staff were helpful.",
        "Worth every cent.",
        "It works perfectly.",
        "The colour is beautiful.",
        "I bought a second one.",
        "Easy to clean.",
    ),
)
# Sarcasm: words of praise over a bad rating.
_SARCASTIC = (
    "Great, it broke on day one. Lovely.",
    "Wonderful, another one for the bin. Excellent work.",
    "Perfect, if you like waiting. So pleased.",
    "Beautiful box, shame about the rest. Great find.",
    "Worth every cent, if you collect junk.",
)


@cache
def _phrases():
    """All texts of two parts, as one list, and where those of each sentiment and kind begin and end."""
    texts, spans = [], {}
    for sentiment in range(3):
        for kind, heads in enumerate((_OPENINGS, _NEGATED)):
            start = len(texts)
            texts += [f"{head} {remark}" for head in heads[sentiment] for remark in _REMARKS[sentiment]]
            spans[sentiment, kind] = (start, len(texts))
    start = len(texts)
    texts += _SARCASTIC
    spans[0, 2] = (start, len(texts))
    return texts, spans


def draw_reviews(
    rng: np.random.Generator,
    records: Records,
    orders: Orders,
    lines: Lines,
    satisfaction: np.ndarray,
    first: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table reviews, and the sentiment behind each.

    Stars follow the writer's satisfaction, the product's quality and chance: 4 and 5 are written in a positive, 3 in
    a mixed and 1 and 2 in a negative tone.
    """
    day = orders.day[lines.order] + rng.integers(5, 30, len(lines.order))
    written = np.flatnonzero((rng.random(len(day)) < WRITES) & (day < weeks.DAYS))
    written = written[np.argsort(day[written], kind="stable")]
    day, product = day[written], lines.product[written]
    who = orders.person[lines.order[written]]
    felt = 0.6 * satisfaction[who] + products.quality()[product] + rng.normal(0, 0.7, len(who))
    stars = 1 + (felt[:, None] > np.array([-1.2, -0.6, -0.25, 0.4])).sum(axis=1)
    sentiment = np.where(stars >= 4, 2, np.where(stars == 3, 1, 0))
    kind = (rng.random(len(who)) < NEGATION).astype(int)
    # one review in twenty is sarcastic, and only bad ratings can be
    bad = sentiment == 0
    kind[bad & (rng.random(len(who)) < SARCASM / max(bad.mean(), SARCASM))] = 2
    texts, spans = _phrases()
    begin, end = np.zeros(len(who), dtype=int), np.ones(len(who), dtype=int)
    for (tone, manner), (start, stop) in spans.items():
        mine = (sentiment == tone) & (kind == manner)
        begin[mine], end[mine] = start, stop
    ids = labels("V", first + 1 + np.arange(len(who)), 7)
    table = pd.DataFrame(
        {
            "review_id": ids,
            "record_id": records.record_id.take(records.account[who]),
            "product_id": products.product_ids().take(product),
            "date": weeks.days_to_dates(day),
            "stars": stars.astype(np.int64),
            "text": choose(texts, begin + (rng.random(len(who)) * (end - begin)).astype(int)),
        }
    )
    truth = pd.DataFrame(
        {
            "review_id": ids,
            "sentiment": choose(("negative", "mixed", "positive"), sentiment),
            "negated": kind == 1,
            "sarcastic": kind == 2,
        }
    )
    return table, truth


def quality_truth() -> pd.DataFrame:
    """Planted quality of each product: product_id, quality (stars around the average)."""
    return pd.DataFrame({"product_id": text(products.product_ids()), "quality": products.quality()})
