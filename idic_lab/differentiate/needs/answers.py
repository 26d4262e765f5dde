"""The battery of yes/no questions: who answered what, and how segments and value tiers differ in it."""

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError, pick
from idic_lab.inference.multiple_tests import holm

FEWEST_QUESTIONS = 5


def _battery_survey(survey_questions: pd.DataFrame) -> str:
    """The survey that is a battery: at least five questions, all answered by yes (1) or no (0)."""
    yes_no = survey_questions["minimum"].eq(0) & survey_questions["maximum"].eq(1)
    surveys = yes_no.groupby(survey_questions["survey_id"]).agg(["all", "size"])
    found = surveys.index[surveys["all"] & surveys["size"].ge(FEWEST_QUESTIONS)].tolist()
    if len(found) != 1:
        what = f"several ({', '.join(found)}): name one with survey_id" if found else "none"
        wanted = f"a needs battery is a survey of at least {FEWEST_QUESTIONS} questions on the scale 0 to 1"
        raise DataError(f"survey_questions: {wanted}; found {what}.")
    return found[0]


def battery(
    survey_responses: pd.DataFrame, identity_links: pd.DataFrame, survey_questions: pd.DataFrame, survey_id: str = ""
) -> pd.DataFrame:
    """The answers of each customer to the battery, the latest to each question.

    Parameters:
        identity_links: Answers of a record without a link are left out.
        survey_id: The battery; empty: the one survey of yes/no questions.
    Returns:
        DataFrame: ``customer_id`` and one column per question (1 = yes, 0 = no, missing where not answered).

    >>> responses = pd.DataFrame({"record_id": ["r1", "r1", "r2"], "survey_id": "N",
    ...     "date": pd.to_datetime(["2025-01-01"] * 3), "question_id": ["Q1", "Q2", "Q1"], "answer": [1.0, 0.0, 0.0]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "bob"]})
    >>> questions = pd.DataFrame({"survey_id": "N", "question_id": ["Q1", "Q2"], "minimum": 0.0, "maximum": 1.0})
    >>> battery(responses, links, questions, survey_id="N")
      customer_id   Q1   Q2
    0         ann  1.0  0.0
    1         bob  0.0  NaN
    """
    survey_id = survey_id or _battery_survey(survey_questions)
    pick("survey", survey_id, sorted(survey_questions["survey_id"].unique()))
    asked = survey_questions.loc[survey_questions["survey_id"].eq(survey_id), "question_id"].tolist()
    mine = survey_responses["survey_id"].eq(survey_id) & survey_responses["question_id"].isin(asked)
    answers = of_customers(survey_responses[mine], identity_links)
    if answers.empty:
        raise DataError("The needs battery has no answer of anybody who could be linked to a customer.")
    latest = answers.sort_values(["date", "record_id"]).drop_duplicates(["customer_id", "question_id"], keep="last")
    wide = latest.pivot_table("answer", "customer_id", "question_id", aggfunc="last")
    return wide.reindex(columns=asked).rename_axis(columns=None).reset_index()


ABSOLUTE, RELATIVE = 0.25, 0.50


def profiles(answers: pd.DataFrame, labels, questions: dict[str, str] | None = None) -> pd.DataFrame:
    """The share of yes in each segment beside that of everybody, with the marker variables.

    A question marks a segment when the segment's share of yes differs from everybody's by at least 25 percentage
    points, or by at least half of it.

    Parameters:
        answers: ``customer_id`` and one column per question (1, 0 or missing).
        labels (array-like of shape (n_customers,)): Segment of each row; a name or a number.
    Returns:
        DataFrame: ``segment`` (text), ``question_id``, ``text``, ``share`` (of yes, in the segment), ``overall``,
            ``difference``, ``relative_difference``, ``marker`` (flag), ``share_of_customers``; one row per segment and
            question.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, step 6 (marker variables).

    >>> answers = pd.DataFrame({"customer_id": list("abcd"), "Q1": [1.0, 1, 0, 0], "Q2": [1.0, 0, 1, 0]})
    >>> profiles(answers, ["x", "x", "y", "y"])["marker"].tolist()
    [True, False, True, False]
    """
    labels = pd.Series(np.asarray(labels)).astype("str")
    if len(labels) != len(answers):
        raise DataError(f"profiles: {len(labels):,} labels for {len(answers):,} rows of answers.")
    items = answers.drop(columns="customer_id").reset_index(drop=True)
    within = items.groupby(labels).mean().rename_axis(index="segment").reset_index()
    table = within.melt("segment", var_name="question_id", value_name="share")
    table = table.sort_values("segment", kind="stable", ignore_index=True)
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
    """A name for each segment of a profile, all different: what its strongest marker says, in the customers' own words.

    The strongest marker is the marker question on which the segment is furthest above everybody; where two segments
    share it, the one nearer to everybody takes its next. A segment without a marker above everybody is named for what
    it says least ("less: ..."), or as lying in the middle.

    >>> profile = pd.DataFrame({"segment": ["0", "1"], "text": ["I wait for the sales.", "Delivery must be quick, and safe."],
    ...     "difference": [0.4, 0.3], "marker": True})
    >>> segment_names(profile)
    {'0': 'wait for the sales', '1': 'delivery must be quick'}
    """
    names: dict[str, str] = {}
    above = profile[profile["marker"] & profile["difference"].gt(0)].sort_values("difference", ascending=False)
    for segment, text in zip(above["segment"], above["text"], strict=True):
        if segment not in names and _phrase(text) not in names.values():
            names[segment] = _phrase(text)
    for segment, group in profile.groupby("segment"):
        if segment not in names:
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

    Parameters:
        answers (array-like of shape (n_customers, n_questions)): Breaks ties between segments of one size.

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


