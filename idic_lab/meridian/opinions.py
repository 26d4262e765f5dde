"""What people need and feel, and how they say so: the battery of needs, service surveys, reviews."""

import itertools

import numpy as np
import pandas as pd
from scipy.special import ndtr

from idic_lab.meridian import draws, products
from idic_lab.meridian.draws import choose, labels, logistic, pick, standardise, text
from idic_lab.meridian.orders import Buyers, Lines, Orders
from idic_lab.meridian.people import PANEL, WORDS, Records
from idic_lab.meridian.settings import SEGMENTS, Settings

SHARES = np.array([0.24, 0.20, 0.22, 0.16, 0.18])
_BY_SPEND = np.array([-0.6, 0.7, 0.2, 0.0, -0.1])  # how a segment's odds change with log mean spend (1 sd)

SURVEY = "NEEDS"
BATTERY = WORDS["battery"]
QUESTIONS = tuple(f"N{number:02d}" for number in range(1, len(BATTERY) + 1))
_LEVEL = np.linspace(-0.5, 0.6, len(BATTERY))[np.random.default_rng(20).permutation(len(BATTERY))]  # how often a yes


def item_probabilities(settings: Settings) -> np.ndarray:
    """Probability of a yes per segment and question, shape (5, 20).

    On the logit scale a question has its average plus `separation` times the segment's deviation from it; without
    segments everybody answers by the average.
    """
    typical = np.array([marks for _, *marks in BATTERY], dtype=float).T
    deviation = 2.6 * (typical - SHARES @ typical)
    return logistic(_LEVEL + (settings.separation if settings.segments else 0.0) * deviation)


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
        loading = np.random.default_rng(21).uniform(0.6, 1.8, len(BATTERY))
        chance = logistic(_LEVEL + loading * rng.standard_normal((len(segment), 1)))
    else:
        chance = item_probabilities(settings)[segment]
    return (rng.random(chance.shape) < chance).astype(np.int64)


def segment_names(settings: Settings) -> tuple[str, ...]:
    """Names to index by segment number: all "none" when no segments are planted."""
    return SEGMENTS if settings.segments else ("none",) * len(SEGMENTS)


def truth_of_items(settings: Settings) -> pd.DataFrame:
    """Planted answer probabilities: segment, question_id, probability."""
    names = SEGMENTS if settings.segments else ("none",)
    table = pd.DataFrame(itertools.product(names, QUESTIONS), columns=["segment", "question_id"])
    return table.assign(probability=item_probabilities(settings)[: len(names)].round(6).ravel())


CORRELATION = -0.6  # of satisfaction with the logit of the dropout probability
LATE_DAY = -0.15  # effect of each day of delivery beyond the usual
_ANSWER_ERROR = 0.20  # standard deviation of the answer's error, on the logarithmic scale
_CUTS = np.array([-1.7, -1.0, -0.3, 0.7])


def draw_satisfaction(rng: np.random.Generator, buyers: Buyers) -> np.ndarray:
    """Satisfaction of each person, mean 0 and standard deviation 1."""
    leaving = standardise(np.log(buyers.dropout) - np.log1p(-buyers.dropout))
    noise = rng.normal(size=len(leaving))
    return CORRELATION * leaving + np.sqrt(1 - CORRELATION**2) * noise


def question_table() -> pd.DataFrame:
    """The table survey_questions."""
    rows = [(question, SURVEY, asked[0], 0.0, 1.0) for question, asked in zip(QUESTIONS, BATTERY, strict=True)]
    columns = ["question_id", "survey_id", "text", "minimum", "maximum"]
    return pd.DataFrame(rows + WORDS["service_questions"], columns=columns)


def responses(records: Records, row, survey, day, question, answer) -> pd.DataFrame:
    told = {"record_id": records.record_id.take(row), "survey_id": survey, "date": draws.days_to_dates(day)}
    told |= {"question_id": question, "answer": np.asarray(answer, dtype=np.float64)}
    return pd.DataFrame(told).astype({"survey_id": "str"})


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
    rng: np.random.Generator, block, orders: Orders, delivery_days, satisfaction, until: int = draws.DAYS
) -> pd.DataFrame:
    """CSAT and NPS after an order, from those who answer: the older, and those with something to say."""
    who, late = orders.person, np.nan_to_num(delivery_days - draws.DELIVERY_DAYS)
    willing = logistic(-1.9 + 0.025 * (block.people.age[who] - 45) + 0.35 * np.abs(satisfaction[who]))
    day = orders.day + rng.integers(3, 12, len(who))
    answered = np.flatnonzero((rng.random(len(who)) < willing) & (day < until))
    _, one_a_day = np.unique(who[answered] * (10 * draws.DAYS) + day[answered], return_index=True)
    answered = answered[one_a_day]
    who, day = who[answered], day[answered]
    felt = satisfaction[who] + LATE_DAY * late[answered] + rng.normal(0, 0.7, len(who))
    csat = 1 + (felt[:, None] > _CUTS).sum(axis=1)
    nps = np.clip(np.round(7.4 + 1.9 * felt + rng.normal(0, 0.8, len(who))), 0, 10)
    row = np.repeat(block.records.account[who], 2)
    question = choose(("CSAT", "NPS"), np.tile([0, 1], len(who)))
    return responses(block.records, row, "SERVICE", np.repeat(day, 2), question, np.column_stack([csat, nps]).ravel())


