"""Calibration and holdout: what a model may see, and what it is checked against."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from idic_lab.differentiate import days
from idic_lab.differentiate.clv import purchase_days
from idic_lab.differentiate.clv.engine_groups import in_engine
from idic_lab.differentiate.clv.summaries import as_pandas, summarise
from idic_lab.errors import DataError


@dataclass(frozen=True)
class Split:
    """A calibration summary and what its customers did afterwards.

    Attributes
    ----------
    calibration : DataFrame
        As `summarise` gives it, up to the end of the calibration day.
    holdout : DataFrame
        One row per customer of `calibration`, in its order: ``customer_id``, ``holdout_frequency`` (purchase days),
        ``holdout_spend`` (sum of amounts; without an amount column, absent) and ``holdout_duration`` (units of time,
        the same for all).
    newcomers : DataFrame
        ``customer_id`` and ``first_purchase`` of customers who first bought in the holdout: no model of the
        calibration period can know them.
    """

    calibration: pd.DataFrame
    holdout: pd.DataFrame
    newcomers: pd.DataFrame

    @property
    def duration(self) -> float:
        """Length of the holdout, in the summary's unit of time."""
        if in_engine(self.holdout):
            first = nw.from_native(self.holdout).select("holdout_duration").head(1).collect("pyarrow")
            return float(first["holdout_duration"][0])
        return float(self.holdout["holdout_duration"].iloc[0])

    def __repr__(self) -> str:
        if in_engine(self.holdout):
            engine = nw.from_native(self.holdout).implementation.value
            return f"Split: calibration, holdout and newcomers in {engine}, not computed yet"
        return (
            f"Split: {len(self.calibration):,} customers in calibration, "
            f"{int(self.holdout['holdout_frequency'].sum()):,} purchase days in a holdout of {self.duration:g} units, "
            f"{len(self.newcomers):,} newcomers left out"
        )


def split(
    transactions,
    calibration_end,
    holdout_end=None,
    unit_days: float = 7,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> Split:
    """Cut the history in two at midnight after `calibration_end`.

    A purchase at any hour of the calibration day belongs to the calibration; the holdout is the days after it up to
    and including `holdout_end`. Returns (negative amounts) count in neither.

    Parameters
    ----------
    transactions : DataFrame
        Any frame narwhals knows. What is in an engine (Polars lazy, DuckDB, PySpark, Dask) stays there: the three tables
        are then frames of that engine, in no particular order, and nobody having bought shows only as empty tables.
        Otherwise they come back as pandas.
    calibration_end, holdout_end : date or str
        Last day of each period; the holdout ends with the data when left out.
    unit_days : float
        Days in one unit of time.
    customer_id, date, amount : str
        Names of the columns; ``amount=None`` when there is no money.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        When the holdout would be empty, or nobody bought in the calibration period.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), section 4 (39 weeks each, on CDNOW).

    Examples
    --------
    >>> tx = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": pd.to_datetime(
    ...     ["2024-01-31 23:00", "2024-02-01 08:00", "2024-02-10 12:00"]), "amount": [10.0, 30.0, 5.0]})
    >>> parts = split(tx, "2024-01-31", "2024-02-28")
    >>> parts.holdout
      customer_id  holdout_frequency  holdout_spend  holdout_duration
    0           a                  1           30.0               4.0
    >>> parts.newcomers
      customer_id first_purchase
    0           b     2024-02-10
    """
    columns = {"customer_id": customer_id, "date": date, "amount": amount}
    cut = purchase_days.ordinal(calibration_end)
    end = (
        purchase_days.last_day_of(transactions, date)
        if holdout_end is None
        else purchase_days.ordinal(holdout_end)
    )
    if end <= cut:
        raise DataError(
            f"The holdout is empty: calibration ends on {purchase_days.dates([cut])[0].date()} and the holdout on "
            f"{purchase_days.dates([end])[0].date()}. Choose an earlier calibration_end."
        )
    if in_engine(transactions):
        return _split_in_engine(transactions, cut, end, unit_days, columns)
    calibration = as_pandas(summarise(transactions, calibration_end, unit_days, **columns))
    if calibration.empty:
        raise DataError("Nobody bought in the calibration period; choose a later calibration_end.")
    calibration.attrs.update(
        unit_days=float(unit_days), observation_end=purchase_days.dates([cut])[0].date().isoformat()
    )
    later = as_pandas(purchase_days.spans(transactions, cut + 1, end, **columns))
    known = later["customer_id"].isin(calibration["customer_id"])
    matched = calibration[["customer_id"]].merge(later[known], on="customer_id", how="left")
    holdout = pd.DataFrame(
        {
            "customer_id": calibration["customer_id"],
            "holdout_frequency": matched["purchase_days"].fillna(0).to_numpy(dtype="int64"),
            "holdout_spend": matched["total"].fillna(0.0).to_numpy(dtype=float),
            "holdout_duration": np.full(len(calibration), (end - cut) / float(unit_days)),
        }
    )
    if amount is None:
        holdout = holdout.drop(columns="holdout_spend")
    newcomers = pd.DataFrame(
        {
            "customer_id": later.loc[~known, "customer_id"].to_numpy(),
            "first_purchase": purchase_days.dates(later.loc[~known, "first"]).to_numpy(),
        }
    ).astype({"customer_id": calibration["customer_id"].dtype})
    return Split(calibration, holdout, newcomers)


def _split_in_engine(transactions, cut: int, end: int, unit_days: float, columns: dict) -> Split:
    """The same three tables, as frames of the engine that holds the transactions."""
    calibration = nw.from_native(summarise(transactions, days.dates([cut])[0], unit_days, **columns))
    later = nw.from_native(purchase_days.spans(transactions, cut + 1, end, **columns))
    bought = later.select(_customer="customer_id", _days="purchase_days", _total="total", _first="first")
    known = calibration.select("customer_id")
    holdout = known.join(bought, how="left", left_on="customer_id", right_on="_customer").select(
        "customer_id",
        holdout_frequency=nw.col("_days").fill_null(0).cast(nw.Int64),
        holdout_spend=nw.col("_total").fill_null(0.0),
        holdout_duration=nw.lit((end - cut) / float(unit_days)),
    )
    if columns["amount"] is None:
        holdout = holdout.drop("holdout_spend")
    # Numbers back to dates is what engines spell differently, so the first day is looked up among the dates.
    date = nw.col(columns["date"]).dt.truncate("1d").cast(nw.Datetime("us"))
    rows = nw.from_native(transactions).select(
        _customer=columns["customer_id"], _day=days.expression(columns["date"]), first_purchase=date
    )
    newcomers = (
        bought.join(known, how="anti", left_on="_customer", right_on="customer_id")
        .select(customer_id="_customer", _first="_first")
        .join(rows, left_on=["customer_id", "_first"], right_on=["_customer", "_day"])
        .group_by("customer_id")
        .agg(nw.col("first_purchase").min())
    )
    return Split(*(nw.to_native(frame) for frame in (calibration, holdout, newcomers)))
