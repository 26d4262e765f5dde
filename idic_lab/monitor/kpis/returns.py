"""What the customer base earned in a period, the change of its own value included, and why revenue changed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.errors import DataError
from idic_lab.monitor.kpis.measures import whole_reviews

GROUPS = ("existing", "newly acquired", "all")
FACTORS = ("customers", "orders_per_customer", "order_value")


def return_on_customer(value_history: pd.DataFrame, acquisition_cost: float | None = None) -> pd.DataFrame:
    """Cash flow and change in equity between each review and the one before, existing and new customers apart.

    Each review fits its models anew, so a part of what customer equity seems to have gained is a change of opinion.
    The base of the review before is therefore valued again by the models of this one: what it then differs by is
    ``re_estimation``; the rest, ``customer_change``, is what customers did. Return on Customer = (cash flow +
    ``customer_change``) / equity at the start, both dates by one model. A last period that the data cut short is left
    out. A firm that squeezes its customers for this
    period's profit loses equity, and sees it here. New customers bring their first margin and their whole equity, less
    what it cost to win them, where that is known; both returns are on the equity of all, so they add up.

    Parameters:
        value_history: ``review_date``, ``customer_id``, ``equity``, ``equity_restated``, ``margin_to_date`` (currency).
        acquisition_cost: Of one new customer. Where it is not known the return on new customers is before that cost,
            which the column ``acquisition_cost`` then lacks.
    Returns:
        DataFrame: Table ``return_on_customer``: three rows per review but the first; none when there is only one.
    Raises:
        DataError: When a review had no equity to earn a return on.

    Source: Peppers & Rogers (2005), Return on Customer, Currency Doubleday, chapter 1; Peppers & Rogers (2006),
    "Return on Customer: a new metric of value creation", Journal of Direct, Data and Digital Marketing Practice 7(4).

    >>> history = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31"] + ["2024-02-29"] * 2),
    ...     "customer_id": ["a", "a", "b"], "equity": [90.0, 95.0, 20.0], "equity_restated": [np.nan, 100.0, 0.0],
    ...     "margin_to_date": [40.0, 52.0, 3.0]})
    >>> columns = ["group", "cash_flow", "customer_change", "re_estimation", "return_on_customer"]
    >>> return_on_customer(history)[columns].values.tolist()
    [['existing', 12.0, -5.0, 10.0, 0.07], ['newly acquired', 3.0, 20.0, 0.0, 0.23], ['all', 15.0, 15.0, 10.0, 0.3]]
    """
    measures = value_history.set_index(["review_date", "customer_id"])[["equity", "equity_restated", "margin_to_date"]]
    rows = []
    for before, after in pairwise(whole_reviews(value_history["review_date"])):
        start, end = measures.loc[before], measures.loc[after]
        both = pd.concat([start.add_suffix("_start"), end.add_suffix("_end")], axis=1)
        existing = both["equity_start"].notna().to_numpy()
        both[both.columns.drop("equity_restated_start")] = both.drop(columns="equity_restated_start").fillna(0.0)
        at_start = both["equity_restated_end"].sum()
        if at_start <= 0:
            raise DataError(f"There was no customer equity on {before:%Y-%m-%d}, so no return on it can be told.")
        for group, members in zip(GROUPS, (existing, ~existing, np.ones(len(both), dtype=bool)), strict=True):
            rows.append(_earned(both[members], at_start, acquisition_cost, int((members & ~existing).sum())))
            rows[-1] |= {"review_date": after, "previous_date": before, "group": group}
    columns = tables.get("return_on_customer").empty()
    return pd.DataFrame(rows, columns=list(columns)).astype(columns.dtypes)


def _earned(part: pd.DataFrame, at_start: float, unit_cost: float | None, new: int) -> dict:
    cash = part["margin_to_date_end"].sum() - part["margin_to_date_start"].sum()
    start, restated, end = (part[f"equity_{name}"].sum() for name in ("start", "restated_end", "end"))
    cost = 0.0 if not new else np.nan if unit_cost is None else unit_cost * new
    return {
        "customers": len(part),
        "equity_start": start,
        "cash_flow": cash,
        "equity_end": end,
        "equity_change": end - start,
        "customer_change": end - restated,
        "re_estimation": restated - start,
        "acquisition_cost": cost,
        "return_on_customer": (cash + end - restated - np.nan_to_num(cost)) / at_start,
    }


def mean_return(returns: pd.DataFrame, days: int = 366) -> float:
    """Mean Return on Customer of the periods that began within so many days before the last review.

    >>> day = pd.to_datetime(["2024-02-29", "2024-03-31"])
    >>> mean_return(pd.DataFrame({"review_date": day, "previous_date": day - pd.Timedelta(days=30), "group": "all",
    ...     "return_on_customer": [0.02, 0.04]}))
    0.03
    """
    whole = returns[returns["group"] == "all"]
    recent = whole["previous_date"] >= whole["review_date"].max() - pd.Timedelta(days=days)
    return float(whole.loc[recent, "return_on_customer"].mean())


def plot_return_on_customer(returns: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Return on Customer of each period, divided into existing and newly acquired customers.

    >>> day = pd.Timestamp("2024-02-29")
    >>> table = pd.DataFrame({"review_date": day, "previous_date": day - pd.Timedelta(days=29), "group": GROUPS,
    ...     "acquisition_cost": [0.0, 9.0, 9.0], "return_on_customer": [0.01, 0.02, 0.03]})
    >>> plot_return_on_customer(table).get_title()
    'Existing customers returned 1.0% in the period to 2024-02-29'
    """
    ax = figures.axes(ax)
    if returns.empty:
        return figures.finish(ax, "Too few customers for a model of their value")
    wide = returns.pivot_table(index="review_date", columns="group", values="return_on_customer")
    place = np.arange(len(wide))
    ax.use_sticky_edges = False  # else a bar that ends on the highest value is drawn up to the frame
    existing, new = wide["existing"].to_numpy(), wide["newly acquired"].to_numpy()
    unknown = returns.loc[returns["group"] == "newly acquired", "acquisition_cost"].isna().any()
    ax.bar(place, existing, color=figures.BLUE, label="existing customers")
    if np.nansum(np.abs(new)):  # a cohort that is closed wins nobody
        label = f"newly acquired{', cost unknown' if unknown else ', after their cost'}"
        ax.bar(place, new, bottom=np.maximum(existing, 0), color=figures.SKY, label=label)
    ax.plot(place, wide["all"], "D", color=figures.BLACK, ms=4, label="all")
    ax.axhline(0, color=figures.BLACK, lw=0.8)
    step = -(-len(wide) // 12)  # a dozen dates at most, so that they stay apart
    ax.set_xticks(place[::step], [f"{day:%Y-%m}" for day in wide.index[::step]], rotation=30)
    half = len(wide) // 2
    title = (
        f"Existing customers return {existing[half:].mean():.1%} a period, {existing[:half].mean():.1%} in the earlier half"
        if half
        else f"Existing customers returned {existing[-1]:.1%} in the period to {wide.index[-1]:%Y-%m-%d}"
    )
    up, legend = "share of equity at the start", {"loc": "best", "fontsize": "small"}
    return figures.finish(ax, title, "period ending in", up, y_format="percent", legend=legend)


def drivers(transactions: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> dict[str, float]:
    """Revenue of a period and its three factors.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``; returns (negative amounts) lower the order value.
        start, end: First and last day of the period, both included.
    Returns:
        dict: ``revenue`` = ``customers`` × ``orders_per_customer`` × ``order_value``, exactly; ``orders`` (of an
            amount of 0 or more).

    >>> buys = pd.DataFrame({"customer_id": ["a", "a"], "amount": [4.0, 6.0], "date": pd.to_datetime(["2024-01-01"] * 2)})
    >>> drivers(buys, buys["date"].min(), buys["date"].max())["order_value"]
    5.0
    """
    part = transactions[transactions["date"].between(start, end)]
    bought = part[part["amount"] >= 0]
    customers, orders, revenue = bought["customer_id"].nunique(), len(bought), float(part["amount"].sum())
    return {
        "revenue": revenue,
        "orders": float(orders),
        "customers": float(customers),
        "orders_per_customer": orders / customers if customers else 0.0,
        "order_value": revenue / orders if orders else 0.0,
    }


def growth_split(before: dict[str, float], after: dict[str, float]) -> pd.Series:
    """The change of revenue divided among its factors, without remainder.

    Multiplying three changes leaves a remainder that belongs to none of them. Weighting their logarithms by the
    logarithmic mean of the two revenues leaves none (the LMDI method).

    Parameters:
        before, after: From `drivers`.
    Returns:
        Series: Currency by factor; it adds up to the change of revenue.
    Raises:
        DataError: When one of the periods has no revenue.

    Source: Ang (2005), Energy Policy 33(7), 867-871, equations 4 to 6.

    >>> shop = {"revenue": 100.0, "customers": 10.0, "orders_per_customer": 2.0, "order_value": 5.0}
    >>> growth_split(shop, shop | {"customers": 20.0, "revenue": 200.0}).round(6).tolist()
    [100.0, 0.0, 0.0]
    """
    old, new = before["revenue"], after["revenue"]
    if old <= 0 or new <= 0:
        raise DataError(f"Growth is split between two periods with revenue; found {old:,.2f} and {new:,.2f}.")
    weight = old if np.isclose(old, new, rtol=1e-12) else (new - old) / (np.log(new) - np.log(old))
    return pd.Series({factor: weight * np.log(after[factor] / before[factor]) for factor in FACTORS}, name="change")


def growth_of_halves(transactions: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> tuple[pd.Series, float]:
    """The change of revenue from the earlier to the later half of a time, by factor, and the revenue of the earlier half.

    >>> days = pd.to_datetime(["2024-01-10", "2024-02-10", "2024-02-20"])
    >>> buys = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 4.0, "date": days})
    >>> growth_of_halves(buys, pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-29"))[1]
    4.0
    """
    half, day = (last - first) / 2, pd.Timedelta(days=1)
    middle = (first + half).normalize()
    earlier = drivers(transactions, middle - half + day, middle)
    return growth_split(earlier, drivers(transactions, middle + day, middle + half)), earlier["revenue"]


def plot_growth(split: pd.Series, before: float, ax: figures.Axes | None = None) -> figures.Axes:
    """From the revenue of one period, `before`, to that of another, factor by factor (:func:`growth_split`).

    >>> split = pd.Series({"customers": 80.0, "orders_per_customer": 30.0, "order_value": -10.0})
    >>> plot_growth(split, 200.0).get_title().replace("\\n", " ")
    'Revenue rose by 100; customers moved it most (+80)'
    """
    ax = figures.axes(ax)
    steps = split[list(FACTORS)]
    names = ["before", *(name.replace("_", " ") for name in FACTORS), "after"]
    bottoms = before + steps.cumsum().shift(fill_value=0.0)
    ax.bar([0, 4], [before, before + steps.sum()], color=figures.GREY)
    colours = [figures.BLUE if step >= 0 else figures.VERMILION for step in steps]
    ax.bar([1, 2, 3], steps, bottom=bottoms, color=colours)
    highest = max(before, before + steps.sum(), (bottoms + steps).max())
    for place, (step, bottom) in enumerate(zip(steps, bottoms, strict=True), start=1):
        ax.text(place, max(bottom, bottom + step) + 0.01 * highest, f"{step:+z,.0f}", ha="center", va="bottom")
    ax.set_xticks(range(5), [name.replace(" per ", "\nper ") for name in names])
    change, largest = steps.sum(), steps.abs().idxmax()
    title = (
        f"Revenue {'rose' if change >= 0 else 'fell'} by {figures.money(abs(change))}; "
        f"{largest.replace('_', ' ')} moved it most ({steps[largest]:+z,.0f})"
    )
    return figures.finish(ax, title, y="revenue of the period ({currency})", y_format="count", ylim=(0, highest * 1.1))