WRITES = 0.11  # share of order lines that are reviewed
REMARKS = 3
OFF_TONE = 0.05  # share of remarks that go against the sentiment of the review
NEGATION = 0.16  # share of remarks that say it by denying the opposite
SARCASM = 0.05  # share of reviews whose words praise over a bad rating
CLOSING = 0.6  # share of reviews with a closing sentence
SENTIMENTS = ("negative", "mixed", "positive")

_ASPECTS = np.array(WORDS["reviews"]["aspects"].split())
_WORDS = np.array([line.split() for line in WORDS["reviews"]["adjectives"]])  # rows as SENTIMENTS
_PLAIN, _DENIED, _CLOSINGS = (np.array(WORDS["reviews"][name]) for name in ("plain", "denied", "closings"))


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
    rng: np.random.Generator, block, orders: Orders, lines: Lines, first: int, until: int = draws.DAYS
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
    felt = 0.6 * block.satisfaction[who] + products.quality()[product] + rng.normal(0, 0.7, len(who))
    stars = 1 + (felt[:, None] > np.array([-1.2, -0.6, -0.25, 0.4])).sum(axis=1)
    sentiment = np.where(stars >= 4, 2, np.where(stars == 3, 1, 0))
    bad = sentiment == 0
    sarcastic = bad & (rng.random(len(who)) < SARCASM / max(bad.mean(), SARCASM))
    words, negated = _write(rng, sentiment, sarcastic)
    ids = labels("V", first + 1 + np.arange(len(who)), 7)
    table = {
        "review_id": ids,
        "record_id": block.records.record_id.take(block.records.account[who]),
        "product_id": products.product_ids().take(product),
        "date": draws.days_to_dates(day),
        "stars": stars.astype(np.int64),
        "text": text(words),
    }
    truth = {"review_id": ids, "sentiment": choose(SENTIMENTS, sentiment), "negated": negated, "sarcastic": sarcastic}
    return pd.DataFrame(table), pd.DataFrame(truth)


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


# Who answers the questions of readiness, and how much of the managers' rosier view each side has.
READINESS_PANEL = {"manager": (12, 1.0), "staff": (48, 0.5), "customer": (150, 0.0)}
# How often customers say it is so (1 never, 5 always), and how much better managers think it is.
READINESS = {"identify": (2.3, 1.3), "differentiate": (2.8, 0.6), "interact": (2.2, 0.9), "customize": (2.7, 0.0)}
_READINESS_QUESTIONS = 4  # of each step
_OF_PERSON, _OF_ANSWER = 0.6, 0.8  # standard deviations


def readiness_answers(rng: np.random.Generator, settings: Settings) -> pd.DataFrame:
    """The table readiness_answers: everybody leans a little to one side, and rounds to a whole number."""
    roles = np.repeat(np.arange(len(READINESS_PANEL)), [number for number, _ in READINESS_PANEL.values()])
    level, question = _readiness_means(settings)[:, roles], np.arange(_READINESS_QUESTIONS) + 1
    leaning = rng.normal(0, _OF_PERSON, len(roles))[None, :, None]
    felt = level[..., None] + leaning + rng.normal(0, _OF_ANSWER, (*level.shape, len(question)))
    step, person, asked = (index.ravel() for index in np.indices(felt.shape))
    steps = choose(READINESS, step)
    told = {
        "respondent_id": labels("Q", person + 1, 4),
        "role": choose(READINESS_PANEL, roles[person]),
        "step": steps,
        "question_id": text([f"{name}-{number}" for name, number in zip(steps, question[asked], strict=True)]),
        "answer": np.clip(np.round(felt), 1, 5).astype(np.int64).ravel(),
    }
    return pd.DataFrame(told).sort_values(["respondent_id", "step", "question_id"], ignore_index=True)


def _readiness_means(settings: Settings) -> np.ndarray:
    """Of each step and role, before answers are rounded."""
    rosier = np.array([share for _, share in READINESS_PANEL.values()])
    level, gap = np.array(list(READINESS.values())).T[..., None]
    return level + settings.readiness_gap * gap * rosier


def readiness_truth(settings: Settings) -> pd.DataFrame:
    """The expected answer of each step and role: 1, and one more for each border between two answers that is passed."""
    passed = ndtr((_readiness_means(settings)[..., None] - np.arange(1.5, 5)) / np.hypot(_OF_PERSON, _OF_ANSWER))
    rows = itertools.product(READINESS, READINESS_PANEL)
    table = pd.DataFrame(rows, columns=["step", "role"]).astype("str")
    return table.assign(answer=np.round(1 + passed.sum(axis=2).ravel(), 6))
