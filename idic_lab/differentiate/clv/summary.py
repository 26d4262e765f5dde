"""The buy-till-you-die summary of each customer, the split in two periods, and the season as operational time.

The models count purchases per unit of time. Where everybody buys twice as much before Christmas, those weeks count double and
others less, so that a year keeps its length (Feller, 1971, An Introduction to Probability Theory II, section X.7).
"""

from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import pandas as pd

from idic_lab.dataframes import collected, in_engine
from idic_lab.differentiate.clv.grouping import UNIT
from idic_lab.differentiate.purchase_days import PurchaseDays, dates, expression, named, ordinal
from idic_lab.errors import DataError, FitError

WEEKS = 52
ROUNDS = 3  # the expectation without a season is not quite level; with the season it is


@dataclass(frozen=True)
class Season:
    """How much each week of the year weighs: ``weights`` by ISO ``week`` (1 to 52), 1 on average."""

    weights: pd.Series

    def clock(self, days) -> np.ndarray:
        """What has passed by the end of each day (a day number), in days of average weight."""
        days = np.asarray(days, dtype="int64")
        first = int(days.min(initial=0 if not len(days.ravel()) else days.flat[0]))
        span = np.arange(first, int(days.max(initial=first)) + 1)
        passed = np.cumsum(self.weights.to_numpy()[week_of(span)])
        return first - 1 + passed[days - first]

    def between(self, start, end) -> float:
        """Days of average weight from the end of one day to the end of another.

        >>> even = Season(pd.Series(1.0, index=pd.RangeIndex(1, 53, name="week")))
        >>> even.between("2024-01-31", "2024-03-01")
        30.0
        """
        first, last = self.clock([ordinal(start, "start"), ordinal(end, "end")])
        return float(last - first)


def week_of(days) -> np.ndarray:
    """ISO week of each day number, from 0 to 51: whole weeks, so that days of the week do not matter; a 53rd counts as the 52nd."""
    return np.minimum(dates(days).dt.isocalendar().week.to_numpy(dtype="int64") - 1, WEEKS - 1)


def season(transactions, observation_end=None, model: str = "bg_nbd") -> Season:
    """The season in a base's repeat purchases, beyond what its age makes one expect.

    In each week of the year the purchases are set against those a model expects without a season. Weeks lend to their
    neighbours, and every weight is drawn towards 1 by as much as chance alone would have moved it.

    Parameters:
        transactions (DataFrame): At least a year of them, in memory.
        observation_end (date or str, optional): The last day used.
    Raises:
        DataError: When the data cover less than a year.

    Source: shrinkage towards the mean after Efron & Morris (1975), Journal of the American Statistical Association 70.

    >>> from idic_lab import datasets
    >>> tx = datasets.load("cdnow_sample", quiet=True).transactions
    >>> round(float(season(tx).weights.mean()), 3)
    1.0
    """
    from idic_lab.differentiate.clv.evaluation import by_day
    from idic_lab.differentiate.clv.fitting import fit

    counted = PurchaseDays(transactions)
    end = counted.last_day if observation_end is None else ordinal(observation_end, "observation_end")
    found = Season(pd.Series(1.0, index=pd.RangeIndex(1, WEEKS + 1, name="week"), name="weight"))
    for _ in range(ROUNDS):
        table = by_day(fit(_summary(counted, end, 7, found), model), counted, end, end, found)
        if len(table) < 365:
            raise DataError(f"A season needs at least a year of purchases, found {len(table)} days.")
        by_week = table.groupby(week_of(table["day"].to_numpy()))[["repeats", "expected"]].sum().reindex(range(WEEKS))
        moved = found.weights.to_numpy() * _ratios(*by_week.to_numpy().T)
        found = Season(pd.Series(moved / moved.mean(), index=found.weights.index, name="weight"))
    return found


