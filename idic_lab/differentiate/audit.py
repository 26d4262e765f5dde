"""The customer-base audit: how customers differ, who came and went between two periods, and what becomes of a cohort.

It needs nothing but transactions, and adds up: whatever is split into parts has the whole as its sum. All of it is told from two
small tables (`Base`), which any engine can make; :func:`page` puts it on one page to print.

Source: Fader, Hardie & Ross (2022), The Customer-Base Audit, Wharton School Press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import collected
from idic_lab.differentiate.purchase_days import dates, expression
from idic_lab.errors import DataError
from idic_lab.inference import intervals

YEAR = 365
HALF_YEAR = 182  # days in which a newcomer is expected to come back
GROUPS = ("new", "kept, spent more", "kept, spent less", "lost")


class Periods(NamedTuple):
    """Two periods of the same length: the later ends with the data, the earlier ends where it begins."""

    first: pd.Timestamp
    middle: pd.Timestamp
    last: pd.Timestamp  # exclusive
    days: int  # of each


@dataclass(frozen=True)
class Base:
    """What an audit reads of transactions.

    Attributes:
        first, last: The first and the last day with a row, as day numbers.
        customers: One row per customer, without a name: ``born`` (day of the first row), ``first`` and ``second``
            (purchase days; missing where there is none), ``before`` and ``after`` (currency, in the two periods;
            missing without a row in it).
        revenue: ``born``, ``day``, ``revenue`` (currency): what the customers of one first day brought on another.
    """

    first: int
    last: int
    customers: pd.DataFrame
    revenue: pd.DataFrame


def base(transactions) -> Base:
    """The tables an audit is told from; `transactions` may be in any engine, where all but these tables stays.

    Parameters:
        transactions (DataFrame): ``customer_id``, ``date``, ``amount`` (negative: a return, which is no purchase but
            takes revenue back).

    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-02-01"])})
    >>> base(bought).customers[["before", "after"]].sort_values("after").to_numpy().tolist()
    [[nan, 1.0], [2.0, nan]]
    """
    if isinstance(transactions, Base):
        return transactions
    rows = nw.from_native(transactions).select("customer_id", "amount", day=expression("date"))
    days = rows.with_columns(bought=nw.when(nw.col("amount") >= 0).then(1).otherwise(0)).group_by("customer_id", "day")
    days = days.agg(nw.col("amount").sum(), nw.col("bought").max())
    first, last = (int(day) for day in _told(days.select(nw.col("day").min(), last=nw.col("day").max())).iloc[0])
    length = _length(first, last)
    cut, begin = last - length, last - 2 * length
    within = {"before": (nw.col("day") > begin) & (nw.col("day") <= cut), "after": nw.col("day") > cut}
    days = days.with_columns(
        first=nw.when(nw.col("bought") == 1).then(nw.col("day")),
        **{name: nw.when(when).then(nw.col("amount")) for name, when in within.items()},
        **{f"in_{name}": nw.when(when).then(1).otherwise(0) for name, when in within.items()},
    )
    ends = (nw.col("day").min().over("customer_id"), nw.col("first").min().over("customer_id"))
    days = days.with_columns(born=ends[0], bought_first=ends[1])
    days = days.with_columns(second=nw.when(nw.col("first") > nw.col("bought_first")).then(nw.col("first")))
    earliest, sums, known = ("born", "first", "second"), tuple(within), tuple(f"in_{name}" for name in within)
    customers = days.group_by("customer_id").agg(nw.col(*earliest).min(), nw.col(*sums).sum(), nw.col(*known).max())
    table = _told(customers.select(*earliest, *sums, *known)).astype(float)
    for name in within:
        table[name] = table[name].where(table.pop(f"in_{name}") == 1)
    brought = days.group_by("born", "day").agg(nw.col("amount").sum())
    return Base(first, last, table, _told(brought.select("born", "day", revenue="amount")))


def _told(frame) -> pd.DataFrame:
    return collected(nw.to_native(frame))


def _length(first: int, last: int) -> int:  # days of each of the two periods
    return min(YEAR, (last - first + 1) // 2)


def periods(transactions) -> Periods:
    """The last year and the year before it; halves of the data where they cover less than two years.

    Parameters:
        transactions (DataFrame or Base): As everywhere here: the rows themselves, or what :func:`base` made of them.
    Raises:
        DataError: When the data cover fewer than four weeks.

    >>> days = pd.DataFrame({"customer_id": "a", "amount": 1.0, "date": pd.to_datetime(["2022-01-01", "2024-12-31"])})
    >>> periods(days).middle.date().isoformat(), periods(days).days
    ('2024-01-02', 365)
    """
    told = base(transactions)
    days, span = _length(told.first, told.last), told.last - told.first + 1
    if days < 14:
        raise DataError(f"An audit compares two periods of at least two weeks; these data cover {span} days.")
    return Periods(*dates(told.last + 1 - np.array([2 * days, days, 0])), days)


def watched(transactions) -> int:
    """Days in which a newcomer is expected to come back: half a year, or half of what the data cover where that is less.

    >>> bought = pd.DataFrame({"customer_id": "a", "amount": 1.0, "date": pd.to_datetime(["2024-01-01", "2024-01-31"])})
    >>> watched(bought), in_words(182)
    (15, 'half a year')
    """
    told = base(transactions)
    return min(HALF_YEAR, max((told.last - told.first) // 2, 1))


def in_words(days: int) -> str:
    """``half a year``, or the number of days where it is another one.

    >>> in_words(30)
    '30 days'
    """
    return "half a year" if days == HALF_YEAR else f"{days} days"


def by_tenth(transactions) -> pd.DataFrame:
    """Lens 1: the customers of the later period in tenths by what they spent.

    Returns:
        DataFrame: ``tenth`` (1 spent most), ``customers``, ``revenue`` (currency) and ``share`` of it.

    >>> bought = pd.DataFrame({"customer_id": list("abcdefghij") * 2, "amount": [9.0] + [1.0] * 19,
    ...     "date": pd.to_datetime(["2024-01-01"] * 10 + ["2024-03-01"] * 10)})
    >>> by_tenth(bought)["customers"].tolist()
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    """
    told = base(transactions)
    periods(told)
    spend = told.customers["after"].dropna().sort_values(ascending=False, kind="stable")
    tenth = np.arange(len(spend)) * 10 // max(len(spend), 1) + 1
    table = spend.groupby(tenth).agg(customers="size", revenue="sum").rename_axis("tenth").reset_index()
    return table.assign(share=table["revenue"] / table["revenue"].sum())


def two_periods(transactions) -> pd.DataFrame:
    """Lens 2: who was kept, lost and won between two periods, and what that did to revenue.

    Returns:
        DataFrame: One row for each of `GROUPS`: ``group``, ``customers``, ``before``, ``after`` and ``change``
            (currency). New is who bought in the later period and not in the earlier one, whether or not before that.

    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b", "c"], "amount": [5.0, 8.0, 4.0, 3.0],
    ...     "date": pd.to_datetime(["2024-01-02", "2024-03-01", "2024-01-02", "2024-02-25"])})
    >>> two_periods(bought)["change"].tolist()
    [3.0, 3.0, 0.0, -4.0]
    """
    told = base(transactions)
    periods(told)
    both = told.customers[["before", "after"]].dropna(how="all")
    kept = both.notna().all(axis=1)
    more = both["after"] >= both["before"]
    group = np.select([both["before"].isna(), kept & more, kept], [0, 1, 2], 3).astype("int8")  # positions in GROUPS
    places = range(len(GROUPS))
    table = both.fillna(0.0).groupby(group)[["before", "after"]].agg("sum").reindex(places, fill_value=0.0)
    table.insert(0, "customers", np.bincount(group, minlength=len(GROUPS)))
    table.index = pd.Index(GROUPS, dtype="str")
    return table.assign(change=table["after"] - table["before"]).rename_axis("group").reset_index()


def newcomers_to_stand_still(table: pd.DataFrame) -> float:
    """How many customers like the new ones would have replaced what was lost and not regained (:func:`two_periods`).

    >>> newcomers_to_stand_still(pd.DataFrame({"group": GROUPS, "customers": [2, 1, 1, 3], "change": [40.0, 10.0, -5.0, -65.0]}))
    3.0
    """
    change, new = table.set_index("group")["change"], table["customers"][table["group"].eq("new")].item()
    each = change["new"] / new if new else np.nan
    return float(max(-change.drop("new").sum(), 0.0) / each)


def second_purchase(transactions) -> pd.DataFrame:
    """Lens 3: how long newcomers take to come back, those still out counted as not back yet (Kaplan & Meier, 1958).

    Returns:
        DataFrame: ``days`` since the first purchase day, ``back`` (share of newcomers who have bought on a second day),
            ``low`` and ``high`` (95%, of :func:`idic_lab.inference.intervals.lasting`).

    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-01"])})
    >>> second_purchase(bought)[["days", "back"]].to_numpy().tolist()
    [[10.0, 0.5]]
    """
    told = base(transactions)
    bought = told.customers.dropna(subset="first")
    waited = bought["second"].fillna(told.last) - bought["first"]
    had_time = waited > 0
    if not had_time.any():
        raise DataError("Nobody was watched for a day after the first purchase, so nobody can be seen to come back.")
    out = intervals.lasting(waited[had_time], bought["second"].notna()[had_time])[1:].reset_index(drop=True)
    return pd.DataFrame({"days": out["days"], "back": 1 - out["share"], "low": 1 - out["high"], "high": 1 - out["low"]})


def back_within(curve: pd.DataFrame, days: int) -> pd.Series:
    """The row of :func:`second_purchase` that stands on that day; zeros where nobody had come back by then.

    >>> curve = pd.DataFrame({"days": [10, 40], "back": [0.25, 0.5], "low": [0.1, 0.3], "high": [0.4, 0.7]})
    >>> [float(back_within(curve, days)["back"]) for days in (30, 5)]
    [0.25, 0.0]
    """
    so_far = curve[curve["days"] <= days]
    return so_far.iloc[-1] if len(so_far) else pd.Series(0.0, curve.columns)


def cohorts(transactions) -> pd.DataFrame:
    """Lens 4: cohorts by quarter of the first purchase (by month or week where the data are short), side by side.

    Returns:
        DataFrame: ``cohort``, ``customers``, ``back`` (share who bought on a second day within ``days`` of the first,
            see :func:`watched`), ``low`` and ``high`` (95%); missing for a cohort that has not been watched for so
            long.

    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-12-01"])})
    >>> cohorts(bought)[["cohort", "back"]].to_numpy().tolist()
    [['2024-01', 1.0], ['2024-12', nan]]
    """
    told = base(transactions)
    bought, allowed = told.customers.dropna(subset="first"), watched(told)
    born = _cohort(bought["first"], told)
    in_time = (bought["second"] - bought["first"] <= allowed).groupby(born)
    table = in_time.agg(customers="size", back="sum").rename_axis("cohort")
    low, high = intervals.wilson(table["back"].to_numpy(float), table["customers"].to_numpy(float))
    table = table.assign(back=table["back"] / table["customers"], low=low, high=high)
    table.loc[bought["first"].groupby(born).max() + allowed > told.last, ["back", "low", "high"]] = np.nan
    table.insert(1, "days", allowed)
    return table.reset_index()


def cohort_stack(transactions, whole: bool = False) -> pd.DataFrame:
    """Lens 5: revenue by period (rows) and by the cohort that brought it (columns), in currency.

    Parameters:
        whole: Leave out the last period where the end of the data cuts it short.

    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [5.0, 8.0, 4.0],
    ...     "date": pd.to_datetime(["2024-01-02", "2024-08-01", "2024-08-09"])})
    >>> cohort_stack(bought).loc["2024-08"].to_dict()
    {'2024-01': 8.0, '2024-08': 4.0}
    """
    told = base(transactions)
    brought = told.revenue
    table = brought.assign(cohort=_cohort(brought["born"], told), period=_cohort(brought["day"], told)).pivot_table(
        "revenue", "period", "cohort", "sum", fill_value=0.0
    )
    last = table.index[-1]
    cut = whole and len(table) > 2 and last in partial_periods(told)
    return table.drop(index=last, columns=last, errors="ignore") if cut else table


def partial_periods(transactions) -> list[str]:
    """Periods of :func:`cohort_stack` that the data do not cover whole: the first, the last, or both.

    >>> bought = pd.DataFrame({"customer_id": "a", "amount": 1.0, "date": pd.to_datetime(["2024-01-01", "2024-08-09"])})
    >>> partial_periods(bought)
    ['2024-08']
    """
    told = base(transactions)
    ends = pd.Series([told.first, told.last])
    within, outside = (_named(days, _unit(told)) for days in (ends, ends + np.array([-1, 1])))
    return list(dict.fromkeys(within[within == outside]))  # the day outside the data still belongs to it


def _unit(told: Base) -> str:
    span = told.last - told.first
    return "Q" if span >= 2 * YEAR - 14 else "M" if span >= HALF_YEAR else "W"


def _cohort(days: pd.Series, told: Base) -> pd.Series:
    """The quarter, month or week of each day number, as text: computed once per day there is."""
    named = _named(np.arange(told.first, told.last + 1), _unit(told))
    return pd.Series(named[days.to_numpy(dtype="int64") - told.first], index=days.index, name="cohort", dtype="str")


def _named(days, unit: str) -> np.ndarray:
    named = dates(days).dt.to_period(unit)
    # A week is called by its Monday.
    return (named.dt.start_time.dt.date if unit == "W" else named).astype("str").to_numpy()


def plot_tenths(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Shares of revenue by tenth of the customers.

    >>> plot_tenths(pd.DataFrame({"tenth": [1, 2], "share": [0.8, 0.2]})).get_title()
    "The best tenth brings 80% of the period's revenue"
    """
    ax = figures.axes(ax)
    ax.bar(table["tenth"], table["share"], color=figures.BLUE)
    ax.set_xticks(table["tenth"])
    title = f"The best tenth brings {table['share'].iloc[0]:.0%} of the period's revenue"
    return figures.finish(ax, title, "tenth of the customers, by spend", "share of revenue", y_format="percent")


