"""The customer portfolio: actual and strategic value, the tiers of Peppers and Rogers, and needs laid against them."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import alexandergovern, chi2_contingency

from idic_lab import tables
from idic_lab.errors import DataError
from idic_lab.inference.intervals import mean

TIERS = ("most valuable", "most growable", "migrator", "below zero")
MOST_VALUABLE_SHARE, MOST_GROWABLE_SHARE = 0.20, 0.15


def values(
    value_to_date: pd.DataFrame, customer_value: pd.DataFrame, wallet_table: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Past, actual and strategic value of every customer.

    Actual value is what the customer is expected to contribute within the horizon of `customer_value` (a year by
    default) if nothing changes: purchases expected, times amount expected, times the share of the amount that is left
    after goods and service. That share is the customer's own so far, drawn towards everybody's as if one typical
    customer's revenue had been seen besides; so one bad order does not condemn. Growth potential is the margin on what
    the customer spends elsewhere, times the probability of still being a customer. Strategic value is both together.

    Parameters:
        customer_value: ``customer_id``, ``probability_alive``, ``expected_purchases``, ``expected_spend``.
        wallet_table: As :func:`known_wallets` gives; without it growth potential and strategic value stay missing.
    Returns:
        DataFrame: ``customer_id``, ``revenue``, ``cost_to_serve``, ``past_value``, ``actual_value``,
            ``category_spend``, ``share_of_wallet``, ``wallet_basis``, ``growth_potential``, ``strategic_value``.

    Source: Peppers & Rogers (2022), Managing Customer Experience and Relationships, 4th ed. (actual value,
    strategic or potential value, unrealised potential).

    >>> so_far = pd.DataFrame({"customer_id": ["a"], "revenue": 40.0, "gross_margin": 20.0, "cost_to_serve": 4.0,
    ...     "past_value": 16.0})
    >>> worth = pd.DataFrame({"customer_id": ["a"], "probability_alive": 0.5, "expected_purchases": 2.0, "expected_spend": 10.0})
    >>> values(so_far, worth)["actual_value"].tolist()
    [8.0]
    """
    expected = ["probability_alive", "expected_purchases", "expected_spend"]
    table = value_to_date[["customer_id", "revenue", "gross_margin", "cost_to_serve", "past_value"]]
    table = table.merge(customer_value[["customer_id", *expected]], on="customer_id", how="left")
    lacking = table["expected_purchases"].isna() & table["revenue"].gt(0)
    if lacking.any():
        raise DataError(f"customer_value lacks {lacking.sum():,} customers of the transactions; make it again.")
    # customers who only returned, and so never bought, have no expected purchases
    table.loc[table["expected_purchases"].isna(), expected] = 0.0
    total = table["revenue"].sum()
    if not total > 0:
        raise DataError("values: the customers' revenue does not add up to anything above 0.")
    typical = table.loc[table["revenue"].gt(0), "revenue"].median()
    left = table["past_value"] + typical * table["past_value"].sum() / total
    kept = left / (table["revenue"].clip(lower=0) + typical)
    table["actual_value"] = table["expected_purchases"] * table["expected_spend"] * kept
    if wallet_table is None:
        table = table.assign(spend_here=np.nan, category_spend=np.nan, share_of_wallet=np.nan, wallet_basis="unknown")
    else:
        table = table.merge(wallet_table, on="customer_id", how="left").fillna({"wallet_basis": "unknown"})
    elsewhere = (table["category_spend"] - table["spend_here"]).clip(lower=0)
    margin = max(table["gross_margin"].sum() / total, 0.0)
    table["growth_potential"] = elsewhere * table["probability_alive"] * margin
    table["strategic_value"] = table["actual_value"] + table["growth_potential"]
    return table.astype({"wallet_basis": "str"}).drop(columns=["gross_margin", "spend_here", *expected])


def tiers(
    customer_values: pd.DataFrame,
    most_valuable_share: float = MOST_VALUABLE_SHARE,
    most_growable_share: float = MOST_GROWABLE_SHARE,
) -> pd.DataFrame:
    """The table ``portfolio``: every customer's tier.

    The first rule that fits decides. Below zero: a past value under 0, they have cost more than they brought.
    Most valuable: among the `most_valuable_share` of all customers with the highest actual value. Most growable: among
    the `most_growable_share` with the largest growth potential. Migrator: the rest, who may move up or out. Whether a
    customer is among the most growable also stands in a column of its own, since a most valuable one can be both.

    Source: Peppers & Rogers (1997), Enterprise One to One; Peppers, Rogers & Dorf (1999), The One to One Fieldbook
    (most valuable, most growable, below-zero customers and migrators).

    >>> worth = pd.DataFrame({"customer_id": list("abcd"), "revenue": 10.0, "cost_to_serve": 1.0,
    ...     "past_value": [9.0, 5, 5, -4], "actual_value": [9.0, 2, 1, -1], "category_spend": 50.0, "share_of_wallet": 0.2,
    ...     "wallet_basis": "answered", "growth_potential": [1.0, 8, 2, 0], "strategic_value": [10.0, 10, 3, -1]})
    >>> tiers(worth, 0.25, 0.25)["tier"].tolist()
    ['most valuable', 'most growable', 'migrator', 'below zero']
    """
    for name, share in (("most_valuable_share", most_valuable_share), ("most_growable_share", most_growable_share)):
        if not 0 <= share <= 1:
            raise DataError(f"{name} must lie between 0 and 1, found {share!r}.")
    under = customer_values["past_value"].lt(0)
    valuable = _top(customer_values["actual_value"].where(~under), most_valuable_share)
    growable = _top(customer_values["growth_potential"], most_growable_share)
    named = np.select([under, valuable, growable], ["below zero", "most valuable", "most growable"], "migrator")
    return tables.check("portfolio", customer_values.assign(most_growable=growable, tier=pd.array(named, dtype="str")))


