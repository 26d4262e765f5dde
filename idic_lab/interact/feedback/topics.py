"""What reviews are about: topics, from words that say nothing about the rating."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import chi2

from idic_lab.errors import DataError

RAREST = 0.01  # of reviews: rarer words make no topic
SPEAKS_OF_RATING = 1e-3  # p-value below which a word is taken to carry praise or blame
_EMPTY = ("really", "turned", "hardly", "quite", "find", "think", "just", "got")
_TOPIC_WORDS = 3


@dataclass(frozen=True)
class Topics:
    """Topics found in reviews.

    Attributes
    ----------
    words : DataFrame
        ``topic``, ``word``, ``weight``: the words of each topic, heaviest first. A topic is named by its first word.
    weights : DataFrame
        ``review_id``, ``topic``, ``weight``: one row per review and topic it touches.
    left_out : list of str
        Words set aside because they speak of the rating.
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

    "Lovely handle" and "flimsy handle" are about the same thing. Words that come with good or bad ratings (chi-squared
    test) are set aside first, so that topics say what a review is about and leave how it judges to the sentiment.

    Parameters
    ----------
    reviews : DataFrame
        ``review_id``, ``stars``, ``text``.
    n_topics : int
        At most so many; fewer when there are fewer words.
    random_state : int

    Returns
    -------
    Topics

    Raises
    ------
    DataError
        When no word is left.

    Source: Lee & Seung (1999), Learning the parts of objects by non-negative matrix factorization, Nature 401.
    """
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
    topics = [" / ".join(_leading(words, row, components[i])) for i, row in enumerate(heaviest)]
    rows = [
        (topic, words[word], components[number, word])
        for number, (topic, row) in enumerate(zip(topics, heaviest, strict=True))
        for word in row
        if components[number, word] > 0
    ]
    share = documents * components.max(axis=1)
    which, topic = np.nonzero(share > 0.05)
    text = {"topic": "str"}
    return Topics(
        pd.DataFrame(rows, columns=["topic", "word", "weight"]).astype(text | {"word": "str"}),
        pd.DataFrame(
            {
                "review_id": review_ids.to_numpy()[which],
                "topic": np.array(topics, dtype=object)[topic],
                "weight": share[which, topic],
            }
        ).astype(text | {"review_id": "str"}),
        left_out,
    )


def _leading(words: np.ndarray, order: np.ndarray, weights: np.ndarray) -> list[str]:
    """The words of a topic at least half as heavy as its first."""
    return [str(words[i]) for i in order if weights[i] >= 0.5 * weights[order[0]]]


def stars_by_topic(reviews: pd.DataFrame, topics: Topics) -> pd.DataFrame:
    """Mean stars of the reviews that touch each topic, with a 95% interval; worst first.

    Returns
    -------
    DataFrame
        ``topic``, ``reviews``, ``stars``, ``low``, ``high``.
    """
    rated = topics.weights.merge(reviews[["review_id", "stars"]], on="review_id")
    table = rated.groupby("topic")["stars"].agg(reviews="size", stars="mean", spread="std").reset_index()
    half = 1.96 * table["spread"].fillna(0.0) / np.sqrt(table["reviews"])
    table["low"], table["high"] = table["stars"] - half, table["stars"] + half
    return table.drop(columns="spread").sort_values("stars", ignore_index=True)
