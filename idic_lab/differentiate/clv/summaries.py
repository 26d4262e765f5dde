"""The buy-till-you-die summary: one row per customer with frequency, recency, T and monetary value."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from idic_lab.differentiate.clv import purchase_days
from idic_lab.differentiate.clv.engine_groups import pandas_of as as_pandas
from idic_lab.errors import DataError, FitError

__all__ = ["as_pandas", "summarise", "unit_of"]


def summarise(
    transactions,
    observation_end=None,
    unit_days: float = 7,
    observation_start=None,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
):
    """Frequency, recency, age and mean spend of each customer, as the buy-till-you-die models need them.

    Time is counted in whole days and then divided by `unit_days`, so that no two purchase days melt into one "week".
    Rows with a negative amount are returns: they are neither purchases nor part of the monetary value. Rows with an
    amount of zero are purchases. Several purchases on one day count once.

    Parameters
    ----------
    transactions : DataFrame
        pandas, Polars, Arrow, a DuckDB relation, PySpark or Dask. What is lazy stays lazy.
    observation_end : date or str, optional
        Last day observed, to its midnight; the latest date in the data when left out. Later rows are ignored.
    unit_days : float
        Days in one unit of time: 7 measures in weeks.
    observation_start : date or str, optional
        First day observed; earlier rows are ignored.
    customer_id, date, amount : str
        Names of the columns. ``amount=None`` counts every row as a purchase and gives no ``monetary_value``.

    Returns
    -------
    DataFrame of the kind that came in
        One row per customer who bought, sorted by ``customer_id``: ``frequency`` (repeat purchase days), ``recency``
        (time from first to last purchase) and ``T`` (time from first purchase to the end), both in units of
        `unit_days`, ``monetary_value`` (mean amount per repeat purchase day, 0 without one). On pandas,
        ``attrs["unit_days"]`` and ``attrs["observation_end"]`` remember how time was counted.

    Raises
    ------
    DataError
        When a column is missing or of the wrong type, or nobody bought.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), section 2: X = (x, t_x, T).

    Examples
    --------
    >>> import pandas as pd
    >>> tx = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": pd.to_datetime(
    ...     ["2024-01-01 09:00", "2024-01-15 18:30", "2024-01-08 12:00"]), "amount": [10.0, 30.0, 5.0]})
    >>> summarise(tx, observation_end="2024-01-29")
      customer_id  frequency  recency    T  monetary_value
    0           a          1      2.0  4.0            30.0
    1           b          0      0.0  3.0             0.0
    """
    if not unit_days > 0:
        raise DataError(f"unit_days should be a positive number of days, found {unit_days!r}.")
    columns = {"customer_id": customer_id, "date": date, "amount": amount}
    end = (
        purchase_days.last_day_of(transactions, date)
        if observation_end is None
        else purchase_days.ordinal(observation_end)
    )
    start = None if observation_start is None else purchase_days.ordinal(observation_start)
    spans = nw.from_native(purchase_days.spans(transactions, start, end, **columns))
    repeats = nw.col("purchase_days").cast(nw.Int64) - 1
    measures = [
        repeats.alias("frequency"),
        ((nw.col("last") - nw.col("first")) / float(unit_days)).alias("recency"),
        ((end - nw.col("first")) / float(unit_days)).alias("T"),
    ]
    if amount is not None:
        divisor = nw.when(repeats > 0).then(repeats).otherwise(nw.lit(1))
        measures.append((nw.col("repeat_total") / divisor).alias("monetary_value"))
    summary = nw.to_native(spans.select("customer_id", *measures))
    if isinstance(summary, pd.DataFrame):
        if summary.empty:
            raise DataError(
                "Nobody bought in the period observed; check observation_start and observation_end."
            )
        summary.attrs.update(
            unit_days=float(unit_days), observation_end=purchase_days.dates([end])[0].date().isoformat()
        )
    return summary


def unit_of(summary, unit_days: float | None = None) -> float | None:
    """Days in one time unit of a summary: as given, else as `summarise` noted it, else None."""
    noted = getattr(summary, "attrs", {}).get("unit_days")
    if unit_days is not None and noted is not None and float(unit_days) != float(noted):
        raise FitError(
            f"The summary was made with unit_days={noted:g}, but unit_days={unit_days:g} was given."
        )
    return float(unit_days) if unit_days is not None else (None if noted is None else float(noted))