def _ratios(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Purchases by those expected, of each week with its neighbours, times what is the week's own."""
    expected = np.maximum(expected * actual.sum() / expected.sum(), 1e-9)
    near = _shrunk(*(part + np.roll(part, 1) + np.roll(part, -1) for part in (actual, expected)))
    return near * _shrunk(actual, expected * near)


def _shrunk(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Ratios without what chance makes of them."""
    ratio, chance = actual / expected, 1 / expected
    varies = max(np.var(ratio) - chance.mean(), 0.0)
    return 1 + (ratio - 1) * varies / (varies + chance)


def summarise(
    transactions,
    observation_end=None,
    unit_days: float = 7,
    *,
    season: Season | None = None,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
):
    """Frequency, recency, age and mean spend of each customer, as the buy-till-you-die models need them.

    Time is counted in whole days and then divided by `unit_days`, so that no two purchase days melt into one "week".
    Rows with a negative amount are returns: they are neither purchases nor part of the monetary value. Rows with an
    amount of zero are purchases. Several purchases on one day count once.

    Parameters:
        transactions (DataFrame): ``customer_id``, ``date``, ``amount``; pandas, Polars, Arrow, a DuckDB relation,
            PySpark or Dask. What is lazy stays lazy.
        observation_end (date or str, optional): Last day observed, to its midnight; the latest date in the data when
            left out. Later rows are ignored.
        unit_days: Days in one unit of time: 7 measures in weeks.
        season: As `season` finds it: time is then counted in days of average weight, and so is any horizon asked for
            later (``season.between``). For transactions in memory.
        customer_id, date, amount: Names of the columns; ``amount=None`` where there is none: every row is a purchase, and
            there is no ``monetary_value``.
    Returns:
        DataFrame of the kind that came in: One row per customer who bought, sorted by ``customer_id``: ``frequency``
            (repeat purchase days), ``recency`` (time from first to last purchase) and ``T`` (time from first purchase
            to the end), both in units of `unit_days`, ``monetary_value`` (mean amount per repeat purchase day, 0
            without one), and ``unit_days``, which says so in every row: a table that is merged, stacked or written to a
            file still knows its unit, and a model refuses one in another.
    Raises:
        DataError: A column is missing or of the wrong type, a row lacks its customer, date or finite amount, or nobody
            bought.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), section 2: X = (x, t_x, T).

    >>> tx = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": pd.to_datetime(
    ...     ["2024-01-01 09:00", "2024-01-15 18:30", "2024-01-08 12:00"]), "amount": [10.0, 30.0, 5.0]})
    >>> summarise(tx, observation_end="2024-01-29")
      customer_id  frequency  recency    T  monetary_value  unit_days
    0           a          1      2.0  4.0            30.0        7.0
    1           b          0      0.0  3.0             0.0        7.0
    """
    counted = PurchaseDays(named(transactions, customer_id, date, amount))
    end = counted.last_day if observation_end is None else ordinal(observation_end, "observation_end")
    table = _summary(counted, end, unit_days, season)
    return table if amount is not None else _without(table, "monetary_value")


def _without(table, column: str):
    return nw.to_native(nw.from_native(table).drop(column))


def _summary(counted: PurchaseDays, end: int, unit_days: float, season: Season | None):
    if not unit_days > 0:
        raise DataError(f"unit_days should be a positive number of days, found {unit_days!r}.")
    spans, unit, last_day = nw.from_native(counted.spans(last_day=end)), float(unit_days), end
    if season is not None:
        spans, end = _in_season(spans, end, season)
    repeats = nw.col("purchase_days").cast(nw.Int64) - 1
    summary = spans.select(
        "customer_id",
        frequency=repeats,
        recency=(nw.col("last") - nw.col("first")) / unit,
        T=(end - nw.col("first")) / unit,
        monetary_value=nw.col("repeat_total") / nw.when(repeats > 0).then(repeats).otherwise(nw.lit(1)),
    ).with_columns(nw.lit(unit).alias(UNIT))
    if isinstance(summary, nw.DataFrame) and not len(summary):
        raise DataError(f"Nobody bought by {dates([last_day])[0].date()}; choose a later day.")
    return nw.to_native(summary)


def _in_season(spans, end: int, season: Season):
    """First and last day, and the end, by the clock of the season."""
    if not isinstance(spans, nw.DataFrame):
        raise DataError("A season is told of transactions in memory; collect them first, or summarise without it.")
    days = [spans["first"].to_numpy(), spans["last"].to_numpy()]
    *passed, end = np.split(season.clock(np.concatenate([*days, [end]])), [len(days[0]), 2 * len(days[0])])
    columns = (
        nw.new_series(name, told, backend="pandas") for name, told in zip(("first", "last"), passed, strict=True)
    )
    told = nw.from_native(spans.to_pandas(), eager_only=True)
    return told.with_columns(*columns), float(end[0])


def unit_of(summary: pd.DataFrame, unit_days: float | None = None) -> float | None:
    """Days in one unit of time of a summary: as its column ``unit_days`` says, else as given, else None.

    >>> unit_of(pd.DataFrame({"T": [4.0, 3.0], "unit_days": 7.0})), unit_of(pd.DataFrame({"T": [28.0]}))
    (7.0, None)
    """
    if UNIT not in summary or not len(summary):
        return None if unit_days is None else float(unit_days)
    noted = pd.unique(summary[UNIT])
    if len(noted) > 1 or not noted[0] > 0:
        found = ", ".join(f"{days:g}" for days in noted)
        raise FitError(
            f"The summary mixes units of time: unit_days is {found}. Summarise all customers with one unit_days."
        )
    if unit_days is not None and float(unit_days) != noted[0]:
        raise FitError(f"The summary was made with unit_days={noted[0]:g}, but unit_days={unit_days:g} was given.")
    return float(noted[0])


@dataclass(frozen=True, repr=False)
class Split:
    """A calibration summary and what its customers did afterwards.

    Attributes:
        calibration: As `summarise` gives it, up to the end of the calibration day.
        holdout: One row per customer of `calibration`, in its order: ``customer_id``, ``holdout_frequency`` (purchase
            days), ``holdout_spend`` (sum of amounts) and ``holdout_duration`` (units of time, the same for all).
        newcomers: ``customer_id`` and ``first_purchase`` of customers who first bought in the holdout: no model of the
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


