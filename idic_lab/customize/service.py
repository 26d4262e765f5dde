"""Service tiers: who gets which service, by value, need and open issues; what each tier costs and must return."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import of_customers

TIERS = ("priority", "standard", "self-service")
ROUTES = (
    ("complaint desk, today", "open complaint of a customer in the better half by value"),
    ("named adviser", "the value at stake pays for the priority tier"),
    ("named adviser", "needs to talk to somebody who knows"),
    ("service team", "open question or return"),
)
_ABOUT_HELP = ("N05", "N11", "N17")  # advice, setting up and manuals, in the battery of needs


def service_levels() -> pd.DataFrame:
    """The three tiers with what they are assumed to do; replace the figures by your own.

    Returns:
        DataFrame: ``tier``; ``contact_cost_factor`` (of answering a contact, relative to today's cost); ``fixed_cost``
            (currency per customer and year); ``kept_value`` (share of a customer's future value that the tier saves).

    >>> service_levels()["tier"].tolist()
    ['priority', 'standard', 'self-service']
    """
    assumed = {"contact_cost_factor": [1.6, 1.0, 0.5], "fixed_cost": [6.0, 1.0, 0.2], "kept_value": [0.06, 0.02, 0.0]}
    return pd.DataFrame({"tier": pd.array(TIERS, dtype="str"), **assumed})


def issues(interactions: pd.DataFrame | None, identity_links: pd.DataFrame | None = None) -> pd.DataFrame | None:
    """What customers began: ``contact_cost`` (per year), ``open_issues``, ``open_complaints``; None without a record.

    `identity_links` are needed where `interactions` knows records only.

    >>> contacts = pd.DataFrame({"customer_id": ["ann"], "date": pd.to_datetime(["2025-01-01"]), "direction": "inbound",
    ...     "purpose": "complaint", "resolved_on": pd.to_datetime([None]), "cost": 4.0})
    >>> issues(contacts)[["open_issues", "open_complaints"]].to_numpy().tolist()
    [[1, 1]]
    """
    if interactions is None or ("customer_id" not in interactions and identity_links is None):
        return None
    inbound = interactions[interactions["direction"] == "inbound"]
    inbound = inbound if "customer_id" in inbound else of_customers(inbound, identity_links)
    years = max((interactions["date"].max() - interactions["date"].min()).days / 365.25, 1 / 365.25)
    is_open = inbound["resolved_on"].isna()
    found = inbound.assign(is_open=is_open, open_complaint=is_open & (inbound["purpose"] == "complaint"))
    found = found.groupby("customer_id", as_index=False)[["cost", "is_open", "open_complaint"]].sum()
    found.columns = ["customer_id", "contact_cost", "open_issues", "open_complaints"]
    return found.assign(contact_cost=found["contact_cost"] / years)


def wants_a_person(need_profiles: pd.DataFrame | None) -> tuple[str, ...]:
    """Need segments that say yes to wanting a person's help clearly more often than customers in general.

    >>> wants_a_person(pd.DataFrame({"segment": ["advice", "price"], "question_id": "N05", "difference": [0.5, -0.2]}))
    ('advice',)
    """
    if need_profiles is None:
        return ()
    asked = need_profiles[need_profiles["question_id"].isin(_ABOUT_HELP)]
    mean = asked.groupby("segment")["difference"].mean()
    return tuple(mean.index[mean > 0.2])


def service_tiers(
    value: pd.DataFrame,
    contacts: pd.DataFrame | None = None,
    needs: pd.DataFrame | None = None,
    talkers: tuple[str, ...] = (),
    levels: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """A service tier and a route for every customer, with the reason, the cost and the expected return.

    Each customer gets the tier with the highest return less cost. An open complaint of a customer in the better half by
    value is routed at once; who needs to talk is routed to a person, others to the cheapest route of their tier.

    Parameters:
        value: ``customer_id``, ``future_value`` (currency).
        contacts, talkers, levels: From `issues`, `wants_a_person` and `service_levels`.
        needs: ``customer_id``, ``segment``.
    Returns:
        DataFrame: The table ``service_tiers``; ``extra_cost`` is that beyond the cheapest tier, ``break_even`` the share
            of the future value that the tier must save to earn it (missing when there is no value).

    >>> service_tiers(pd.DataFrame({"customer_id": ["ann", "bob"], "future_value": [500.0, 1.0]}))["tier"].tolist()
    ['priority', 'self-service']
    """
    levels = service_levels() if levels is None else levels
    table = value[["customer_id", "future_value"]].copy()
    if contacts is not None:
        table = table.merge(contacts, on="customer_id", how="left")
    for name in ("contact_cost", "open_issues", "open_complaints"):
        table[name] = table[name].fillna(0.0) if name in table else 0.0
    segment = {} if needs is None else needs.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    table["need"] = table["customer_id"].map(segment).astype("str")
    cost = np.outer(table["contact_cost"], levels["contact_cost_factor"]) + levels["fixed_cost"].to_numpy()
    worth, row = table["future_value"].clip(lower=0), np.arange(len(table))
    gain = np.outer(worth, levels["kept_value"])
    best = np.argmax(np.round(gain - cost, 9), axis=1)
    table["tier"] = pd.array(levels["tier"].to_numpy()[best], dtype="str")
    table["expected_cost"], table["expected_return"] = cost[row, best], gain[row, best]
    table["extra_cost"] = cost[row, best] - cost.min(axis=1)
    table["break_even"] = (table["extra_cost"] / worth).where(worth > 0)
    urgent = (table["open_complaints"] > 0) & (table["future_value"] >= table["future_value"].median())
    person = table["need"].isin(talkers) & (table["tier"] != "self-service")
    rules = [urgent, table["tier"] == "priority", person, table["open_issues"] > 0]  # the first that applies
    other = np.where(table["tier"] == "standard", "service team", "help pages and chat")
    table["route"] = pd.array(np.select(rules, [route for route, _ in ROUTES], default=other), dtype="str")
    reasons = np.select(rules, [reason for _, reason in ROUTES], default="no open issue; tier by value")
    table["reason"] = pd.array(reasons, dtype="str")
    table["open_issues"] = table["open_issues"].astype("int64")
    columns = ["customer_id", "tier", "route", "reason", "future_value", "need", "open_issues"]
    return table[[*columns, "expected_cost", "extra_cost", "expected_return", "break_even"]]


def tier_summary(table: pd.DataFrame) -> pd.DataFrame:
    """What each tier of `service_tiers` costs and returns.

    Returns:
        DataFrame: ``tier``, ``customers``, ``extra_cost`` (beyond the cheapest tier), ``expected_return``, ``net`` (return
            less extra cost; currency per year), ``value_share`` (of all future value).

    >>> tiers = service_tiers(pd.DataFrame({"customer_id": ["ann", "bob"], "future_value": [500.0, 1.0]}))
    >>> tier_summary(tiers)[["tier", "customers", "net"]].round(1).to_numpy().tolist()
    [['priority', 1, 24.2], ['self-service', 1, 0.0]]
    """
    sums = {"extra_cost": "extra_cost", "expected_return": "expected_return", "value_share": "future_value"}
    sums = {name: (column, "sum") for name, column in sums.items()}
    found = table.groupby("tier").agg(customers=("customer_id", "size"), **sums)
    found.insert(3, "net", found["expected_return"] - found["extra_cost"])
    found["value_share"] /= max(found["value_share"].sum(), 1e-12)
    return found.loc[[tier for tier in TIERS if tier in found.index]].reset_index()


def priority_must_save(table: pd.DataFrame, levels: pd.DataFrame) -> pd.Series:
    """What the priority tier holds, and what share of it must be saved for the tier to pay.

    Returns:
        Series: ``customers``; ``value_share`` of all future value; ``against_self_service`` and ``against_standard``:
            the share of that value to be saved, beside these tiers as they are assumed to save.

    >>> tiers = service_tiers(pd.DataFrame({"customer_id": ["ann", "bob"], "future_value": [500.0, 1.0]}))
    >>> priority_must_save(tiers, service_levels()).round(3).to_dict()
    {'customers': 1.0, 'value_share': 0.998, 'against_self_service': 0.012, 'against_standard': 0.03}
    """
    by, here = levels.set_index("tier"), table[table["tier"] == "priority"]
    priority, standard = by.loc["priority"], by.loc["standard"]
    contacts = (here["expected_cost"] - priority["fixed_cost"]) / priority["contact_cost_factor"]
    more = here["expected_cost"] - contacts * standard["contact_cost_factor"] - standard["fixed_cost"]
    value, total = here["future_value"].sum(), table["future_value"].sum()
    found = {"customers": len(here), "value_share": value / total if total else 0.0}
    found["against_self_service"] = here["extra_cost"].sum() / value if value else np.nan
    found["against_standard"] = standard["kept_value"] + more.sum() / value if value else np.nan
    return pd.Series(found)


def plot_tiers(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Cost and expected return of each tier, from `tier_summary`.

    >>> table = pd.DataFrame({"tier": ["priority"], "customers": [9], "extra_cost": [20.0], "expected_return": [50.0], "net": [30.0]})
    >>> plot_tiers(table).get_title()
    'As assumed, better service returns 30 a year beyond its cost'
    """
    ax = figures.axes(ax)
    place = np.arange(len(summary))
    ax.bar(place - 0.2, summary["extra_cost"], 0.38, color=figures.ORANGE, label="cost beyond self-service")
    ax.bar(place + 0.2, summary["expected_return"], 0.38, color=figures.BLUE, label="expected return")
    ax.set_xticks(place, [f"{row.tier}\n{row.customers:,} customers" for row in summary.itertuples()])
    ax.grid(axis="x", visible=False)
    net = summary["net"].sum()
    how = f"returns {net:,.0f} a year beyond its cost" if net >= 0 else f"loses {-net:,.0f} a year"
    title = f"As assumed, better service {how}"
    return figures.finish(ax, title, y="{currency} per year", y_format="count", legend=True)
