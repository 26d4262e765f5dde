"""What reviews say, their tone and topics, and all that customers said in one table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError, pick
from idic_lab.inference.intervals import clustered_share, ratio
from idic_lab.interact.feedback.scores import response_features, response_weights

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


POSITIVE_FROM, NEGATIVE_TO = 4, 2  # stars; three stars are neither
FOLDS = 5
_NEGATION = re.compile(r"\b(?:not|no|never|nobody|nothing|hardly|cannot|without|\w+n[’']t)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:[’']\w+)?")
_CLAUSE = re.compile(r"[.,;:!?]")


def mark_negation(text: str) -> str:
    """Every word after a denial, up to the end of the clause, written with ``not_`` before it.

    Source: Das & Chen (2007), Yahoo! for Amazon, Management Science 53(9); Pang, Lee & Vaithyanathan (2002), Thumbs up?

    >>> mark_negation("The fit is not good, the price is.")
    'The fit is not not_good, the price is.'
    """
    marked = []
    for clause in re.split(f"({_CLAUSE.pattern})", text):
        denial = _NEGATION.search(clause)
        if denial:
            after = _WORD.sub(lambda word: f"not_{word.group()}", clause[denial.end() :])
            clause = clause[: denial.end()] + after
        marked.append(clause)
    return "".join(marked)


def sentiment_model(kind: str = "negation marked") -> Pipeline:
    """A logistic regression of positive (True) or negative on TF-IDF weights, not yet fitted.

    Parameters:
        kind ({"words", "words and pairs", "negation marked"}): What counts as a feature: single words; also pairs of
            neighbours ("not good"); or single words, marked where they are denied.

    >>> model = sentiment_model("words").fit(["good, good", "good", "bad", "bad, bad"], [True, True, False, False])
    >>> model.predict(["good"]).tolist()
    [True]
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    options = {
        "words": {},
        "words and pairs": {"ngram_range": (1, 2)},
        "negation marked": {"preprocessor": lambda text: mark_negation(text.lower())},
    }
    chosen = pick("kind of sentiment model", kind, options)
    pattern = r"(?u)\b\w+(?:[’']\w+)?\b"
    words = TfidfVectorizer(token_pattern=pattern, min_df=2, sublinear_tf=True, **chosen)
    return make_pipeline(words, LogisticRegression(C=3.0, max_iter=2_000))