def split(
    transactions,
    calibration_end,
    holdout_end=None,
    unit_days: float = 7,
    *,
    season: Season | None = None,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> Split:
    """Cut the history in two at midnight after `calibration_end`.

    A purchase at any hour of the calibration day belongs to the calibration; the holdout is the days after it up to
    and including `holdout_end`. Returns (negative amounts) count in neither.

    Parameters:
        transactions (DataFrame): As in `summarise`. What is in an engine (Polars lazy, DuckDB, PySpark, Dask) stays
            there: the three tables are then frames of that engine, in no particular order, and nobody having bought
            shows only as empty tables. Otherwise they come back as pandas.
        calibration_end, holdout_end (date or str): Last day of each period; the holdout ends with the data when left
            out.
        unit_days: Days in one unit of time.
        season: As in `summarise`; found in the calibration, so that nothing of the holdout is known.
        customer_id, date, amount: As in `summarise`; without amounts there is no ``holdout_spend`` either.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), section 4 (39 weeks each, on CDNOW).

    >>> tx = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": pd.to_datetime(
    ...     ["2024-01-31 23:00", "2024-02-01 08:00", "2024-02-10 12:00"]), "amount": [10.0, 30.0, 5.0]})
    >>> parts = split(tx, "2024-01-31", "2024-02-28")
    >>> parts.holdout.to_numpy().tolist(), parts.newcomers["customer_id"].tolist()
    ([['a', 1, 30.0, 4.0]], ['b'])
    """
    transactions = named(transactions, customer_id, date, amount)
    counted = PurchaseDays(transactions)
    cut = ordinal(calibration_end, "calibration_end")
    end = counted.last_day if holdout_end is None else ordinal(holdout_end, "holdout_end")
    if end <= cut:
        raise DataError(
            f"The holdout is empty: calibration ends on {dates([cut])[0].date()} and the holdout on "
            f"{dates([end])[0].date()}. Choose an earlier calibration_end."
        )
    calibration, later = _summary(counted, cut, unit_days, season), counted.spans(cut + 1, end)
    duration = (end - cut if season is None else float(np.diff(season.clock([cut, end]))[0])) / float(unit_days)
    if in_engine(transactions):
        found = _joined_in_engine(transactions, calibration, later, duration)
    else:
        found = _joined(collected(calibration), collected(later), duration)
    if amount is not None:
        return found
    money = {"calibration": "monetary_value", "holdout": "holdout_spend"}
    return replace(found, **{part: _without(getattr(found, part), column) for part, column in money.items()})


def _joined(calibration: pd.DataFrame, later: pd.DataFrame, duration: float) -> Split:
    known = later["customer_id"].isin(calibration["customer_id"])
    matched = calibration[["customer_id"]].merge(later[known], on="customer_id", how="left")
    holdout = calibration[["customer_id"]].assign(
        holdout_frequency=matched["purchase_days"].fillna(0).to_numpy(dtype="int64"),
        holdout_spend=matched["total"].fillna(0.0).to_numpy(dtype=float),
        holdout_duration=duration,
    )
    newcomers = later.loc[~known, ["customer_id"]].assign(first_purchase=dates(later["first"])[~known.to_numpy()])
    newcomers = newcomers.astype({"customer_id": calibration["customer_id"].dtype})
    return Split(calibration, holdout, newcomers.reset_index(drop=True))


def _joined_in_engine(transactions, calibration, later, duration: float) -> Split:
    """The same three tables, as frames of the engine that holds the transactions."""
    later = nw.from_native(later)
    bought = later.select(_customer="customer_id", _days="purchase_days", _total="total", _first="first")
    known = nw.from_native(calibration).select("customer_id")
    holdout = known.join(bought, how="left", left_on="customer_id", right_on="_customer").select(
        "customer_id",
        holdout_frequency=nw.col("_days").fill_null(0).cast(nw.Int64),
        holdout_spend=nw.col("_total").fill_null(0.0),
        holdout_duration=nw.lit(duration),
    )
    # Numbers back to dates is what engines spell differently, so the first day is looked up among the dates.
    date = nw.col("date").dt.truncate("1d").cast(nw.Datetime("us"))
    rows = nw.from_native(transactions).select(_customer="customer_id", _day=expression("date"), first_purchase=date)
    newcomers = (
        bought.join(known, how="anti", left_on="_customer", right_on="customer_id")
        .select(customer_id="_customer", _first="_first")
        .join(rows, left_on=["customer_id", "_first"], right_on=["_customer", "_day"])
        .group_by("customer_id")
        .agg(nw.col("first_purchase").min())
    )
    return Split(calibration, nw.to_native(holdout), nw.to_native(newcomers))