def _top(measure: pd.Series, share: float) -> pd.Series:
    """The `share` of all customers with the highest measure above 0; ties and missing values do not get in."""
    rank = measure.where(measure.gt(0)).rank(ascending=False, method="min")
    return rank.le(round(share * len(measure)))


def tier_summary(portfolio: pd.DataFrame) -> pd.DataFrame:
    """What each tier is and brings, of what :func:`tiers` gives.

    Returns:
        DataFrame: ``tier``, ``customers``, ``share_of_customers``, ``past_value``, ``actual_value``,
            ``growth_potential``, ``cost_to_serve`` (sums, currency; potential is 0 where the wallet is unknown),
            ``revenue``.

    >>> money = dict.fromkeys(["revenue", "past_value", "actual_value", "growth_potential", "cost_to_serve"], [5.0, 9.0])
    >>> tier_summary(pd.DataFrame({"customer_id": ["a", "b"], "tier": ["migrator", "most valuable"], **money}))["tier"].tolist()
    ['most valuable', 'migrator']
    """
    money = ("revenue", "past_value", "actual_value", "growth_potential", "cost_to_serve")
    sums = {"customers": ("customer_id", "size")} | {name: (name, "sum") for name in money}
    table = portfolio.groupby("tier", as_index=False).agg(**sums)
    table.insert(2, "share_of_customers", table["customers"] / len(portfolio))
    return table.sort_values("tier", key=lambda names: names.map(TIERS.index), ignore_index=True)


def past_and_future(portfolio: pd.DataFrame) -> pd.DataFrame:
    """What customers have left so far, beside what is still to come of them: two questions with two answers.

    Who is below zero has cost more than they brought *until now*. That is no reason to expect less than nothing of
    them: one dear return may stand against years to come. Only who is negative in both needs other terms.

    Returns:
        DataFrame: ``so_far`` and ``to_come`` ("below zero", "zero or more": past and actual value), ``customers``,
            ``past_value``, ``actual_value`` (sums, currency).

    >>> portfolio = pd.DataFrame({"past_value": [-5.0, -1.0, 9.0], "actual_value": [-2.0, 4.0, 5.0]})
    >>> past_and_future(portfolio)[["so_far", "to_come", "customers"]].values.tolist()
    [['below zero', 'below zero', 1], ['below zero', 'zero or more', 1], ['zero or more', 'zero or more', 1]]
    """
    values = {"so_far": "past_value", "to_come": "actual_value"}
    sign = {name: np.where(portfolio[value].lt(0), "below zero", "zero or more") for name, value in values.items()}
    sums = {"customers": ("past_value", "size")} | {value: (value, "sum") for value in values.values()}
    return portfolio.assign(**sign).groupby(list(sign), as_index=False).agg(**sums)


def named_tiers(portfolio: pd.DataFrame) -> pd.DataFrame:
    """The tiers as segments: ``customer_id``, ``segment``.

    >>> named_tiers(pd.DataFrame({"customer_id": ["a"], "tier": ["migrator"]})).columns.tolist()
    ['customer_id', 'segment']
    """
    return portfolio[["customer_id", "tier"]].rename(columns={"tier": "segment"})


def cutoffs(
    customer_values: pd.DataFrame, valuable_shares=(0.05, 0.1, 0.2, 0.3), growable_shares=(0.05, 0.1, 0.15, 0.25)
) -> pd.DataFrame:
    """What other cut-offs would move: :func:`tier_summary` with ``most_valuable_share`` and ``most_growable_share``.

    >>> worth = pd.DataFrame({"customer_id": list("ab"), "revenue": 10.0, "cost_to_serve": 1.0,
    ...     "past_value": [9.0, 5], "actual_value": [9.0, 2], "category_spend": 50.0, "share_of_wallet": 0.2,
    ...     "wallet_basis": "answered", "growth_potential": [1.0, 8], "strategic_value": [10.0, 10]})
    >>> cutoffs(worth, (0.5, 1.0), (0.5,))[["most_valuable_share", "tier", "customers"]].values.tolist()
    [[0.5, 'most valuable', 1], [0.5, 'most growable', 1], [1.0, 'most valuable', 2]]
    """
    parts = []
    for valuable, growable in product(valuable_shares, growable_shares):
        summary = tier_summary(tiers(customer_values, valuable, growable))
        parts.append(summary.assign(most_valuable_share=valuable, most_growable_share=growable))
    return pd.concat(parts, ignore_index=True)


