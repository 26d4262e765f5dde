"""What each segment is: how it answers compared with everybody, which questions mark it, and a name from those."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError

ABSOLUTE, RELATIVE = 0.25, 0.50


def profiles(answers: pd.DataFrame, labels, questions: dict[str, str] | None = None) -> pd.DataFrame:
    """The share of yes in each segment beside that of everybody, with the marker variables.

    A question marks a segment when the segment's share of yes differs from everybody's by at least 25 percentage
    points, or by at least half of it.

    Parameters
    ----------
    answers : DataFrame
        ``customer_id`` and one column per question (1, 0 or missing).
    labels : array-like of shape (n_customers,)
        Segment of each row; a name or a number.
    questions : dict of str to str, optional
        Wording by question.

    Returns
    -------
    DataFrame
        ``segment`` (text), ``question_id``, ``text``, ``share`` (of yes, in the segment), ``overall``, ``difference``,
        ``relative_difference``, ``marker`` (flag), ``share_of_customers``; one row per segment and question.

    Raises
    ------
    DataError
        Labels and answers differ in length, or nobody in a segment answered a question.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, step 6 (marker variables).

    Examples
    --------
    >>> answers = pd.DataFrame({"customer_id": list("abcd"), "Q1": [1.0, 1, 0, 0], "Q2": [1.0, 0, 1, 0]})
    >>> profiles(answers, ["x", "x", "y", "y"])[["segment", "question_id", "share", "overall", "marker"]]
      segment question_id  share  overall  marker
    0       x          Q1    1.0      0.5    True
    1       x          Q2    0.5      0.5   False
    2       y          Q1    0.0      0.5    True
    3       y          Q2    0.5      0.5   False
    """
    labels = pd.Series(np.asarray(labels)).astype("str")
    if len(labels) != len(answers):
        raise DataError(f"profiles: {len(labels):,} labels for {len(answers):,} rows of answers.")
    items = answers.drop(columns="customer_id").reset_index(drop=True)
    within = items.groupby(labels).mean()
    table = (
        within.rename_axis(index="segment")
        .reset_index()
        .melt("segment", var_name="question_id", value_name="share")
        .sort_values("segment", kind="stable", ignore_index=True)
    )
    unasked = table[table["share"].isna()]
    if len(unasked):
        segment, question = unasked[["segment", "question_id"]].iloc[0]
        raise DataError(f"profiles: nobody in segment '{segment}' answered question '{question}'.")
    wording = questions or {}
    table.insert(2, "text", pd.array([wording.get(q, q) for q in table["question_id"]], dtype="str"))
    table["overall"] = table["question_id"].map(items.mean())
    table["difference"] = table["share"] - table["overall"]
    table["relative_difference"] = table["difference"] / table["overall"].where(table["overall"] > 0, 1.0)
    table["marker"] = table["difference"].abs().ge(ABSOLUTE) | table["relative_difference"].abs().ge(RELATIVE)
    table["share_of_customers"] = table["segment"].map(labels.value_counts(normalize=True))
    return table.astype({"question_id": "str"})


def segment_names(profile: pd.DataFrame) -> dict[str, str]:
    """A readable name for each segment: what its strongest marker says, in the customers' own words.

    The strongest marker is the marker question on which the segment is furthest above everybody; where two segments
    share it, the one nearer to everybody takes its next. A segment without a marker above everybody is named for what
    it says least ("less: ..."), or as lying in the middle.

    Parameters
    ----------
    profile : DataFrame
        As :func:`profiles` gives.

    Returns
    -------
    dict of str to str
        Name by segment; all different.

    Examples
    --------
    >>> profile = pd.DataFrame({"segment": ["0", "1"], "text": ["I wait for the sales.", "Delivery must be quick, and safe."],
    ...     "difference": [0.4, 0.3], "marker": True})
    >>> segment_names(profile)
    {'0': 'wait for the sales', '1': 'delivery must be quick'}
    """
    names: dict[str, str] = {}
    above = profile[profile["marker"] & profile["difference"].gt(0)].sort_values(
        "difference", ascending=False
    )
    for segment, text in zip(above["segment"], above["text"], strict=True):
        if segment not in names and _phrase(text) not in names.values():
            names[segment] = _phrase(text)
    for segment, group in profile.groupby("segment"):
        if segment in names:
            continue
        markers = group[group["marker"]].sort_values("difference")
        name = f"less: {_phrase(markers['text'].iloc[0])}" if len(markers) else "like everybody"
        names[segment] = name if name not in names.values() else f"{name} ({segment})"
    return {segment: names[segment] for segment in profile["segment"].unique()}


def _phrase(text: str) -> str:
    """The first clause without "I": "I wait for the sales." becomes "wait for the sales"."""
    clause = text.strip().rstrip(".!?").split(",")[0].removeprefix("I ").strip()
    for opening in (" before ", " who "):
        clause = clause.split(opening)[0]
    return clause[:1].lower() + clause[1:]


def stable_order(labels, answers) -> np.ndarray:
    """The same segments numbered by size, largest first, so that numbers do not depend on random starts.

    Parameters
    ----------
    labels : array-like of int, shape (n_customers,)
    answers : array-like of shape (n_customers, n_questions)
        Breaks ties between segments of one size.

    Returns
    -------
    ndarray of int, shape (n_customers,)

    Examples
    --------
    >>> stable_order([2, 0, 0], [[1], [0], [0]]).tolist()
    [1, 0, 0]
    """
    labels, X = np.asarray(labels), np.asarray(answers, dtype="float64")
    found, size = np.unique(labels, return_counts=True)
    means = [tuple(np.nanmean(X[labels == label], axis=0)) for label in found]
    order = sorted(range(len(found)), key=lambda i: (-size[i], means[i]))
    rank = np.empty(found.max() + 1, dtype=int)
    rank[found[order]] = np.arange(len(found))
    return rank[labels]
