"""What answers say about a customer's need segment, and what another question would add."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError, UnknownName

SUREST_ANSWER = (
    0.98  # no share of yes estimated from a sample is taken to be nearer to 0 or 1 than this allows
)


def item_probabilities(need_profiles: pd.DataFrame) -> pd.DataFrame:
    """Probability of a yes per segment and question.

    Parameters
    ----------
    need_profiles : DataFrame
        ``segment``, ``question_id``, ``share``.

    Returns
    -------
    DataFrame, segments × questions
        Kept between 0.02 and 0.98: one unexpected answer must not rule a segment out.
    """
    table = need_profiles.set_index(["segment", "question_id"])["share"].unstack("question_id")  # noqa: PD010
    if table.isna().to_numpy().any():
        raise DataError("need_profiles: a segment lacks the share of a question that another segment has.")
    return table.clip(1 - SUREST_ANSWER, SUREST_ANSWER)


def items_from_answers(answers: pd.DataFrame, segments: pd.Series) -> pd.DataFrame:
    """Probability of a yes per segment and question, from answers of customers whose segment is known.

    Parameters
    ----------
    answers : DataFrame, customers × questions
        1 = yes, 0 = no, missing where not answered.
    segments : Series by customer

    Returns
    -------
    DataFrame, segments × questions
        One imaginary yes and one no are added to each, and shares kept as :func:`item_probabilities` keeps them.
    """
    groups = answers.groupby(segments.reindex(answers.index))
    return ((groups.sum() + 1) / (groups.count() + 2)).clip(1 - SUREST_ANSWER, SUREST_ANSWER)


def segment_shares(need_profiles: pd.DataFrame) -> pd.Series:
    """Size of each segment, summing to 1: what is believed of somebody who has not answered anything."""
    sizes = need_profiles.groupby("segment")["share_of_customers"].first()
    return sizes / sizes.sum()


def starting_beliefs(
    customer_ids, shares: pd.Series, need_segments: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Belief in each segment before the first answer.

    Parameters
    ----------
    customer_ids : sequence of text
    shares : Series by segment
        As :func:`segment_shares` gives.
    need_segments : DataFrame, optional
        ``customer_id``, ``segment``, ``probability``: what the typing tool infers from behaviour. The rest of the
        probability goes to the other segments by their size. Customers not in it start from the shares.

    Returns
    -------
    DataFrame, customers × segments; rows sum to 1
    """
    beliefs = pd.DataFrame(
        np.tile(shares.to_numpy(dtype=float), (len(customer_ids), 1)),
        index=pd.Index(customer_ids, name="customer_id"),
        columns=shares.index,
    )
    if need_segments is None:
        return beliefs
    known = need_segments.set_index("customer_id").reindex(beliefs.index)
    named = beliefs.columns.get_indexer(known["segment"].fillna(""))
    rows = np.flatnonzero(named >= 0)
    chance = known["probability"].to_numpy(float)[rows]
    values = beliefs.to_numpy(copy=True)
    others = values[rows].copy()
    others[np.arange(len(rows)), named[rows]] = 0.0
    total = others.sum(axis=1)
    chance = np.where(total > 0, chance, 1.0)
    values[rows] = others / np.where(total > 0, total, 1.0)[:, None] * (1 - chance)[:, None]
    values[rows, named[rows]] = chance
    return pd.DataFrame(values, index=beliefs.index, columns=beliefs.columns)


def updated_beliefs(beliefs: pd.DataFrame, items: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Beliefs after answers, by Bayes' rule.

    Answers of one person are taken to be independent given the segment, as in latent class analysis.

    Parameters
    ----------
    beliefs : DataFrame, customers × segments
    items : DataFrame, segments × questions
    answers : DataFrame, customers × questions
        1 = yes, 0 = no, missing = not asked; questions that `items` lacks are an error.

    Returns
    -------
    DataFrame, customers × segments

    Examples
    --------
    >>> beliefs = pd.DataFrame([[0.5, 0.5]], index=["ann"], columns=["price", "advice"])
    >>> items = pd.DataFrame({"I wait for the sales.": [0.9, 0.1]}, index=["price", "advice"])
    >>> said = pd.DataFrame({"I wait for the sales.": [1.0]}, index=["ann"])
    >>> updated_beliefs(beliefs, items, said).round(2).to_dict("records")
    [{'price': 0.9, 'advice': 0.1}]
    """
    unknown = [name for name in answers.columns if name not in items.columns]
    if unknown:
        raise UnknownName("question", unknown[0], items.columns)
    chance = items.loc[beliefs.columns, answers.columns].to_numpy()
    said = answers.reindex(beliefs.index).to_numpy(dtype=float)
    yes, no = np.nan_to_num(said == 1), np.nan_to_num(said == 0)
    score = np.log(np.maximum(beliefs.to_numpy(), 1e-300)) + yes @ np.log(chance).T + no @ np.log1p(-chance).T
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return pd.DataFrame(
        weight / weight.sum(axis=1, keepdims=True), index=beliefs.index, columns=beliefs.columns
    )


def uncertainty(beliefs: np.ndarray) -> np.ndarray:
    """Entropy of each row of probabilities, in bits: 0 when sure, log2 of the number of segments when all are equal.

    Examples
    --------
    >>> uncertainty(np.array([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])).tolist()
    [2.0, 0.0]
    """
    return -(beliefs * np.log2(np.where(beliefs > 0, beliefs, 1.0))).sum(axis=-1) + 0.0


def expected_information(beliefs: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """How much each question is expected to tell about the segment, in bits.

    The uncertainty now, less the mean uncertainty after a yes and after a no, each weighted by how probable it is: the
    mutual information between answer and segment. It is never negative, although a single answer may leave one less
    sure than before.

    Parameters
    ----------
    beliefs : DataFrame, customers × segments
    items : DataFrame, segments × questions

    Returns
    -------
    DataFrame, customers × questions

    Source: Lindley (1956), On a measure of the information provided by an experiment, Annals of Mathematical
    Statistics 27(4).

    Examples
    --------
    >>> beliefs = pd.DataFrame([[0.5, 0.5]], index=["ann"], columns=["price", "advice"])
    >>> items = pd.DataFrame({"telling": [0.9, 0.1], "idle": [0.5, 0.5]}, index=["price", "advice"])
    >>> expected_information(beliefs, items).round(2).to_dict("records")
    [{'telling': 0.53, 'idle': 0.0}]
    """
    b, p = beliefs.to_numpy(), items.loc[beliefs.columns].to_numpy()
    # Information is symmetric: the uncertainty about the answer, less what is left of it once the segment is known.
    yes = b @ p
    answer = uncertainty(np.stack([yes, 1 - yes], axis=-1))
    given = b @ uncertainty(np.stack([p, 1 - p], axis=-1))
    return pd.DataFrame(np.maximum(answer - given, 0.0), index=beliefs.index, columns=items.columns)