def held_out_tone(
    reviews: pd.DataFrame, kind: str = "negation marked", keep_copies_together: bool = True, random_state: int = 0
) -> pd.DataFrame:
    """The tone of each review, by a model that did not learn from it.

    Models learn from reviews with 1, 2, 4 or 5 stars; those of three are neither right nor wrong.

    Parameters:
        keep_copies_together: Texts that occur several times stay on one side of the divide. Without this, a model is
            asked about sentences that it has learnt by heart.
    Returns:
        DataFrame: ``review_id``, ``stars``, ``text``, ``negated`` (by its words), ``tone`` (probability of being
            positive), ``correct`` (missing for three stars).

    >>> stars = [5, 1] * 10
    >>> said = [f"{word} number {place}" for place, word in enumerate(["lovely", "broken"] * 10)]
    >>> reviews = pd.DataFrame({"review_id": range(20), "stars": stars, "text": said})
    >>> bool(held_out_tone(reviews, "words")["correct"].all())
    True
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    clear = ~reviews["stars"].between(NEGATIVE_TO + 1, POSITIVE_FROM - 1)
    positive = reviews["stars"] >= POSITIVE_FROM
    if min((clear & positive).sum(), (clear & ~positive).sum()) < FOLDS:
        ends = f"of {POSITIVE_FROM} stars up and of {NEGATIVE_TO} down"
        raise DataError(f"Sentiment needs at least {FOLDS} reviews {ends}.")
    tone, options = np.empty(len(reviews)), {"shuffle": True, "random_state": random_state}
    if keep_copies_together:
        copies = pd.factorize(reviews["text"].str.lower().str.strip())[0]
        split = StratifiedGroupKFold(FOLDS, **options).split(reviews["text"], positive, copies)
    else:
        split = StratifiedKFold(FOLDS, **options).split(reviews["text"], positive)
    for learn, test in split:
        learn = learn[clear.to_numpy()[learn]]
        model = sentiment_model(kind).fit(reviews["text"].iloc[learn], positive.iloc[learn])
        tone[test] = model.predict_proba(reviews["text"].iloc[test])[:, 1]
    judged = reviews[["review_id", "stars", "text"]].reset_index(drop=True)
    right = pd.Series((tone > 0.5) == positive.to_numpy(), dtype="boolean").where(clear.to_numpy())
    negated = judged["text"].str.contains(_NEGATION)
    return judged.assign(negated=negated, tone=tone, correct=right)


def sentiment_accuracy(judged: pd.DataFrame) -> pd.DataFrame:
    """Share of reviews whose tone :func:`held_out_tone` found, beside that of always naming the commoner tone.

    Returns:
        DataFrame: ``reviews of`` ("all"), ``reviews``, ``accuracy``, ``low``, ``high`` (95%, by text), ``base_rate``.

    >>> judged = pd.DataFrame({"text": ["Good.", "Good.", "Bad."], "stars": [5, 4, 1], "correct": [True, True, False]})
    >>> sentiment_accuracy(judged)[["reviews", "accuracy", "base_rate"]].round(2).to_dict("records")
    [{'reviews': 3, 'accuracy': 0.67, 'base_rate': 0.67}]
    """
    clear = judged[judged["correct"].notna()]
    texts = clear.assign(correct=clear["correct"].astype(float)).groupby("text")["correct"].agg(["sum", "size"])
    found, share = clustered_share(texts["sum"], texts["size"]), (clear["stars"] >= POSITIVE_FROM).mean()
    row = {"reviews of": "all", "reviews": len(clear), "accuracy": found.value, "low": found.low, "high": found.high}
    return pd.DataFrame([row | {"base_rate": max(share, 1 - share)}])


def compare_tone_models(
    reviews: pd.DataFrame,
    kinds: tuple[str, ...] = ("words", "words and pairs", "negation marked"),
    random_state: int = 0,
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Models that see words, pairs of words, or marked denials, each on reviews that it did not learn from.

    Returns:
        judged (dict of str to DataFrame): By model, as :func:`held_out_tone` gives it.
        scores (DataFrame): As :func:`sentiment_accuracy`, with ``model``; of all reviews and of ``those that deny``.

    >>> said = [f"{word} number {place}" for place, word in enumerate(["lovely", "broken"] * 10)]
    >>> reviews = pd.DataFrame({"review_id": range(20), "stars": [5, 1] * 10, "text": said})
    >>> compare_tone_models(reviews, ("words",))[1]["model"].unique().tolist()
    ['words']
    """
    judged, scores = {}, []
    for kind in kinds:
        judged[kind] = tones = held_out_tone(reviews, kind, random_state=random_state)
        scores.append(sentiment_accuracy(tones).assign(model=kind))
        denying = tones[tones["negated"]]
        if denying["correct"].notna().any():
            scores.append(sentiment_accuracy(denying).assign(model=kind, **{"reviews of": "those that deny"}))
    return judged, pd.concat(scores, ignore_index=True)


def sentiment_failures(judged: pd.DataFrame, rows: int = 8) -> pd.DataFrame:
    """The wrong judgements the model was surest of: ``stars``, ``tone``, ``text``.

    >>> judged = pd.DataFrame({"review_id": ["a", "b"], "stars": [1, 5], "tone": [0.9, 0.8], "text": ["Oh, great.", "Great."],
    ...     "correct": pd.array([False, True], dtype="boolean")})
    >>> sentiment_failures(judged)["text"].tolist()
    ['Oh, great.']
    """
    wrong = judged[judged["correct"].notna() & ~judged["correct"].fillna(True)]
    surest = wrong.assign(sure=(wrong["tone"] - 0.5).abs())
    surest = surest.sort_values(["sure", "review_id"], ascending=[False, True]).head(rows)
    return surest[["stars", "tone", "text"]].reset_index(drop=True)


