"""The customer-base audit: how customers differ, who came and went between two periods, and what becomes of a cohort.

It needs nothing but transactions, and adds up: whatever is split into parts has the whole as its sum.

Source: Fader, Hardie & Ross (2022), The Customer-Base Audit, Wharton School Press.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.errors import DataError
from idic_lab.inference.intervals import wilson

YEAR = 365
HALF_YEAR = 182  # days in which a newcomer is expected to come back
GROUPS = ("new", "kept, spent more", "kept, spent less", "lost")


class Periods(NamedTuple):
    """Two periods of the same length: the later ends with the data, the earlier ends where it begins."""

    first: pd.Timestamp
    middle: pd.Timestamp
    last: pd.Timestamp  # exclusive

    @property
    def days(self) -> int:
        """Length of each."""
        return (self.last - self.middle).days


def periods(transactions: pd.DataFrame) -> Periods:
    """The last year and the year before it; halves of the data where they cover less than two years.

    Raises
    ------
    DataError
        When the data cover fewer than four weeks.

    Examples
    --------
    >>> days = pd.DataFrame({"date": pd.to_datetime(["2022-01-01", "2024-12-31"])})
    >>> periods(days).middle.date().isoformat(), periods(days).days
    ('2024-01-02', 365)
    """
    first, last = transactions["date"].min(), transactions["date"].max() + pd.Timedelta(days=1)
    days = min(YEAR, (last - first).days // 2)
    if days < 14:
        raise DataError(
            f"An audit compares two periods of at least two weeks; these data cover {(last - first).days} days."
        )
    return Periods(last - pd.Timedelta(days=2 * days), last - pd.Timedelta(days=days), last)


def watched(transactions: pd.DataFrame) -> int:
    """Days in which a newcomer is expected to come back: half a year, or half of what the data cover where that is less."""
    return min(HALF_YEAR, max((transactions["date"].max() - transactions["date"].min()).days // 2, 1))


def in_words(days: int) -> str:
    """``half a year``, or the number of days where it is another one."""
    return "half a year" if days == HALF_YEAR else f"{days} days"


def by_tenth(transactions: pd.DataFrame) -> pd.DataFrame:
    """Lens 1: the customers of the later period in tenths by what they spent.

    Returns
    -------
    DataFrame
        ``tenth`` (1 spent most), ``customers``, ``revenue`` (currency) and ``share`` of it.

    Examples
    --------
    >>> bought = pd.DataFrame({"customer_id": list("abcdefghij") * 2, "amount": [9.0] + [1.0] * 19,
    ...     "date": pd.to_datetime(["2024-01-01"] * 10 + ["2024-03-01"] * 10)})
    >>> by_tenth(bought)["customers"].tolist()
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    """
    now = _within(transactions, *periods(transactions)[1:])
    spend = now.groupby("customer_id")["amount"].sum().sort_values(ascending=False, kind="stable")
    tenth = np.arange(len(spend)) * 10 // max(len(spend), 1) + 1
    table = pd.DataFrame({"tenth": tenth, "revenue": spend.to_numpy()}).groupby("tenth", as_index=False)
    table = table.agg(customers=("revenue", "size"), revenue=("revenue", "sum"))
    return table.assign(share=table["revenue"] / table["revenue"].sum())


def two_periods(transactions: pd.DataFrame) -> pd.DataFrame:
    """Lens 2: who was kept, lost and won between two periods, and what that did to revenue.

    Returns
    -------
    DataFrame
        One row for each of `GROUPS`: ``group``, ``customers``, ``before``, ``after`` and ``change`` (currency). New is who
        bought in the later period and not in the earlier one, whether or not before that.

    Examples
    --------
    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b", "c"], "amount": [5.0, 8.0, 4.0, 3.0],
    ...     "date": pd.to_datetime(["2024-01-02", "2024-03-01", "2024-01-02", "2024-02-25"])})
    >>> two_periods(bought)["change"].tolist()
    [3.0, 3.0, 0.0, -4.0]
    """
    when = periods(transactions)
    before, after = (
        _within(transactions, *span).groupby("customer_id")["amount"].sum() for span in (when[:2], when[1:])
    )
    both = pd.DataFrame({"before": before, "after": after})
    kept = both.notna().all(axis=1)
    more = both["after"] >= both["before"]
    group = np.select([both["before"].isna(), kept & more, kept], GROUPS[:3], GROUPS[3])
    table = both.fillna(0.0).groupby(group)[["before", "after"]].agg("sum").reindex(GROUPS, fill_value=0.0)
    table.insert(0, "customers", pd.Series(group).value_counts().reindex(GROUPS, fill_value=0))
    return table.assign(change=table["after"] - table["before"]).rename_axis("group").reset_index()


def newcomers_to_stand_still(table: pd.DataFrame) -> float:
    """How many new customers, spending as the new ones did, would have replaced what was lost and not regained.

    Parameters
    ----------
    table : DataFrame
        As :func:`two_periods` gives it.

    Examples
    --------
    >>> newcomers_to_stand_still(pd.DataFrame({"group": GROUPS, "customers": [2, 1, 1, 3], "change": [40.0, 10.0, -5.0, -65.0]}))
    3.0
    """
    change = table.set_index("group")["change"]
    new = table.set_index("group").loc["new", "customers"]
    each = change["new"] / new if new else np.nan
    return float(max(-change.drop("new").sum(), 0.0) / each)


def second_purchase(transactions: pd.DataFrame) -> pd.DataFrame:
    """Lens 3: how long newcomers take to come back, those still out counted as not back yet (Kaplan & Meier, 1958).

    Returns
    -------
    DataFrame
        ``days`` since the first purchase day, ``back`` (share of newcomers who have bought on a second day), ``low`` and
        ``high`` (pointwise 95%).

    Examples
    --------
    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-01"])})
    >>> second_purchase(bought)[["days", "back"]].to_numpy().tolist()
    [[10.0, 0.5]]
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    days = _purchase_days(transactions)
    rank = days.groupby("customer_id").cumcount()
    first, second = (days[rank == place].set_index("customer_id")["date"] for place in (0, 1))
    end = transactions["date"].max()
    waited = (second.reindex(first.index).fillna(end) - first).dt.days
    had_time = waited > 0
    if not had_time.any():
        raise DataError("Nobody was watched for a day after the first purchase, so nobody can be seen to come back.")
    curve = SurvfuncRight(waited[had_time], first.index.isin(second.index)[had_time])
    half = 1.96 * curve.surv_prob_se
    back = 1 - curve.surv_prob
    return pd.DataFrame(
        {"days": curve.surv_times, "back": back, "low": (back - half).clip(0, 1), "high": (back + half).clip(0, 1)}
    )


