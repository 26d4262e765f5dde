"""The tone of review text, learnt from the stars beside it and judged on reviews not learnt from."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from idic_lab.errors import DataError, UnknownName

KINDS = ("words", "words and pairs", "negation marked")
POSITIVE_FROM, NEGATIVE_TO = 4, 2  # stars; three stars are neither
_NEGATION = re.compile(r"\b(?:not|no|never|nobody|nothing|hardly|cannot|without|\w+n[’']t)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:[’']\w+)?")
_CLAUSE = re.compile(r"[.,;:!?]")


def negates(texts: pd.Series) -> pd.Series:
    """Whether a text denies something, by the words it uses.

    Examples
    --------
    >>> negates(pd.Series(["Not good.", "Good.", "It doesn't fit.", "Knotty wood."])).tolist()
    [True, False, True, False]
    """
    return texts.str.contains(_NEGATION)


def mark_negation(text: str) -> str:
    """Every word after a denial, up to the end of the clause, written with ``not_`` before it.

    Source: Das & Chen (2007), Yahoo! for Amazon, Management Science 53(9); Pang, Lee & Vaithyanathan (2002), Thumbs up?

    Examples
    --------
    >>> mark_negation("The fit is not good, the price is.")
    'The fit is not not_good, the price is.'
    """
    marked = []
    for clause in re.split(f"({_CLAUSE.pattern})", text):
        denial = _NEGATION.search(clause)
        if denial:
            clause = clause[: denial.end()] + _WORD.sub(
                lambda word: f"not_{word.group()}", clause[denial.end() :]
            )
        marked.append(clause)
    return "".join(marked)


def _marked(text: str) -> str:
    return mark_negation(text.lower())


def sentiment_model(kind: str = "negation marked") -> Pipeline:
    """A linear model on word weights, not yet fitted.

    Parameters
    ----------
    kind : {"words", "words and pairs", "negation marked"}
        What counts as a feature: single words; also pairs of neighbours ("not good"); or single words, marked where
        they are denied.

    Returns
    -------
    sklearn Pipeline
        TF-IDF weights, then a logistic regression of positive (True) or negative.
    """
    if kind not in KINDS:
        raise UnknownName("kind of sentiment model", kind, KINDS)
    words = TfidfVectorizer(
        preprocessor=_marked if kind == "negation marked" else None,
        token_pattern=r"(?u)\b\w+(?:[’']\w+)?\b",
        ngram_range=(1, 2) if kind == "words and pairs" else (1, 1),
        min_df=2,
        sublinear_tf=True,
    )
    return make_pipeline(words, LogisticRegression(C=3.0, max_iter=2_000))


def held_out_tone(
    reviews: pd.DataFrame,
    kind: str = "negation marked",
    folds: int = 5,
    keep_copies_together: bool = True,
    random_state: int = 0,
) -> pd.DataFrame:
    """The tone of each review, by a model that did not learn from it.

    Models learn from reviews with 1, 2, 4 or 5 stars; three-star reviews are given a tone as well, but are neither
    right nor wrong.

    Parameters
    ----------
    reviews : DataFrame
        ``review_id``, ``stars``, ``text``.
    kind : str
        As for :func:`sentiment_model`.
    folds : int
    keep_copies_together : bool
        Texts that occur several times stay on one side of the divide. Without this, a model is asked about sentences
        that it has learnt by heart.
    random_state : int

    Returns
    -------
    DataFrame
        ``review_id``, ``stars``, ``text``, ``negated`` (by its words), ``tone`` (probability of being positive),
        ``correct`` (missing for three stars).

    Raises
    ------
    DataError
        Fewer than `folds` positive or negative reviews.
    """
    clear = ~reviews["stars"].between(NEGATIVE_TO + 1, POSITIVE_FROM - 1)
    positive = reviews["stars"] >= POSITIVE_FROM
    if min((clear & positive).sum(), (clear & ~positive).sum()) < folds:
        raise DataError(
            f"Sentiment needs at least {folds} reviews of {POSITIVE_FROM} stars up and of {NEGATIVE_TO} down."
        )
    tone, options = np.empty(len(reviews)), {"shuffle": True, "random_state": random_state}
    if keep_copies_together:
        copies = pd.factorize(reviews["text"].str.lower().str.strip())[0]
        split = StratifiedGroupKFold(folds, **options).split(reviews["text"], positive, copies)
    else:
        split = StratifiedKFold(folds, **options).split(reviews["text"], positive)
    for learn, test in split:
        learn = learn[clear.to_numpy()[learn]]
        model = sentiment_model(kind).fit(reviews["text"].iloc[learn], positive.iloc[learn])
        tone[test] = model.predict_proba(reviews["text"].iloc[test])[:, 1]
    judged = reviews[["review_id", "stars", "text"]].reset_index(drop=True)
    right = pd.Series((tone > 0.5) == positive.to_numpy(), dtype="boolean").where(clear.to_numpy())
    return judged.assign(negated=negates(judged["text"]), tone=tone, correct=right)


def sentiment_accuracy(judged: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Share of reviews whose tone was found, with its 95% interval, beside that of always naming the commoner tone.

    Parameters
    ----------
    judged : DataFrame
        As :func:`held_out_tone` gives.
    by : str, optional
        A column to divide by, such as ``"negated"``.

    Returns
    -------
    DataFrame
        `by`, ``reviews``, ``accuracy``, ``low``, ``high`` (Wilson), ``base_rate``.
    """
    clear = judged[judged["correct"].notna()]
    groups = [("all", clear)] if by is None else list(clear.groupby(by))
    rows = []
    for name, part in groups:
        right, share = int(part["correct"].sum()), (part["stars"] >= POSITIVE_FROM).mean()
        interval = binomtest(right, len(part)).proportion_ci(method="wilson")
        rows.append(
            {
                by or "reviews of": name,
                "reviews": len(part),
                "accuracy": right / len(part),
                "low": interval.low,
                "high": interval.high,
                "base_rate": max(share, 1 - share),
            }
        )
    return pd.DataFrame(rows)


def sentiment_failures(judged: pd.DataFrame, rows: int = 8) -> pd.DataFrame:
    """The wrong judgements the model was surest of: ``stars``, ``tone``, ``text``."""
    wrong = judged[judged["correct"].notna() & ~judged["correct"].fillna(True)]
    surest = wrong.assign(sure=(wrong["tone"] - 0.5).abs())
    surest = surest.sort_values(["sure", "review_id"], ascending=[False, True]).head(rows)
    return surest[["stars", "tone", "text"]].reset_index(drop=True)


def telling_words(model: Pipeline, n: int = 10) -> pd.DataFrame:
    """The words that speak most strongly for a tone: ``word``, ``weight``, ``tone``; a fitted :func:`sentiment_model`."""
    words, weights = model[0].get_feature_names_out(), model[-1].coef_[0]
    order = np.argsort(weights, kind="stable")
    chosen = np.concatenate([order[:n], order[-n:]])
    return pd.DataFrame(
        {
            "word": pd.array(words[chosen], dtype="str"),
            "weight": weights[chosen],
            "tone": pd.array(["negative"] * n + ["positive"] * n, dtype="str"),
        }
    )