RAREST = 0.01  # of reviews: rarer words make no topic
SPEAKS_OF_RATING = 1e-3  # p-value below which a word is taken to carry praise or blame
_EMPTY = ("really", "turned", "hardly", "quite", "find", "think", "just", "got")
_TOPIC_WORDS = 3


class Topics(NamedTuple):
    """Topics found in reviews.

    Attributes:
        words: ``topic``, ``word``, ``weight``, heaviest first; a topic is named by its first words.
        weights: ``review_id``, ``topic``, ``weight``: one row per review and topic it touches.
        left_out: Words set aside because they speak of the rating.
    """

    words: pd.DataFrame
    weights: pd.DataFrame
    left_out: list[str]

    def main(self) -> pd.DataFrame:
        """The heaviest topic of each review that has one: ``review_id``, ``topic``."""
        order = self.weights.sort_values(["review_id", "weight"], ascending=[True, False], kind="stable")
        return order.drop_duplicates("review_id")[["review_id", "topic"]].reset_index(drop=True)


def review_topics(reviews: pd.DataFrame, n_topics: int = 14, random_state: int = 0) -> Topics:
    """Topics by non-negative matrix factorisation of the words that do not depend on the stars.

    "Lovely handle" and "flimsy handle" are about the same thing: words that come with good or bad ratings (chi-squared
    test) are set aside first, and how a review judges is left to the sentiment.

    Parameters:
        reviews: ``review_id``, ``stars``, ``text``.
        n_topics: At most so many; fewer when there are fewer words.

    Source: Lee & Seung (1999), Learning the parts of objects by non-negative matrix factorization, Nature 401.

    >>> said = ["handle lovely", "handle flimsy", "price lovely", "price flimsy"] * 9
    >>> reviews = pd.DataFrame({"review_id": [f"v{place}" for place in range(36)], "stars": [5, 1] * 18, "text": said})
    >>> found = review_topics(reviews, n_topics=2)
    >>> sorted(found.words["topic"].unique()), found.left_out
    (['handle', 'price'], ['flimsy', 'lovely'])
    """
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer, TfidfVectorizer
    from sklearn.feature_selection import chi2

    stop = sorted(ENGLISH_STOP_WORDS.union(_EMPTY))
    counter = CountVectorizer(stop_words=stop, min_df=RAREST, binary=True)
    try:
        counts = counter.fit_transform(reviews["text"])
    except ValueError as error:
        raise DataError(f"reviews: no topics, since no word is left ({error}).") from None
    tone = np.digitize(reviews["stars"], (3, 4))
    names, neutral = counter.get_feature_names_out(), chi2(counts, tone)[1] > SPEAKS_OF_RATING
    if not neutral.any():
        raise DataError("reviews: every common word goes with the rating, so there are no topics to find.")
    weighted = TfidfVectorizer(vocabulary=list(names[neutral])).fit_transform(reviews["text"])
    factor = NMF(min(n_topics, int(neutral.sum())), init="nndsvda", max_iter=2_000, random_state=random_state)
    documents = factor.fit_transform(weighted)
    return _named(factor.components_, documents, names[neutral], reviews["review_id"], list(names[~neutral]))


def _named(components, documents, words, review_ids, left_out) -> Topics:
    size = np.argsort(-(documents.sum(axis=0) * components.sum(axis=1)), kind="stable")
    components, documents = components[size], documents[:, size]
    heaviest = np.argsort(-components, axis=1, kind="stable")[:, :_TOPIC_WORDS]
    weight = np.take_along_axis(components, heaviest, axis=1)
    leading = weight >= 0.5 * weight[:, :1]  # a topic is named by the words at least half as heavy as its first
    names = np.array([" / ".join(words[row[lead]]) for row, lead in zip(heaviest, leading, strict=True)], dtype=object)
    topic, place = np.nonzero(weight > 0)
    word = words[heaviest[topic, place]]
    share = documents * components.max(axis=1)
    review, about = np.nonzero(share > 0.05)
    touched = {"review_id": review_ids.to_numpy()[review], "topic": names[about], "weight": share[review, about]}
    named = pd.DataFrame({"topic": names[topic], "word": word, "weight": weight[topic, place]})
    weights = pd.DataFrame(touched).astype({"topic": "str", "review_id": "str"})
    return Topics(named.astype({"topic": "str", "word": "str"}), weights, left_out)


