"""Do the dissatisfied leave? Answers before a day against purchases after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from idic_lab.errors import DataError
from idic_lab.interact.regression import regression


def satisfaction_and_leaving(
    answers: pd.DataFrame, transactions: pd.DataFrame, landmark: pd.Timestamp, horizon_days: int
) -> pd.DataFrame:
    """Customers who answered before a day, and whether they bought in the time after it.

    Dividing time at one day for all (a landmark) keeps the order of cause and effect: what counts as satisfaction was
    said before, what counts as leaving was done after.

    Parameters
    ----------
    answers : DataFrame
        ``customer_id``, ``date``, ``answer``.
    transactions : DataFrame
        ``customer_id``, ``date``.
    landmark : Timestamp
    horizon_days : int
        No purchase for so many days from the landmark on counts as having left.

    Returns
    -------
    DataFrame
        ``customer_id``, ``answer`` (the latest before the landmark), ``purchases`` before the landmark,
        ``days_since_purchase`` at the landmark, ``left``.

    Raises
    ------
    DataError
        When the data end before the horizon does, or nobody answered before the landmark.
    """
    end = pd.Timestamp(landmark) + pd.Timedelta(days=horizon_days)
    if transactions["date"].max() < end - pd.Timedelta(days=1):
        raise DataError(
            f"The purchases end on {transactions['date'].max():%Y-%m-%d}, before the horizon {end:%Y-%m-%d}."
        )
    before = transactions[transactions["date"] < landmark]
    after = transactions[transactions["date"].ge(landmark) & transactions["date"].lt(end)]
    said = answers[answers["date"] < landmark].sort_values("date", kind="stable")
    said = said.drop_duplicates("customer_id", keep="last")[["customer_id", "answer"]]
    if said.empty:
        raise DataError(f"Nobody answered before {landmark:%Y-%m-%d}.")
    days = before.groupby("customer_id")["date"].agg(purchases="nunique", last="max").reset_index()
    table = said.merge(days, on="customer_id").reset_index(drop=True)
    table["days_since_purchase"] = (pd.Timestamp(landmark) - table["last"]).dt.days
    table["left"] = ~table["customer_id"].isin(after["customer_id"])
    return table.drop(columns="last")


def leaving_odds(table: pd.DataFrame) -> pd.DataFrame:
    """Odds of leaving by satisfaction, with and without what the past purchases already say.

    Parameters
    ----------
    table : DataFrame
        As :func:`satisfaction_and_leaving` gives.

    Returns
    -------
    DataFrame
        ``model`` ("satisfaction alone", "with past purchases"), ``term``, ``odds_ratio``, ``low``, ``high`` (95%). The
        odds ratio of ``answer`` is per point of the scale.
    """
    features = pd.DataFrame(
        {
            "constant": 1.0,
            "answer": table["answer"].astype(float),
            "log_purchases": np.log(table["purchases"].astype(float)),
            "log_days_since_purchase": np.log1p(table["days_since_purchase"].astype(float)),
        }
    )
    parts = []
    for model, columns in (("satisfaction alone", 2), ("with past purchases", 4)):
        found = regression(features.iloc[:, :columns], table["left"], table["customer_id"])
        found = found[found["term"] != "constant"]
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "term": found["term"],
                    "odds_ratio": np.exp(found["estimate"]),
                    "low": np.exp(found["low"]),
                    "high": np.exp(found["high"]),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).astype({"model": "str"})


def leaving_by_answer(table: pd.DataFrame) -> pd.DataFrame:
    """Share that left by answer: ``answer``, ``customers``, ``left``, ``low``, ``high`` (95%, Wilson)."""
    counts = table.groupby("answer")["left"].agg(customers="size", gone="sum").reset_index()
    bounds = [
        binomtest(int(gone), int(n)).proportion_ci(method="wilson")
        for gone, n in zip(counts["gone"], counts["customers"], strict=True)
    ]
    return counts.assign(
        left=counts["gone"] / counts["customers"], low=[b.low for b in bounds], high=[b.high for b in bounds]
    ).drop(columns="gone")