def back_within(curve: pd.DataFrame, days: int) -> pd.Series:
    """The row of :func:`second_purchase` that stands on that day; zeros where nobody had come back by then.

    Examples
    --------
    >>> curve = pd.DataFrame({"days": [10, 40], "back": [0.25, 0.5], "low": [0.1, 0.3], "high": [0.4, 0.7]})
    >>> [float(back_within(curve, days)["back"]) for days in (30, 5)]
    [0.25, 0.0]
    """
    so_far = curve[curve["days"] <= days]
    return so_far.iloc[-1] if len(so_far) else pd.Series(0.0, curve.columns)


def cohorts(transactions: pd.DataFrame) -> pd.DataFrame:
    """Lens 4: cohorts by quarter of the first purchase (by month or week where the data are short), side by side.

    Returns
    -------
    DataFrame
        ``cohort``, ``customers``, ``back`` (share who bought on a second day within ``days`` of the first, see
        :func:`watched`), ``low`` and ``high`` (95%); missing for a cohort that has not been watched for so long.

    Examples
    --------
    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-12-01"])})
    >>> cohorts(bought)[["cohort", "back"]].to_numpy().tolist()
    [['2024-01', 1.0], ['2024-12', nan]]
    """
    days = _purchase_days(transactions)
    rank = days.groupby("customer_id").cumcount()
    first, second = (days[rank == place].set_index("customer_id")["date"] for place in (0, 1))
    allowed = watched(transactions)
    back = (second.reindex(first.index) - first).dt.days <= allowed
    born = _cohort(first, transactions)
    table = back.groupby(born).agg(["size", "sum"])
    ends = first.groupby(born).max() + pd.Timedelta(days=allowed)
    whole = ends <= transactions["date"].max()
    low, high = wilson(table["sum"].to_numpy(float), table["size"].to_numpy(float))
    values = {"back": table["sum"] / table["size"], "low": low, "high": high}
    made = pd.DataFrame({"customers": table["size"], "days": allowed, **values})
    made.loc[~whole, ["back", "low", "high"]] = np.nan
    return made.rename_axis("cohort").reset_index()


def cohort_stack(transactions: pd.DataFrame) -> pd.DataFrame:
    """Lens 5: revenue by period (rows) and by the cohort that brought it (columns), in currency; the last may be cut short."""
    first = transactions.groupby("customer_id")["date"].min()
    born = _cohort(transactions["customer_id"].map(first), transactions)
    return transactions.pivot_table("amount", _cohort(transactions["date"], transactions), born, "sum", fill_value=0.0)


def _cohort(dates: pd.Series, transactions: pd.DataFrame) -> pd.Series:
    span = (transactions["date"].max() - transactions["date"].min()).days
    unit = "Q" if span >= 2 * YEAR - 14 else "M" if span >= HALF_YEAR else "W"
    if unit == "W":  # called by its Monday
        return dates.dt.to_period(unit).dt.start_time.dt.date.astype("str").rename("cohort")
    return dates.dt.to_period(unit).astype("str").rename("cohort")


