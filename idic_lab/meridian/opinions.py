"""What people need and feel, and how they say so: the battery of needs, service surveys, reviews."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import draws, products
from idic_lab.meridian.draws import choose, labels, logistic, pick, standardise, text
from idic_lab.meridian.orders import Buyers, Lines, Orders
from idic_lab.meridian.people import PANEL, Records
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


def telling(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """How far apart the segments answer each question, and the rows of the questions, those that tell most first."""
    apart = np.ptp(item_probabilities(settings), axis=0)
    apart = apart if apart.max() > 0 else np.ones_like(apart)
    return apart, np.argsort(-apart, kind="stable")


def draw_segments(rng: np.random.Generator, buyers: Buyers, settings: Settings) -> np.ndarray:
    """Segment of each person; the distribution of spend stays what it was, for segments are drawn given spend."""
    if not settings.segments:
        return np.zeros(len(buyers.rate), dtype=np.int64)
    level = standardise(np.log(buyers.mean_spend))
    return pick(rng, SHARES * np.exp(level[:, None] * _BY_SPEND))


def draw_answers(rng: np.random.Generator, segment: np.ndarray, settings: Settings) -> np.ndarray:
    """Answers to the battery, 0 or 1, shape (people, 20); by one trait of each person where no segments are planted."""
    if settings.one_trait:
        level = np.linspace(-0.5, 0.6, len(BATTERY))[np.random.default_rng(20).permutation(len(BATTERY))]
        loading = np.random.default_rng(21).uniform(0.6, 1.8, len(BATTERY))
        trait = rng.standard_normal((len(segment), 1))
        return (rng.random((len(segment), len(QUESTIONS))) < logistic(level + loading * trait)).astype(np.int64)
    return (rng.random((len(segment), len(QUESTIONS))) < item_probabilities(settings)[segment]).astype(np.int64)


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
_ANSWER_ERROR = 0.20  # standard deviation of the answer's error, on the logarithmic scale
_CUTS = np.array([-1.7, -1.0, -0.3, 0.7])


def draw_satisfaction(rng: np.random.Generator, buyers: Buyers) -> np.ndarray:
    """Satisfaction of each person, mean 0 and standard deviation 1."""
    leaving = standardise(np.log(buyers.dropout) - np.log1p(-buyers.dropout))
    noise = rng.normal(size=len(leaving))
    return CORRELATION * leaving + np.sqrt(1 - CORRELATION**2) * noise


def question_table() -> pd.DataFrame:
    """The table survey_questions."""
    battery = [(question, SURVEY, wording, 0.0, 1.0) for question, (wording, _) in zip(QUESTIONS, BATTERY, strict=True)]
    return pd.DataFrame(
        [*battery, *SERVICE_QUESTIONS, WALLET_QUESTION],
        columns=["question_id", "survey_id", "text", "minimum", "maximum"],
    ).astype({"question_id": "str", "survey_id": "str", "text": "str"})


def responses(records: Records, row, survey, day, question, answer) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "record_id": records.record_id.take(row),
            "survey_id": choose([survey], np.zeros(len(row), dtype=int)),
            "date": draws.days_to_dates(day),
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
    day = created + (rng.random(len(people)) * (draws.DAYS - created)).astype(int)
    question = choose(QUESTIONS, np.tile(np.arange(len(QUESTIONS)), len(people)))
    return responses(records, row, SURVEY, np.repeat(day, len(QUESTIONS)), question, answers[people].ravel())


def service_responses(
    rng: np.random.Generator,
    records: Records,
    orders: Orders,
    late: np.ndarray,
    age: np.ndarray,
    satisfaction: np.ndarray,
    until: int = draws.DAYS,
) -> pd.DataFrame:
    """CSAT and NPS after an order, from those who answer: the older, and those with something to say.

    Parameters:
        late (ndarray, shape (orders,)): Days of delivery beyond the usual, 0 without a delivery.
    """
    who = orders.person
    willing = logistic(-1.9 + 0.025 * (age[who] - 45) + 0.35 * np.abs(satisfaction[who]))
    day = orders.day + rng.integers(3, 12, len(who))
    answered = np.flatnonzero((rng.random(len(who)) < willing) & (day < until))
    # one answer per person and day
    _, first = np.unique(who[answered] * (10 * draws.DAYS) + day[answered], return_index=True)
    answered = answered[first]
    who, day = who[answered], day[answered]
    felt = satisfaction[who] + LATE_DAY * late[answered] + rng.normal(0, 0.7, len(who))
    csat = 1 + (felt[:, None] > _CUTS).sum(axis=1)
    nps = np.clip(np.round(7.4 + 1.9 * felt + rng.normal(0, 0.8, len(who))), 0, 10)
    row = np.repeat(records.account[who], 2)
    question = choose(("CSAT", "NPS"), np.tile([0, 1], len(who)))
    return responses(records, row, "SERVICE", np.repeat(day, 2), question, np.column_stack([csat, nps]).ravel())


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


def wallet_responses(rng: np.random.Generator, records: Records, category_spend: np.ndarray) -> pd.DataFrame:
    """What the survey panel says about its category spend, in the last weeks, in round figures."""
    rows = records.by_touchpoint[:, PANEL]
    people = np.flatnonzero((rows >= 0) & (rng.random(len(rows)) < 0.8))
    said = category_spend[people] * np.exp(rng.normal(0, _ANSWER_ERROR, len(people)))
    step = np.where(said < 200, 10, np.where(said < 1000, 50, 100))
    day = draws.DAYS - 1 - rng.integers(0, 14, len(people))
    zeros = np.zeros(len(people), dtype=int)
    answer = np.maximum(np.round(said / step) * step, 10.0)
    return responses(records, rows[people], "SPENDING", day, choose(["WALLET"], zeros), answer)


def draw_reviews(
    rng: np.random.Generator,
    records: Records,
    orders: Orders,
    lines: Lines,
    satisfaction: np.ndarray,
    first: int,
    until: int = draws.DAYS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table reviews, and the sentiment behind each.

    Stars follow the writer's satisfaction, the product's quality and chance: 4 and 5 are meant as positive, 3 as mixed
    and 1 and 2 as negative.
    """
    day = orders.day[lines.order] + rng.integers(5, 30, len(lines.order))
    written = np.flatnonzero((rng.random(len(day)) < WRITES) & (day < until))
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
            "date": draws.days_to_dates(day),
            "stars": stars.astype(np.int64),
            "text": text(words),
        }
    )
    truth = pd.DataFrame(
        {"review_id": ids, "sentiment": choose(SENTIMENTS, sentiment), "negated": negated, "sarcastic": sarcastic}
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
