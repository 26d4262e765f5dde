"""Customers from transactions: what was known at the cut, and what they did after it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.compare.customers import RFM, Customers
from idic_lab.dataframes import collected
from idic_lab.differentiate import clv, rfm
from idic_lab.errors import DataError

_CHANNELS = ("channel",)


def customers_of(
    transactions: pd.DataFrame,
    name: str = "transactions",
    calibration_end=None,
    campaign_results: pd.DataFrame | None = None,
    people: pd.DataFrame | None = None,
) -> Customers:
    """Cut a history in two: methods see the first part, criteria judge by the second.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``, of any engine; of one that is not pandas these columns are collected.
    name : str
    calibration_end : date or str, optional
        Last day methods may see; the middle of the period when left out.
    campaign_results : DataFrame, optional
        A randomised campaign, after its contract, with one treated arm and ``control``.
    people : DataFrame, optional
        ``customer_id`` and numeric columns known on the first day, such as the year of birth.

    Returns
    -------
    Customers

    Raises
    ------
    DataError
        When one of the two parts would be empty.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> customers = customers_of(datasets.load("cdnow_sample", quiet=True).transactions, "cdnow_sample", "1997-09-30")
    >>> len(customers), round(float(customers.holdout_spend.sum()))
    (2357, 70976)
    """
    transactions = collected(transactions, ("customer_id", "date", "amount", *_CHANNELS))
    first, last = transactions["date"].min(), transactions["date"].max()
    cut = (pd.Timestamp(calibration_end) if calibration_end else first + (last - first) / 2).normalize()
    if not first < cut < last:
        raise DataError(
            f"{name}: calibration_end {cut:%Y-%m-%d} must lie inside the data, {first:%Y-%m-%d} to {last:%Y-%m-%d}."
        )
    parts = clv.split(transactions, cut, unit_days=7)
    measures = _measures(transactions, cut).merge(_earlier(transactions, first, cut), how="left")
    holdout = parts.holdout.set_index("customer_id")["holdout_spend"]
    later = _measures(transactions, last)
    order = measures["customer_id"]
    return Customers(
        name,
        measures,
        descriptors=_descriptors(transactions[transactions["date"] <= cut], order, people),
        holdout_spend=holdout.reindex(order).to_numpy(dtype=float),
        later=later.set_index("customer_id").reindex(order).reset_index(),
        campaign=None if campaign_results is None else _campaign(campaign_results, order),
        facts={
            "customers": len(measures),
            "calibration": f"{first:%Y-%m-%d} to {cut:%Y-%m-%d}",
            "holdout": f"until {last:%Y-%m-%d}",
            "newcomers left out": len(parts.newcomers),
        },
    )


def _measures(transactions: pd.DataFrame, end) -> pd.DataFrame:
    """RFM and the buy-till-you-die summary side by side; the latter's frequency under a name of its own."""
    scores = rfm.summarise(transactions, end)[["customer_id", *RFM]]
    summary = clv.summarise(transactions, end, unit_days=7).rename(columns={"frequency": "repeat_frequency"})
    return scores.merge(summary, on="customer_id").sort_values("customer_id", ignore_index=True)


def _earlier(transactions: pd.DataFrame, first, cut) -> pd.DataFrame:
    """RFM in the middle of the calibration period and the spend since, for methods that learn from an outcome."""
    middle = (first + (cut - first) / 2).normalize()
    before = rfm.summarise(transactions, middle)[["customer_id", *RFM]]
    since = transactions[
        transactions["date"].gt(middle) & transactions["date"].le(cut) & transactions["amount"].ge(0)
    ]
    spend = since.groupby("customer_id")["amount"].sum()
    before["spend_since"] = spend.reindex(before["customer_id"]).fillna(0.0).to_numpy()
    return before.rename(columns={measure: f"earlier_{measure}" for measure in RFM})


def _descriptors(history: pd.DataFrame, order: pd.Series, people: pd.DataFrame | None) -> pd.DataFrame:
    """Of the first purchase: its amount, its day of the week and year, its channel; with what `people` brings."""
    bought = history[history["amount"] >= 0].sort_values(["date"], kind="stable")
    first = bought.drop_duplicates("customer_id").set_index("customer_id").reindex(order)
    day = first["date"]
    table = {
        "first_amount": np.log1p(first["amount"].to_numpy(dtype=float)),
        "first_month_sine": np.sin(2 * np.pi * day.dt.day_of_year.to_numpy() / 365.25),
        "first_month_cosine": np.cos(2 * np.pi * day.dt.day_of_year.to_numpy() / 365.25),
        "first_on_weekend": (day.dt.day_of_week >= 5).to_numpy(dtype=float),
    }
    for column in [name for name in _CHANNELS if name in first]:
        for value in sorted(first[column].dropna().unique()):
            table[f"first_{column}_{value}"] = first[column].eq(value).to_numpy(dtype=float)
    if people is not None:
        known = people.drop_duplicates("customer_id").set_index("customer_id").reindex(order)
        for column in known.select_dtypes("number"):
            values = known[column].to_numpy(dtype=float)
            if np.isfinite(values).any():
                table[column] = np.where(np.isfinite(values), values, np.nanmean(values))
    return pd.DataFrame(table)


def _campaign(results: pd.DataFrame, order: pd.Series) -> pd.DataFrame | None:
    """The customers of one campaign that are among ours, with the profit of each: margin less the cost of contact."""
    arms = [arm for arm in results["arm"].unique() if arm != "control"]
    if len(arms) != 1 or "control" not in set(results["arm"]):
        return None
    row = pd.Series(np.arange(len(order)), index=order.to_numpy())
    known = results[results["customer_id"].isin(row.index)].reset_index(drop=True)
    features = known.select_dtypes("number").drop(columns=["margin", "contact_cost"])
    return pd.DataFrame(
        {
            "row": row.loc[known["customer_id"]].to_numpy(),
            "treated": known["arm"].ne("control").to_numpy(),
            "profit": (known["margin"] - known["contact_cost"]).to_numpy(dtype=float),
            **{f"feature_{name}": features[name].fillna(features[name].mean()) for name in features},
        }
    )