def _within(transactions: pd.DataFrame, begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    return transactions[(transactions["date"] >= begin) & (transactions["date"] < end)]


def _purchase_days(transactions: pd.DataFrame) -> pd.DataFrame:
    bought = transactions.loc[transactions["amount"] >= 0, ["customer_id", "date"]]
    return bought.drop_duplicates().sort_values(["customer_id", "date"])


def plot_tenths(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Shares of revenue by tenth of the customers."""
    ax = figures.axes(ax)
    ax.bar(table["tenth"], table["share"], color=figures.BLUE)
    title = f"The best tenth brings {table['share'].iloc[0]:.0%} of the period's revenue"
    ax.set_xticks(table["tenth"])
    return figures.finish(ax, title, x="tenth of the customers, by spend", y="share of revenue", y_format="percent")


def plot_two_periods(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Revenue from one period to the next, as steps that add up."""
    ax = figures.axes(ax)
    before, after = table["before"].sum(), table["after"].sum()
    steps = table.set_index("group")["change"].loc[["lost", "kept, spent less", "kept, spent more", "new"]]
    level = before + steps.cumsum().to_numpy() - steps.to_numpy()  # where each step begins
    colours = [figures.GREY, *np.where(steps < 0, figures.ORANGE, figures.BLUE), figures.GREY]
    heights, bottoms = [before, *steps, after], [0, *level, 0]
    ax.bar(["before", *steps.index, "after"], heights, bottom=bottoms, color=colours)
    for place, (height, bottom) in enumerate(zip(heights, bottoms, strict=True)):
        label = f"{height:,.0f}" if place in (0, len(steps) + 1) else f"{height:+,.0f}"
        ax.annotate(label, (place, bottom + max(height, 0)), (0, 3), textcoords="offset points", ha="center")
    ax.margins(y=0.1)
    title = f"Revenue {'grew' if after >= before else 'fell'} by {abs(after / before - 1):.0%}; lost customers took {-steps['lost']:,.0f}"
    ax.tick_params(axis="x", labelrotation=15)
    return figures.finish(ax, title, y="revenue ({currency})", y_format="count")


def plot_second_purchase(curve: pd.DataFrame, days: int = HALF_YEAR, ax: figures.Axes | None = None) -> figures.Axes:
    """The share of newcomers who have come back, by days since the first purchase; the title says it for ``days``."""
    ax = figures.axes(ax)
    ax.step(curve["days"], curve["back"], where="post", color=figures.BLUE)
    ax.fill_between(curve["days"], curve["low"], curve["high"], step="post", color=figures.BLUE, alpha=0.2)
    title = f"Within {in_words(days)} {back_within(curve, days)['back']:.0%} of newcomers come back"
    return figures.finish(
        ax, title, x="days since the first purchase", y="bought on a second day", y_format="percent", ylim=(0, 1)
    )


def plot_cohorts(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """The share of each cohort that came back in time; the title compares the first with the last that can be judged."""
    ax = figures.axes(ax)
    within, told = in_words(table["days"].iloc[0]), table.dropna()
    error = [told["back"] - told["low"], told["high"] - told["back"]]
    ax.errorbar(told["cohort"], told["back"], error, fmt="o", color=figures.BLUE, capsize=3)
    if len(told) < 2:
        title = f"{'One cohort' if len(told) else 'No cohort'} has been watched for {within}: nothing to compare yet"
    else:
        first, last = told.iloc[0], told.iloc[-1]
        apart = last["low"] > first["high"] or last["high"] < first["low"]
        title = f"From {first['back']:.0%} of the first cohort to {last['back']:.0%} of the last" + (
            "" if apart else ", within their intervals"
        )
    ax.tick_params(axis="x", labelrotation=45)
    return figures.finish(ax, title, x="first purchase", y=f"back within {within}", y_format="percent", ylim=(0, None))


def plot_cohort_stack(stack: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Revenue by period, stacked by cohort; the oldest at the bottom."""
    import matplotlib as mpl

    ax = figures.axes(ax)
    colours = mpl.colormaps[figures.SEQUENTIAL](np.linspace(0.05, 0.95, stack.shape[1]))
    ax.stackplot(stack.index, stack.to_numpy().T, colors=colours, edgecolor="white", linewidth=0.3)
    last, older = stack.iloc[-1], max(stack.shape[1] // 2, 1)
    old = last.iloc[:older].sum() / last.sum() if last.sum() else np.nan
    ax.tick_params(axis="x", labelrotation=45)
    title = f"In the last period the older half of the cohorts brought {old:.0%} of revenue"
    return figures.finish(ax, title, x="period", y="revenue ({currency})", y_format="count")