def stars_by_topic(reviews: pd.DataFrame, topics: Topics) -> pd.DataFrame:
    """Mean stars of the reviews that touch each topic, worst first.

    Returns:
        DataFrame: ``topic``, ``reviews``, ``stars``, ``low``, ``high`` (95%; the reviews of one writer are alike).

    >>> reviews = pd.DataFrame({"review_id": ["a", "b", "c"], "record_id": ["r1", "r1", "r2"], "stars": [1, 2, 5]})
    >>> found = Topics(None, pd.DataFrame({"review_id": ["a", "b", "c"], "topic": "handle", "weight": 1.0}), [])
    >>> stars_by_topic(reviews, found)[["topic", "reviews", "stars"]].round(2).to_dict("records")
    [{'topic': 'handle', 'reviews': 3, 'stars': 2.67}]
    """
    rated = topics.weights.merge(reviews, on="review_id")
    writer = "record_id" if "record_id" in rated else "review_id"
    rows = []
    for topic, part in rated.groupby("topic"):
        each = part.groupby(writer)["stars"].agg(["sum", "size"])
        rows.append((topic, len(part), *ratio(each["sum"], each["size"])))
    table = pd.DataFrame(rows, columns=["topic", "reviews", "stars", "low", "high"])
    return table.sort_values("stars", ignore_index=True)


_SCALES = {"CSAT": (1.0, 5.0), "NPS": (0.0, 10.0)}