def plot_two_periods(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Revenue from one period to the next, as steps that add up."""
    ax = figures.axes(ax)
    before, after = table["before"].sum(), table["after"].sum()
    steps = table.set_index("group")["change"].loc[["lost", "kept, spent less", "kept, spent more", "new"]]
    level = before + steps.cumsum().to_numpy() - steps.to_numpy()  # where each step begins
    colours = [figures.GREY, *np.where(steps < 0, figures.ORANGE, figures.BLUE), figures.GREY]
    heights, bottoms = [before, *steps, after], [0, *level, 0]
    ax.bar(["before", *steps.index, "after"], heights, bottom=bottoms, color=colours)
    labels = [f"{before:,.0f}", *(f"{step:+z,.0f}" for step in steps), f"{after:,.0f}"]
    look = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "fontsize": "small"}
    for place, (label, height, bottom) in enumerate(zip(labels, heights, bottoms, strict=True)):
        ax.annotate(label, (place, bottom + max(height, 0)), **look)
    grew = f"{'grew' if after >= before else 'fell'} by {abs(after / before - 1):.0%}" if before > 0 else ""
    change = grew or f"is {after:,.0f}"
    title = f"Revenue {change}; lost customers took {-steps['lost']:,.0f}"
    ax.tick_params(axis="x", labelrotation=15)
    highest = 1.1 * max(before, after, *level)
    return figures.finish(ax, title, y="revenue ({currency})", y_format="count", ylim=(None, highest or 1))


def plot_second_purchase(curve: pd.DataFrame, days: int = HALF_YEAR, ax: figures.Axes | None = None) -> figures.Axes:
    """The share of newcomers who have come back, by days since the first purchase; the title says it for ``days``."""
    ax = figures.axes(ax)
    ax.step(curve["days"], curve["back"], where="post", color=figures.BLUE)
    ax.fill_between(curve["days"], curve["low"], curve["high"], step="post", color=figures.BLUE, alpha=0.2)
    then = back_within(curve, days)
    ax.plot(days, then["back"], "o", color=figures.BLUE)
    label = f"{in_words(days)}: {then['back']:.0%} (95% {then['low']:.0%} to {then['high']:.0%})"
    ax.annotate(label, (days, then["back"]), (6, -16), textcoords="offset points")
    title = f"Within {in_words(days)} {then['back']:.0%} of newcomers come back"
    x, y = "days since the first purchase", "bought on a second day"
    return figures.finish(ax, title, x, y, y_format="percent", ylim=(0, 1))


def plot_cohorts(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """The share of each cohort that came back in time; the title compares the first with the last that can be judged.

    >>> told = pd.DataFrame({"cohort": ["2024-01"], "days": [30], "back": [0.4], "low": [0.3], "high": [0.5]})
    >>> plot_cohorts(told).get_title()
    'One cohort has been watched for 30 days: nothing to compare yet'
    """
    ax = figures.axes(ax)
    within, told = in_words(table["days"].iloc[0]), table.dropna()
    ax.errorbar(told["cohort"], told["back"], figures.spread(told, "back"), fmt="o", color=figures.BLUE, capsize=3)
    title = f"{'One cohort' if len(told) else 'No cohort'} has been watched for {within}: nothing to compare yet"
    if len(told) > 1:
        first, last = told.iloc[0], told.iloc[-1]
        difference, half = _apart(first, last)
        sure = "more than chance" if abs(difference) > half else "within their intervals"
        title = f"First cohort {first['back']:.0%} back, last {last['back']:.0%}: {sure}"
    ax.tick_params(axis="x", labelrotation=45)
    return figures.finish(ax, title, "first purchase", f"back within {within}", y_format="percent", ylim=(0, None))


def plot_cohort_stack(stack: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Revenue by period, stacked by cohort; the oldest at the bottom."""
    import matplotlib as mpl

    ax = figures.axes(ax)
    colours = mpl.colormaps[figures.SEQUENTIAL](np.linspace(0.05, 0.95, stack.shape[1]))
    ax.stackplot(stack.index, stack.to_numpy().T, colors=colours, edgecolor="white", linewidth=0.3)
    ax.margins(x=0)
    last, older = stack.iloc[-1], max(stack.shape[1] // 2, 1)
    middles = last.cumsum() - last / 2
    beside = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center", "fontsize": 8}
    for cohort in last.index[last > 0.06 * last.sum()]:
        ax.annotate(cohort, (1, middles[cohort]), (4, 0), **beside)
    old = last.iloc[:older].sum() / last.sum() if last.sum() else np.nan
    ax.tick_params(axis="x", labelrotation=45)
    title = f"Older half of the cohorts: {old:.0%} of the last period's revenue"
    return figures.finish(ax, title, "period", "revenue ({currency})", y_format="count")


def findings(transactions) -> pd.DataFrame:
    """The audit in five sentences, each with its figure and a 95% interval.

    The customers at hand count as a draw from those the firm might have had: shares and changes of money have intervals from
    the spread between customers, shares of customers from counts. Where a few customers spend most of all, the share of the best
    tenth is less certain than its interval says (see docs/inference.md).

    Returns:
        DataFrame: ``lens`` (1 to 5), ``figure``, ``estimate``, ``low``, ``high``, ``sentence``; missing where the data
            cannot tell.

    Source: for the share of the best, Binder & Kovacevic (1995), Survey Methodology 21(2) (linearised Lorenz curve).

    >>> from idic_lab import datasets
    >>> told = findings(datasets.load("cdnow_sample", quiet=True).transactions)
    >>> told.loc[2, ["estimate", "low", "high"]].astype(float).round(2).tolist()
    [0.38, 0.36, 0.4]
    """
    told, made = base(transactions), []
    known = {"days": periods(told).days, "words": in_words(watched(told))}
    for lens, (figure, (_, tell)) in enumerate(_FINDINGS.items(), start=1):
        try:
            estimate, half, sentence, words = tell(told)
        except DataError as why:
            made.append((lens, figure, np.nan, np.nan, np.nan, str(why)))
            continue
        low, high = estimate - half, estimate + half
        if figure not in ("change of revenue", "last cohort less first"):
            low, high = max(low, 0.0), min(high, 1.0)
        points = {"points": 100 * estimate, "low_points": 100 * low, "high_points": 100 * high}
        sentence = sentence.format(estimate=estimate, low=low, high=high, **points, **known, **words)
        sentence = sentence if np.isfinite([estimate, half]).all() else "These data cannot tell."
        made.append((lens, figure, estimate, low, high, sentence))
    return pd.DataFrame(made, columns=["lens", "figure", "estimate", "low", "high", "sentence"])


def _best_tenth(told: Base):
    spend = np.sort(told.customers["after"].dropna().to_numpy())[::-1]
    if len(spend) < 20 or not spend.sum() > 0:
        found = f"Only {len(spend):,} customers bought in the last {periods(told).days} days"
        raise DataError(f"{found}: too few for tenths.")
    share = by_tenth(told)["share"].iloc[0]
    cut = spend[int(np.ceil(len(spend) / 10)) - 1]
    each = np.maximum(spend - cut, 0.0) + cut / 10 - share * spend
    sentence = (
        "{customers:,} customers bought in the last {days} days; the best tenth of them brought {estimate:.0%} of the revenue "
        "({low:.0%} to {high:.0%})."
    )
    return share, 1.96 * each.std() * np.sqrt(len(spend)) / spend.sum(), sentence, {"customers": len(spend)}


def _change(told: Base):
    table = two_periods(told).set_index("group")["change"]
    each = told.customers["after"].fillna(0.0) - told.customers["before"].fillna(0.0)
    sentence = (
        "From the {days} days before to the last {days}, revenue went from {before:,.0f} to {after:,.0f}: {estimate:+z,.0f} "
        "({low:+z,.0f} to {high:+z,.0f}). Lost customers took {lost:,.0f}, new ones brought {new:,.0f}."
    )
    words = told.customers[["before", "after"]].sum().to_dict() | {"lost": -table["lost"], "new": table["new"]}
    return each.sum(), 1.96 * np.sqrt(np.square(each).sum()), sentence, words


def _back(told: Base):
    row = back_within(second_purchase(told), watched(told))
    sentence = "Of customers who buy for the first time {estimate:.0%} buy on a second day within {words} ({low:.0%} to {high:.0%})."
    return row["back"], (row["high"] - row["low"]) / 2, sentence, {}


def _cohorts_apart(told: Base):
    table = cohorts(told).dropna()
    if len(table) < 2:
        within = in_words(watched(told))
        raise DataError(f"Fewer than two cohorts have been watched for {within}: nothing to compare yet.")
    first, last = table.iloc[0], table.iloc[-1]
    sentence = (
        "Of the customers of {first} {back_first:.0%} came back within {words}, of those of {last} {back_last:.0%}: a "
        "difference of {points:+z.0f} points ({low_points:+z.0f} to {high_points:+z.0f}). Whoever was a customer before the data "
        "begin counts as new in {first}."
    )
    words = {"first": first["cohort"], "last": last["cohort"], "back_first": first["back"], "back_last": last["back"]}
    return *_apart(first, last), sentence, words


def _apart(first: pd.Series, last: pd.Series) -> tuple[float, float]:
    """How much more of the last cohort came back than of the first, and half the width of its interval."""
    half = np.hypot((first["high"] - first["low"]) / 2, (last["high"] - last["low"]) / 2)
    return last["back"] - first["back"], half


def _older(told: Base):
    spend = told.customers["after"].fillna(0.0)
    if not spend.sum() > 0:
        raise DataError("There is no revenue in the last period.")
    old = told.customers["born"] <= told.last - periods(told).days
    share = spend[old].sum() / spend.sum()
    half = 1.96 * np.sqrt(np.square(spend * (old - share)).sum()) / spend.sum()
    sentence = (
        "Customers who first came before the last {days} days brought {estimate:.0%} of the revenue of these ({low:.0%} to "
        "{high:.0%})."
    )
    return share, half, sentence, {}


_FINDINGS = {
    "share of the best tenth": ("How customers differ", _best_tenth),
    "change of revenue": ("One period and the next", _change),
    "back in time": ("What becomes of newcomers", _back),
    "last cohort less first": ("Cohorts compared", _cohorts_apart),
    "share of older customers": ("The whole base", _older),
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: A4; margin: 12mm }}
body {{ font: 11px/1.35 system-ui, sans-serif; max-width: 190mm; margin: 0 auto; color: #111 }}
h1 {{ font-size: 18px; margin: 0 0 2px }}
.lenses {{ display: grid; grid-template-columns: 1fr 1fr; gap: 4mm 6mm; margin-top: 3mm }}
section {{ break-inside: avoid }} h2 {{ font-size: 12px; margin: 0 }} p {{ margin: 1mm 0 }}
img {{ width: 100% }} footer {{ margin-top: 3mm; color: #444; font-size: 9.5px }}
</style></head><body><h1>{title}</h1><p>{what}</p><div class="lenses">
{lenses}
</div><footer>{notes}</footer></body></html>
"""


def page(transactions, title: str = "Customer-base audit", currency: str = "") -> str:
    """The audit as one page of HTML to print: five pictures, each with a sentence and its interval; nothing of it is elsewhere.

    >>> from idic_lab import datasets
    >>> made = page(datasets.load("cdnow_sample", quiet=True).transactions, "CDNOW", "USD")
    >>> made.count("<img"), "95% intervals" in made
    (5, True)
    """
    from html import escape

    told = base(transactions)
    shown = zip(_FINDINGS.values(), _pictures(told), findings(told)["sentence"], strict=True)
    lenses = "\n".join(
        f"<section><h2>{number} {head}</h2>{picture}<p>{escape(sentence)}</p></section>"
        for number, ((head, _), picture, sentence) in enumerate(shown, start=1)
    )
    first, last = (day.date() for day in dates([told.first, told.last]))
    what = f"{len(told.customers):,} customers, {first} to {last}."
    if currency:
        what += f" Money is in {escape(currency)}."
    needed = newcomers_to_stand_still(two_periods(told))
    if needed > 0:
        what += f" {needed:,.0f} newcomers like those of the last period would have replaced what was lost."
    notes = (
        "In brackets: 95% intervals, the customers at hand taken as a draw from those there might have been. Who had bought "
        "before these data begin counts as new when first seen."
    )
    if short := ", ".join(partial_periods(told)):
        notes += f" Cut short by the data, and not to be compared with whole periods: {short}."
    return PAGE.format(title=escape(title), what=what, lenses=lenses, notes=notes)


def _pictures(told: Base) -> list[str]:
    import base64
    import io

    from matplotlib.figure import Figure

    short = partial_periods(told)
    stack = cohort_stack(told).rename(index={period: f"{period} (part)" for period in short})
    draws = [
        lambda ax: plot_tenths(by_tenth(told), ax),
        lambda ax: plot_two_periods(two_periods(told), ax),
        lambda ax: plot_second_purchase(second_purchase(told), watched(told), ax),
        lambda ax: plot_cohorts(cohorts(told), ax),
        lambda ax: plot_cohort_stack(stack, ax),
    ]
    made = []
    for draw in draws:
        figure = Figure(figsize=(6, 3.4), layout="constrained")
        ax = figure.add_subplot()
        try:
            draw(ax)
        except DataError as error:  # nobody was watched for long enough
            made.append(f"<p>{error}</p>")
            continue
        if draw is draws[-1]:  # what it says of the last period means little where that is cut short
            ax.set_title("Revenue by period, the oldest cohorts at the bottom")
        for number, label in enumerate(ax.get_xticklabels()):
            label.set_visible(len(ax.get_xticklabels()) <= 16 or number % 4 == 0)
        written = io.BytesIO()
        figure.savefig(written, format="svg")
        source = base64.b64encode(written.getvalue()).decode("ascii")
        made.append(f'<img alt="{ax.get_title()}" src="data:image/svg+xml;base64,{source}">')
    return made
