"""Whether customers of different value need different things, question by question."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from idic_lab.errors import DataError
from idic_lab.inference.multiple_tests import holm

FEWEST_EXPECTED = 5  # in each cell, below which the chi-squared approximation is poor


def value_tiers(
    values: pd.DataFrame, column: str, names: tuple[str, ...] = ("low", "middle", "high")
) -> pd.DataFrame:
    """Customers in tiers of equal size by a value, lowest first.

    Parameters
    ----------
    values : DataFrame
        ``customer_id`` and `column`.
    column : str
        What they are ranked by; ties go by their order in the table.
    names : tuple of str
        One per tier.

    Returns
    -------
    DataFrame
        ``customer_id``, ``tier``.

    Examples
    --------
    >>> value_tiers(pd.DataFrame({"customer_id": list("abc"), "clv": [9.0, 1.0, 5.0]}), "clv")["tier"].tolist()
    ['high', 'low', 'middle']
    """
    rank = values[column].rank(method="first").to_numpy() - 1
    tier = (rank * len(names) // len(values)).astype(int)
    return pd.DataFrame(
        {
            "customer_id": values["customer_id"].to_numpy(),
            "tier": pd.array(np.array(names)[tier], dtype="str"),
        }
    ).astype({"customer_id": "str"})


def need_differences(answers: pd.DataFrame, tiers: pd.DataFrame) -> pd.DataFrame:
    """The share of yes to each question by value tier, tested, and corrected for asking twenty times.

    A chi-squared test per question asks whether the tiers differ; Holm's correction keeps the chance of one or more
    false alarms among all questions at the level stated. Cramér's V says how large a difference is, whatever the
    number of customers (0.1 small, 0.3 medium, by Cohen).

    Parameters
    ----------
    answers : DataFrame
        ``customer_id`` and one column per question (1, 0 or missing).
    tiers : DataFrame
        ``customer_id``, ``tier``.

    Returns
    -------
    DataFrame
        ``question_id``, one share of yes per tier, ``cramers_v``, ``p_value``, ``p_corrected``; smallest p first.

    Raises
    ------
    DataError
        Fewer than two tiers among those who answered, or too few answers for the test.

    Source: Holm (1979), Scandinavian Journal of Statistics 6(2); Cohen (1988), Statistical Power Analysis, chapter 7.

    Examples
    --------
    >>> answers = pd.DataFrame({"customer_id": [str(i) for i in range(40)], "Q": [1.0] * 20 + [0.0] * 20})
    >>> tiers = pd.DataFrame({"customer_id": [str(i) for i in range(40)], "tier": ["low"] * 20 + ["high"] * 20})
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
            rows.append({"question_id": question, "cramers_v": 0.0, "p_value": 1.0})
            continue
        statistic, p_value, _, expected = chi2_contingency(table, correction=False)
        if expected.min() < FEWEST_EXPECTED:
            raise DataError(
                f"need_differences: question '{question}' has too few answers per tier for a chi-squared test "
                f"(expected {expected.min():.1f}, {FEWEST_EXPECTED} needed); use fewer tiers."
            )
        effect = np.sqrt(statistic / len(given) / (min(table.shape) - 1))
        rows.append({"question_id": question, "cramers_v": effect, "p_value": p_value})
    tests = pd.DataFrame(rows)
    order = list(
        dict.fromkeys(name for name in ("low", "middle", "high", *both["tier"]) if name in set(both["tier"]))
    )
    shares = both.groupby("tier")[list(tests["question_id"])].mean().T.reindex(columns=order)
    tests = shares.rename_axis(index="question_id", columns=None).reset_index().merge(tests, on="question_id")
    tests["p_corrected"] = holm(tests["p_value"])
    return tests.sort_values("p_value", kind="stable", ignore_index=True)