FEWEST_EXPECTED = 5  # in each cell, below which the chi-squared approximation is poor


def value_tiers(values: pd.DataFrame, column: str) -> pd.DataFrame:
    """``customer_id`` and ``tier`` (low, middle, high): customers in thirds of equal size by a column.

    >>> value_tiers(pd.DataFrame({"customer_id": list("abc"), "clv": [9.0, 1.0, 5.0]}), "clv")["tier"].tolist()
    ['high', 'low', 'middle']
    """
    rank = values[column].rank(method="first").to_numpy() - 1  # ties go by their order in the table
    tier = pd.array(np.array(["low", "middle", "high"])[(rank * 3 // len(values)).astype(int)], dtype="str")
    return pd.DataFrame({"customer_id": values["customer_id"].to_numpy(), "tier": tier}).astype({"customer_id": "str"})


def need_differences(answers: pd.DataFrame, tiers: pd.DataFrame) -> pd.DataFrame:
    """The share of yes to each question by value tier, tested, and corrected for asking twenty times.

    A chi-squared test per question asks whether the tiers differ; Holm's correction keeps the chance of one or more
    false alarms among all questions at the level stated. Cramér's V says how large a difference is, whatever the
    number of customers (0.1 small, 0.3 medium, by Cohen).

    Parameters:
        answers: ``customer_id`` and one column per question (1, 0 or missing).
        tiers: ``customer_id``, ``tier``.
    Returns:
        DataFrame: ``question_id``, one share of yes per tier, ``cramers_v``, ``p_value``, ``p_corrected``; smallest p
            first.

    Source: Holm (1979), Scandinavian Journal of Statistics 6(2); Cohen (1988), Statistical Power Analysis, chapter 7.

    >>> answers = pd.DataFrame({"customer_id": [str(i) for i in range(40)], "Q": [1.0] * 20 + [0.0] * 20})
    >>> tiers = answers[["customer_id"]].assign(tier=["low"] * 20 + ["high"] * 20)
    >>> bool(need_differences(answers, tiers)["p_corrected"].iloc[0] < 0.001)
    True
    """
    both = answers.merge(tiers[["customer_id", "tier"]], on="customer_id")
    if both["tier"].nunique() < 2:
        raise DataError("need_differences: at least two value tiers are needed among those who answered.")
    rows = []
    for question in answers.columns.drop("customer_id"):
        given = both[both[question].notna()]
        table = pd.crosstab(given["tier"], given[question])
        if table.shape[1] < 2:  # everybody says the same: no difference, and nothing to test
            rows.append((question, 0.0, 1.0))
            continue
        statistic, p_value, _, expected = chi2_contingency(table, correction=False)
        if expected.min() < FEWEST_EXPECTED:
            few = f"question '{question}' has too few answers per tier for a chi-squared test"
            needed = f"(expected {expected.min():.1f}, {FEWEST_EXPECTED} needed)"
            raise DataError(f"need_differences: {few} {needed}; use fewer tiers.")
        rows.append((question, np.sqrt(statistic / len(given) / (min(table.shape) - 1)), p_value))
    tests = pd.DataFrame(rows, columns=["question_id", "cramers_v", "p_value"])
    there = both["tier"].unique().tolist()
    order = [name for name in dict.fromkeys(["low", "middle", "high", *there]) if name in there]
    shares = both.groupby("tier")[list(tests["question_id"])].mean().T.reindex(columns=order)
    tests = shares.rename_axis(index="question_id", columns=None).reset_index().merge(tests, on="question_id")
    tests["p_corrected"] = holm(tests["p_value"])
    return tests.sort_values("p_value", kind="stable", ignore_index=True)
