"""Cohorts by month of first purchase: who comes back and what they bring; and migration between spending deciles."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.dataframes import collected, given_day
from idic_lab.differentiate.purchase_days import middle
from idic_lab.errors import DataError, pick

NOTHING = "none"
MEASURES = {
    "retention": ("share of the cohort that bought in the month", "{x:.0%}"),
    "revenue_per_customer": ("cumulated revenue per customer ({currency})", "{x:,.0f}"),
}


def cohort_table(transactions: pd.DataFrame, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """Retention and revenue of each cohort, month by calendar month.

    Only months observed to their last day are in the table: half a month would look like customers leaving.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``, of any engine; of one that is not pandas these three
            columns are collected. A purchase is an amount of 0 or more, revenue counts returns too.
        observation_end: Last day observed; by default the last date in the table.
    Returns:
        DataFrame: ``cohort`` (first day of the month of first purchase), ``age_months``, ``customers``, ``active``,
            ``retention`` (active / customers), ``revenue`` (currency), ``revenue_per_customer`` (cumulated). Months in
            which nobody of a cohort bought are there with 0.

    Source: Fader & Hardie, What's wrong with this CLV formula? (2014 note, brucehardie.com): retention is to be followed
    per cohort, since mixing cohorts hides that it rises with age.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [10.0, 20.0, 5.0],
    ...     "date": pd.to_datetime(["2024-01-03", "2024-01-09", "2024-02-29"])})
    >>> cohort_table(buys)[["age_months", "customers", "active", "revenue_per_customer"]].values.tolist()
    [[0.0, 2.0, 2.0, 15.0], [1.0, 2.0, 1.0, 17.5]]
    """
    names = ["customer_id", "date", "amount"]
    dated = collected(transactions, names)[names]
    end = given_day(observation_end, "observation_end") if observation_end is not None else dated["date"].max()
    last = (end + pd.Timedelta(days=1)).to_period("M") - 1  # the last month observed to its end
    bought = dated[dated["amount"].ge(0)]
    first = bought.groupby("customer_id")["date"].min().dt.to_period("M").rename("cohort")
    rows = dated.assign(month=dated["date"].dt.to_period("M")).join(first, on="customer_id")
    rows = rows[rows["month"].le(last) & rows["cohort"].notna() & rows["month"].ge(rows["cohort"])]
    if rows.empty:
        raise DataError("cohort_table: no month is observed to its last day, so there is nothing to follow.")
    found = rows.groupby(["cohort", "month"])[["amount"]].sum()
    found["active"] = rows[rows["amount"].ge(0)].groupby(["cohort", "month"])["customer_id"].nunique()
    size = first[first.le(last)].value_counts().sort_index()
    index = [(cohort, month) for cohort in size.index for month in pd.period_range(cohort, last, freq="M")]
    table = found.reindex(pd.MultiIndex.from_tuples(index, names=["cohort", "month"])).fillna(0.0).reset_index()
    customers = table["cohort"].map(size).astype("int64")
    made = pd.DataFrame({"cohort": table["cohort"].dt.to_timestamp().astype("datetime64[us]")})
    made["age_months"] = np.array([(month - cohort).n for cohort, month in index], dtype="int64")
    made = made.assign(customers=customers, active=table["active"].astype("int64"))
    made = made.assign(retention=table["active"] / customers, revenue=table["amount"].astype("float64"))
    made["revenue_per_customer"] = table.groupby("cohort")["amount"].cumsum() / customers
    return tables.check("cohorts", made)


def retention_by_age(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Over all cohorts: ``age_months``, ``customers`` observed at it, ``active``, ``retention``, ``revenue_per_customer`` of it.

    >>> cohorts = pd.DataFrame({"age_months": [0, 1, 0], "customers": 2, "active": [2, 1, 2], "revenue": [8.0, 2, 4]})
    >>> retention_by_age(cohorts)["retention"].tolist()
    [1.0, 0.5]
    """
    table = cohorts.groupby("age_months", as_index=False)[["customers", "active", "revenue"]].sum()
    table["retention"] = table["active"] / table["customers"]
    return table.assign(revenue_per_customer=table.pop("revenue") / table["customers"])


def decile_migration(transactions: pd.DataFrame, split: str | dt.date | None = None, groups: int = 10) -> pd.DataFrame:
    """Customers by spending decile before a day and from that day on.

    Parameters:
        split: First day of the second period; by default the middle of the time observed.
    Returns:
        DataFrame: ``before``, ``after`` (text: "1", which spends most, to "10", or "none" for nothing spent),
            ``customers``, ``share`` (of those in that ``before``). Only who bought before the split is followed.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [9.0, 1.0, 9.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-03-01"])})
    >>> decile_migration(buys, "2024-02-01", groups=2).query("customers > 0")[["before", "after"]].values.tolist()
    [['1', '1'], ['2', 'none']]
    """
    split = given_day(split, "split") if split is not None else middle(transactions)
    early = transactions["date"].lt(split)
    before, after = (_deciles(transactions[part], groups) for part in (early, ~early))
    if before.empty or after.empty:
        when = "before" if before.empty else "from"
        raise DataError(f"decile_migration: nobody spent anything {when} {split.date()}.")
    names = [str(decile) for decile in range(1, groups + 1)]
    moved = pd.DataFrame({"before": before, "after": after.reindex(before.index).fillna(NOTHING)})
    pairs = pd.MultiIndex.from_product([names, [*names, NOTHING]], names=["before", "after"])
    table = moved.value_counts().reindex(pairs, fill_value=0).rename("customers").reset_index()
    table["share"] = table["customers"] / table.groupby("before")["customers"].transform("sum").clip(lower=1)
    return table.astype({"before": "str", "after": "str"})


