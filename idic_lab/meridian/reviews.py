"""Product reviews built from short phrases of known sentiment, with negation and a little sarcasm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import products, weeks
from idic_lab.meridian.baskets import Lines
from idic_lab.meridian.draws import choose, labels, text
from idic_lab.meridian.identities import Records
from idic_lab.meridian.purchases import Orders

WRITES = 0.11  # share of order lines that are reviewed
REMARKS = 3
OFF_TONE = 0.05  # share of remarks that go against the sentiment of the review
NEGATION = 0.16  # share of remarks that say it by denying the opposite
SARCASM = 0.05  # share of reviews whose words praise over a bad rating
CLOSING = 0.6  # share of reviews with a closing sentence
SENTIMENTS = ("negative", "mixed", "positive")

_ASPECTS, *_ADJECTIVES = (
    np.array(line.split())
    for line in (
        "material colour handle finish size packaging manual price delivery design surface fit weight smell",
        "flimsy ugly awkward poor weak useless dreadful uncomfortable unreliable cheap annoying disappointing",
        "average acceptable ordinary fine usual middling passable plain fair standard typical common",
        "solid beautiful handy excellent sturdy clever lovely comfortable reliable perfect great delightful",
    )
)
_WORDS = np.array(_ADJECTIVES)  # rows as SENTIMENTS
_PLAIN = np.array([("The ", " is "), ("The ", " is really "), ("I find the ", " "), ("The ", " turned out ")])
_DENIED = np.array(
    [("The ", " is not "), ("The ", " is hardly "), ("Nobody could call the ", " "), ("The ", " is never ")]
)
_CLOSINGS = np.array(
    [
        ("It went back.", "I want a refund.", "Once and no more.", "It broke within a week."),
        ("It does its job.", "We shall see.", "I use it now and then.", "No strong feelings."),
        ("I bought a second one.", "My family loves it.", "Worth every cent.", "I tell all my friends."),
    ]
)


def draw_reviews(
    rng: np.random.Generator,
    records: Records,
    orders: Orders,
    lines: Lines,
    satisfaction: np.ndarray,
    first: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table reviews, and the sentiment behind each.

    Stars follow the writer's satisfaction, the product's quality and chance: 4 and 5 are meant as positive, 3 as mixed
    and 1 and 2 as negative.
    """
    day = orders.day[lines.order] + rng.integers(5, 30, len(lines.order))
    written = np.flatnonzero((rng.random(len(day)) < WRITES) & (day < weeks.DAYS))
    written = written[np.argsort(day[written], kind="stable")]
    day, product = day[written], lines.product[written]
    who = orders.person[lines.order[written]]
    felt = 0.6 * satisfaction[who] + products.quality()[product] + rng.normal(0, 0.7, len(who))
    stars = 1 + (felt[:, None] > np.array([-1.2, -0.6, -0.25, 0.4])).sum(axis=1)
    sentiment = np.where(stars >= 4, 2, np.where(stars == 3, 1, 0))
    bad = sentiment == 0
    sarcastic = bad & (rng.random(len(who)) < SARCASM / max(bad.mean(), SARCASM))
    words, negated = _write(rng, sentiment, sarcastic)
    ids = labels("V", first + 1 + np.arange(len(who)), 7)
    table = pd.DataFrame(
        {
            "review_id": ids,
            "record_id": records.record_id.take(records.account[who]),
            "product_id": products.product_ids().take(product),
            "date": weeks.days_to_dates(day),
            "stars": stars.astype(np.int64),
            "text": text(words),
        }
    )
    truth = pd.DataFrame(
        {
            "review_id": ids,
            "sentiment": choose(SENTIMENTS, sentiment),
            "negated": negated,
            "sarcastic": sarcastic,
        }
    )
    return table, truth


def _write(rng, sentiment, sarcastic) -> tuple[np.ndarray, np.ndarray]:
    """The texts, and which of them deny something; sarcastic ones praise without a denial."""
    n, add = len(sentiment), np.strings.add
    words, negated = np.zeros(n, dtype="<U1"), np.zeros(n, dtype=bool)
    aspects = rng.permuted(np.tile(np.arange(len(_ASPECTS)), (n, 1)), axis=1)[:, :REMARKS]
    how_many = rng.integers(1, REMARKS + 1, n)
    for number in range(REMARKS):
        tone = np.where(sentiment == 1, rng.integers(0, 3, n), sentiment)
        tone = np.where((rng.random(n) < OFF_TONE) & (sentiment != 1), 2 - sentiment, tone)
        tone = np.where(sarcastic, 2, tone)
        deny = (rng.random(n) < NEGATION) & (tone != 1) & ~sarcastic
        pattern = np.where(
            deny[:, None], _DENIED[rng.integers(0, len(_DENIED), n)], _PLAIN[rng.integers(0, len(_PLAIN), n)]
        )
        adjective = _WORDS[np.where(deny, 2 - tone, tone), rng.integers(0, _WORDS.shape[1], n)]
        remark = add(add(add(pattern[:, 0], _ASPECTS[aspects[:, number]]), pattern[:, 1]), adjective)
        remark = add(add(" " if number else "", remark), ".")
        present = number < how_many
        negated |= deny & present
        words = add(words, np.where(present, remark, ""))
    last = _CLOSINGS[np.where(sarcastic, 2, sentiment), rng.integers(0, _CLOSINGS.shape[1], n)]
    return add(words, np.where(rng.random(n) < CLOSING, add(" ", last), "")), negated


def quality_truth() -> pd.DataFrame:
    """Planted quality of each product: product_id, quality (stars around the average)."""
    return pd.DataFrame({"product_id": text(products.product_ids()), "quality": products.quality()})