def feedback_table(
    identity_links: pd.DataFrame,
    survey_responses: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Answers to CSAT and NPS, reviews and complaints, one row each.

    Parameters:
        customers: The single customer view. With it, survey answers carry weights that let them speak for all customers
            with an order, each customer's weight divided among their answers.
        random_state: Of the folds by which the tone of reviews is held out, and of the topics.
    Returns:
        DataFrame: The table ``feedback``, in order of date.

    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> said = pd.DataFrame({"record_id": ["r1"], "date": pd.to_datetime(["2025-01-01"]), "question_id": "CSAT", "answer": [4]})
    >>> feedback_table(links, said)[["customer_id", "kind", "satisfaction"]].to_numpy().tolist()
    [['ann', 'CSAT', 0.75]]
    """
    parts = []
    if survey_responses is not None:
        parts += [_answers(survey_responses, identity_links, kind, customers) for kind in _SCALES]
    if reviews is not None and len(reviews):
        tone = held_out_tone(reviews, random_state=random_state).set_index("review_id")["tone"]
        topic = review_topics(reviews, random_state=random_state).main().set_index("review_id")["topic"]
        mine = of_customers(reviews, identity_links)
        ids = mine["review_id"]
        parts.append(_rows(mine, "review", mine["stars"], ids.map(tone), ids.map(topic), 1.0))
    if interactions is not None:
        mine = of_customers(interactions[interactions["purpose"] == "complaint"], identity_links)
        parts.append(_rows(mine, "complaint", np.nan, 0.0, mine["topic"], 1.0))
    parts = [part for part in parts if len(part)]
    if not parts:
        return tables.get("feedback").empty()
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["date", "customer_id", "kind"], kind="stable", ignore_index=True)


def _answers(survey_responses, identity_links, kind: str, customers) -> pd.DataFrame:
    said = of_customers(survey_responses[survey_responses["question_id"] == kind], identity_links)
    least, most = _SCALES[kind]
    said = said[said["answer"].between(least, most)].reset_index(drop=True)
    if said.empty:
        return said
    weight = pd.Series(1.0, index=said.index)
    if customers is not None:
        stands_for = response_weights(response_features(customers), said["customer_id"])
        stands_for = stands_for.set_index("customer_id")["weight"]
        # Those who answered without an order are not among the customers spoken for, and so speak for nobody.
        weight = said["customer_id"].map(stands_for).fillna(0.0)
        weight = weight / said.groupby("customer_id")["answer"].transform("size")
        weight = weight / weight.mean()
    return _rows(said, kind, said["answer"], (said["answer"] - least) / (most - least), None, weight)


def _rows(mine, kind, score, satisfaction, topic, weight) -> pd.DataFrame:
    """Rows of the table, with the types of its columns."""
    columns = {"kind": kind, "score": score, "satisfaction": satisfaction, "topic": topic, "weight": weight}
    types = {"kind": "str", "topic": "str"} | dict.fromkeys(("score", "satisfaction", "weight"), float)
    return mine[["customer_id", "date"]].assign(**columns).astype(types)


def plot_accuracy(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Held-out accuracy of sentiment models, for all reviews and those that deny, from :func:`compare_tone_models`.

    >>> seen = pd.DataFrame({"model": ["words", "pairs"], "reviews of": "all", "accuracy": [0.8, 0.9], "low": [0.7, 0.8],
    ...     "high": [0.9, 0.95], "base_rate": 0.6})
    >>> plot_accuracy(seen).get_title()
    'Best on all: pairs, 90.0% right'
    """
    ax = figures.axes(ax)
    models, groups = list(table["model"].unique()), list(table["reviews of"].unique())
    marks = (("o", figures.BLUE), ("s", figures.ORANGE), ("^", figures.GREEN))
    for shift, (group, (mark, colour)) in enumerate(zip(groups, marks, strict=False)):
        part = table[table["reviews of"] == group].set_index("model").loc[models]
        place = np.arange(len(models)) + 0.16 * (shift - (len(groups) - 1) / 2)
        errors = figures.spread(part, "accuracy")
        ax.errorbar(place, part["accuracy"], yerr=errors, fmt=mark, color=colour, capsize=3, label=group)
    base = table["base_rate"].iloc[0]
    ax.axhline(base, color="black", linestyle=":", linewidth=1)
    at = {"xytext": (0, 4), "textcoords": "offset points", "color": "#555555"}
    ax.annotate("always the commoner tone", (-0.45, base), **at)
    ax.set_xticks(range(len(models)), models)
    ax.grid(axis="x", visible=False)
    overall = table[table["reviews of"] == groups[0]]
    best = overall.loc[overall["accuracy"].idxmax()]
    title = f"Best on {groups[0]}: {best['model']}, {best['accuracy']:.1%} right"
    labels = {"x": "what the model sees", "y": "accuracy on held-out reviews", "y_format": "percent"}
    limits = {"xlim": (-0.5, len(models) - 0.5), "ylim": (base - 0.05, 1.0)}
    return figures.finish(ax, title, **labels, **limits, legend={"loc": "center right"})


def plot_stars_by_topic(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Mean stars of the reviews that touch each topic, with intervals, from :func:`stars_by_topic`.

    >>> seen = pd.DataFrame({"topic": ["handle", "price"], "reviews": 9, "stars": [3.1, 4.2], "low": [3, 4], "high": [3.3, 4.5]})
    >>> plot_stars_by_topic(seen).get_title()
    'Clear of the average: 2 of 2 topics (handle, price)'
    """
    ax = figures.axes(ax, figsize=(7.5, 0.32 * len(table) + 1.4))
    place = np.arange(len(table))[::-1]
    ax.errorbar(table["stars"], place, xerr=figures.spread(table, "stars"), fmt="o", color=figures.BLUE, capsize=3)
    middle = np.average(table["stars"], weights=table["reviews"])
    ax.axvline(middle, color="black", linestyle="--", linewidth=1)
    ax.set_yticks(place, [f"{row.topic} ({row.reviews:,})" for row in table.itertuples()])
    clear = table.loc[(table["low"] > middle) | (table["high"] < middle), "topic"]
    named = f" ({', '.join(clear)})" if 0 < len(clear) <= 3 else ""
    title = f"Clear of the average: {len(clear)} of {len(table)} topics{named}"
    return figures.finish(ax, title, "mean stars, with 95% interval (dashed: all topics)", "topic (reviews)")