def _deciles(part: pd.DataFrame, groups: int) -> pd.Series:
    spent = part.groupby("customer_id")["amount"].sum()
    spent = spent[spent.gt(0)]
    behind = spent.rank(ascending=False, method="min") - 1  # equal amounts share a decile: the first of them decides
    return (behind * groups // max(len(spent), 1)).clip(upper=groups - 1).astype(int).add(1).astype("str")


def plot_cohorts(cohorts: pd.DataFrame, measure: str = "retention", ax: figures.Axes | None = None) -> figures.Axes:
    """Cohorts of :func:`cohort_table` as rows, their age as columns, one measure as colour.

    Parameters:
        measure ({"retention", "revenue_per_customer"}): Retention leaves out the month itself, 100% by definition.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [10.0, 20.0, 5.0],
    ...     "date": pd.to_datetime(["2024-01-03", "2024-01-09", "2024-02-29"])})
    >>> plot_cohorts(cohort_table(buys)).get_title()
    '50% buy in the month after their first, 50% in month 1'
    """
    from matplotlib.ticker import MaxNLocator

    label, form = pick("measure", measure, MEASURES)
    ax = figures.axes(ax, figsize=(8.5, 5.2))
    shown = cohorts[cohorts["age_months"].gt(0)] if measure == "retention" else cohorts
    grid = shown.pivot_table(index="cohort", columns="age_months", values=measure)
    edges = np.arange(len(grid.columns) + 1) + grid.columns.min() - 0.5
    cells = np.ma.masked_invalid(grid.to_numpy())
    mesh = ax.pcolormesh(edges, np.arange(len(grid) + 1) - 0.5, cells, cmap=figures.SEQUENTIAL, vmin=0)
    ax.invert_yaxis()
    every = max(len(grid) // 12, 1)
    sizes = cohorts.groupby("cohort")["customers"].max()
    ax.set_yticks(range(0, len(grid), every), [f"{date:%Y-%m} ({sizes[date]:,})" for date in grid.index[::every]])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(False)
    ax.get_figure().colorbar(mesh, ax=ax, label=figures.in_currency(label), format=form)
    by_age = retention_by_age(cohorts).set_index("age_months")
    last = int(by_age.index.max())
    half = max(last // 2, 1) if last else 0
    if measure == "retention":
        second = by_age["retention"].get(1, np.nan) if last else 1
        title = f"{second:.0%} buy in the month after their first, {by_age['retention'][half]:.0%} in month {half}"
    else:
        worth = by_age["revenue_per_customer"].cumsum()
        title = f"A customer brings {worth.iloc[0]:,.0f} in the first month, {worth[half]:,.0f} in the first {half + 1}"
    return figures.finish(ax, title, "months since the first purchase", "month of first purchase (customers)")


def plot_retention(cohorts: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Retention by age, over all cohorts of :func:`cohort_table` and, thinly, for each.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [10.0, 20.0, 5.0],
    ...     "date": pd.to_datetime(["2024-01-03", "2024-01-09", "2024-02-29"])})
    >>> plot_retention(cohort_table(buys)).get_title()
    'Buyers in a month: 50% of the cohort after 1 month, 50% after 1'
    """
    from matplotlib.ticker import MaxNLocator

    ax = figures.axes(ax)
    later = cohorts[cohorts["age_months"].gt(0)]
    for _, rows in later.groupby("cohort"):
        ax.plot(rows["age_months"], rows["retention"], color=figures.SKY, linewidth=0.7, alpha=0.6)
    age, share = retention_by_age(later)[["age_months", "retention"]].to_numpy().T
    ax.plot(age, share, color=figures.BLUE, linewidth=2.4, label="all cohorts of that age")
    ax.plot([], [], color=figures.SKY, linewidth=0.9, label="each cohort")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    title = ax.get_title()
    if len(age):
        title = f"Buyers in a month: {share[0]:.0%} of the cohort after {age[0]:.0f} month, {share[-1]:.0%} after {age[-1]:.0f}"
    form = {"y_format": "percent", "legend": {"loc": "upper right"}, "ylim": (0, None)}
    return figures.finish(ax, title, "months since the first purchase", "share that bought in the month", **form)


def plot_migration(migration: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Decile before against decile after, of :func:`decile_migration`, as shares of each row.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [9.0, 1.0, 9.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-03-01"])})
    >>> plot_migration(decile_migration(buys, "2024-02-01", groups=2)).get_title()
    'Of the best half, 100% stay there and 0% buy nothing more'
    """
    ax = figures.axes(ax, figsize=(7.5, 5.2))
    before, after = list(dict.fromkeys(migration["before"])), list(dict.fromkeys(migration["after"]))
    shares = migration.pivot_table(index="before", columns="after", values="share").loc[before, after]
    image = ax.imshow(shares, cmap=figures.SEQUENTIAL, vmin=0, aspect="auto")
    figures.in_cells(ax, image, lambda share: f"{100 * share:.0f}" if share >= 0.005 else "", fontsize=8)
    ax.set_xticks(range(len(after)), after)
    ax.set_yticks(range(len(before)), before)
    ax.get_figure().colorbar(image, ax=ax, label="share of the row's customers", format="{x:.0%}")
    stay, leave = shares.loc[before[0], before[0]], shares.loc[before[0], NOTHING]
    part = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}.get(len(before), "group")
    title = f"Of the best {part}, {stay:.0%} stay there and {leave:.0%} buy nothing more"
    return figures.finish(ax, title, f"{part} by spending after (1 = most)", f"{part} by spending before (1 = most)")