LOYAL_DAYS, LOYAL_SHARE, HIGH_VALUE_SHARE = 4, 0.5, 0.2


def trade_segments(portfolio: pd.DataFrame, behaviour: pd.DataFrame) -> pd.DataFrame:
    """One word of the trade for every customer: ``customer_id``, ``segment``.

    High-value: among the fifth with the highest actual value. Loyal: bought on four days or more, has not lapsed, and
    where the share of wallet is known spends at least half of it here. Potential: has not lapsed and is among the most
    growable, or, where no wallet is known, is so new that a second purchase is not due yet. The words overlap, so the
    first of these that fits is given: loyal and high-value, high-value, loyal, potential, other.

    Parameters:
        portfolio: ``customer_id``, ``actual_value``, ``share_of_wallet``, ``most_growable``.
        behaviour: ``customer_id``, ``purchase_days``, ``segment``, ``too_early``.

    >>> portfolio = pd.DataFrame({"customer_id": list("abcde"), "actual_value": [9.0, 1, 1, 1, 1],
    ...     "share_of_wallet": [0.9, 0.9, 0.1, 0.1, 0.1], "most_growable": [False, False, True, True, False]})
    >>> behaviour = pd.DataFrame({"customer_id": list("abcde"), "purchase_days": [9, 9, 2, 2, 1],
    ...     "segment": ["frequent", "frequent", "frequent", "lapsed", "one-time"], "too_early": False})
    >>> trade_segments(portfolio, behaviour)["segment"].tolist()
    ['loyal and high-value', 'loyal', 'potential', 'other', 'other']
    """
    known = behaviour[["customer_id", "purchase_days", "segment", "too_early"]]
    both = portfolio.merge(known, on="customer_id", how="left")
    wallet, active = both["share_of_wallet"], both["segment"].notna() & both["segment"].ne("lapsed")
    high = both["actual_value"].rank(ascending=False, method="min").le(round(HIGH_VALUE_SHARE * len(both)))
    loyal = active & both["purchase_days"].ge(LOYAL_DAYS) & (wallet.isna() | wallet.ge(LOYAL_SHARE))
    potential = active & (both["most_growable"] | (wallet.isna() & both["too_early"].eq(True)))
    words = ["loyal and high-value", "high-value", "loyal", "potential"]
    named = np.select([loyal & high, high, loyal, potential], words, "other")
    return pd.DataFrame({"customer_id": both["customer_id"], "segment": pd.array(named, dtype="str")})


@dataclass(frozen=True)
class Grid:
    """Customers by need segment and value tier.

    Attributes:
        customers: Counts; need segments as rows, tiers as columns.
        actual_value: Sums (currency) in the same shape.
        p_value: Chi-squared test that need and tier are unrelated.
        cramers_v: Strength of the relation, 0 to 1.
        p_per_head: Alexander-Govern test that mean actual value is the same whatever the need.
        per_head: ``segment``, ``customers``, ``value`` (mean actual value, currency) with ``low`` and ``high`` (95%
            interval); the highest first.
    """

    customers: pd.DataFrame
    actual_value: pd.DataFrame
    p_value: float
    cramers_v: float
    p_per_head: float
    per_head: pd.DataFrame


def needs_by_value(needs: pd.DataFrame, portfolio: pd.DataFrame) -> Grid:
    """Lay need segments against value tiers.

    >>> needs = pd.DataFrame({"customer_id": list("abcd"), "segment": ["x", "x", "y", "y"]})
    >>> portfolio = pd.DataFrame({"customer_id": list("abcd"), "tier": ["migrator"] * 4, "actual_value": [1.0, 2, 3, 4]})
    >>> needs_by_value(needs, portfolio).actual_value["migrator"].tolist()
    [3.0, 7.0]
    """
    both = needs[["customer_id", "segment"]].merge(portfolio[["customer_id", "tier", "actual_value"]], on="customer_id")
    if both.empty:
        raise DataError("needs_by_value: no customer has both a need segment and a value tier.")
    order = [tier for tier in TIERS if tier in set(both["tier"])]
    counts = pd.crosstab(both["segment"], both["tier"])[order]
    amounts = both.pivot_table("actual_value", "segment", "tier", aggfunc="sum", fill_value=0.0)[order]
    held = dict(list(both.groupby("segment")["actual_value"]))
    worth = [values.to_numpy() for values in held.values() if values.std() > 0]
    per_head = float(alexandergovern(*worth).pvalue) if len(worth) > 1 else 1.0
    heads = [(name, len(values), *mean(values)) for name, values in held.items()]
    heads = pd.DataFrame(heads, columns=["segment", "customers", "value", "low", "high"])
    heads = heads.sort_values("value", ascending=False, ignore_index=True)
    if min(counts.shape) < 2:
        return Grid(counts, amounts, 1.0, 0.0, per_head, heads)
    statistic, p_value, _, _ = chi2_contingency(counts, correction=False)
    effect = np.sqrt(statistic / len(both) / (min(counts.shape) - 1))
    return Grid(counts, amounts, float(p_value), float(effect), per_head, heads)
