"""Every offer that could be made, with its expected return and cost, and whom to give what under a budget."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.allocation import NOBODY
from idic_lab.allocation import allocate as shared_allocate
from idic_lab.customize.offers.learners import expected_outcomes, uplift
from idic_lab.customize.offers.trials import CONTROL, NOT_FEATURES, policy_scores, take_up_discount, with_profit
from idic_lab.dataframes import addressable, allowing
from idic_lab.errors import DataError
from idic_lab.inference.intervals import wilson


def offers_table(allocated: pd.DataFrame, consents: pd.DataFrame | None, channel: str = "email") -> pd.DataFrame:
    """The table ``offers``: of the offers considered for each customer the one made, or else the best one.

    `allocated` is from `allocate`; who is not known to allow the channel is made no offer.

    >>> chosen = pd.DataFrame({"customer_id": ["ann", "bob"], "offer": "call", "expected_return": 9.0, "expected_cost": 2.0,
    ...     "expected_profit": 7.0, "made": True})
    >>> said = pd.DataFrame({"customer_id": ["ann"], "channel": ["email"], "allowed": [True]})
    >>> offers_table(chosen, said)["made"].tolist(), offers_table(chosen, None)["made"].tolist()
    ([True, False], [False, False])
    """
    order = ["customer_id", "made", "expected_profit"]
    ordered = allocated.sort_values(order, ascending=[True, False, False], kind="stable")
    table = ordered.drop_duplicates("customer_id").reset_index(drop=True)
    may = table["customer_id"].isin(allowing(consents, channel)["customer_id"])
    columns = ["customer_id", "offer", "expected_return", "expected_cost", "expected_profit", "made"]
    return table.assign(made=table["made"] & may)[columns]


def reachable(
    candidates: pd.DataFrame,
    consents: pd.DataFrame | None,
    channel: str = "email",
    conversations: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The candidates whom an offer can reach: the channel is known to be allowed, and no complaint is open.

    Where nobody is known to allow the channel, everybody without a complaint stays: one can then only plan whom to ask
    first, and :func:`offers_table` makes no offer.

    >>> said = pd.DataFrame({"customer_id": ["ann", "bob", "cem"], "channel": "email", "allowed": [True, None, True]})
    >>> standing = pd.DataFrame({"customer_id": ["cem"], "open_complaints": [1]})
    >>> reachable(pd.DataFrame({"customer_id": ["ann", "bob", "cem"]}), said, "email", standing)["customer_id"].tolist()
    ['ann']
    """
    if allowing(consents, channel).empty:
        consents = candidates[["customer_id"]].assign(channel=channel, allowed=True)
    return addressable(candidates, consents, conversations, channel)


def candidates_of(
    results: pd.DataFrame,
    method: str = "X-learner",
    random_state: int = 0,
    target: pd.DataFrame | None = None,
    regressor=None,
) -> pd.DataFrame:
    """Expected return and cost of each offer to each customer, learned from a campaign by models that did not see them.

    The cost is the contact, and the discount in case the offer is taken up; who would have bought anyway takes it too.
    The return is what the offer gains before these costs.

    Parameters:
        target: Other customers, with the same columns, to whom the offers could be made; by default those of `results`.
    Returns:
        DataFrame: ``customer_id``, ``offer``, ``expected_return``, ``expected_cost`` (currency).

    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 4] * 40, "arm": ["offer"] * 40 + ["control"] * 40,
    ...     "converted": True, "contact_cost": 1.0})
    >>> trial["margin"] = trial["orders"] * (trial["arm"] == "offer") * 2.0
    >>> candidates_of(trial, "T-learner", regressor=LinearRegression())["expected_return"].head(2).round().tolist()
    [3.0, 9.0]
    """
    results, whom = with_profit(results), results if target is None else target
    setting = {"target": target, "random_state": random_state, "regressor": regressor}
    gains = uplift(results, "profit", method, **setting)
    take_up = expected_outcomes(results, "converted", **setting)
    contact, discount = results.groupby("arm")["contact_cost"].mean(), take_up_discount(results)
    parts = []
    for offer in gains:
        cost = contact[offer] + take_up[offer].clip(0, 1) * discount[offer]
        money = {"expected_return": gains[offer] + cost, "expected_cost": cost}
        parts.append(pd.DataFrame({"customer_id": whom["customer_id"], "offer": offer, **money}))
    return pd.concat(parts, ignore_index=True).astype({"customer_id": "str", "offer": "str"})


def share_of_budget(candidates: pd.DataFrame, share: float) -> float:
    """A share of what it would cost to make every customer the dearest offer, currency.

    >>> share_of_budget(pd.DataFrame({"customer_id": ["a", "a", "b"], "expected_cost": [1.0, 3.0, 5.0]}), 0.25)
    2.0
    """
    return float(share * candidates.groupby("customer_id")["expected_cost"].max().sum())


def value_on_fresh_customers(
    results: pd.DataFrame, method: str = "X-learner", budget_share: float = 0.25, random_state: int = 0, regressor=None
) -> pd.DataFrame:
    """What choosing under a budget earns, on customers whom the choice was not learned from.

    Of many noisy predictions the highest are high in part by luck, and just these are chosen. So each half of the
    campaign learns and chooses for the other, where some of the chosen happened to be given the offer and some not.

    Parameters:
        budget_share: As for :func:`share_of_budget`, of each half.
    Returns:
        DataFrame: ``customers``, ``treated`` (share); ``expected`` (what the predictions promised), ``gain`` over
            giving nothing, ``low``, ``high`` (95%, wider than need be where effects are large), in currency for all.

    Source: Athey & Imbens (2016), PNAS 113(27), for honest estimates by splitting; Dudík, Langford & Li (2011), ICML.

    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 9] * 40, "arm": ["offer"] * 40 + ["control"] * 40,
    ...     "converted": True, "contact_cost": 0.0})
    >>> trial["margin"] = trial["orders"] * (trial["arm"] == "offer")
    >>> value_on_fresh_customers(trial, "T-learner", 0.5, regressor=LinearRegression())["gain"].round().item()
    400.0
    """
    from sklearn.model_selection import StratifiedKFold

    results, scores, promised, treated = with_profit(results), [], 0.0, 0
    halves = StratifiedKFold(2, shuffle=True, random_state=random_state)
    for learn, judge in halves.split(results, results["arm"]):
        taught, fresh = results.iloc[learn], results.iloc[judge].reset_index(drop=True)
        table = candidates_of(taught, method, random_state, fresh, regressor)
        made = allocate(table, share_of_budget(table, budget_share)).query("made").set_index("customer_id")
        promised, treated = promised + made["expected_profit"].sum(), treated + len(made)
        policy = fresh["customer_id"].astype("str").map(made["offer"]).fillna(CONTROL)
        nobody = pd.Series(CONTROL, index=fresh.index)
        expected = expected_outcomes(taught, regressor=regressor, target=fresh, random_state=random_state)
        scores.append(policy_scores(fresh, policy, expected) - policy_scores(fresh, nobody, expected))
    each = np.concatenate(scores)
    gain, half = each.sum(), 1.96 * each.std(ddof=1) * np.sqrt(len(each))
    row = {"customers": len(each), "treated": treated / len(each), "expected": promised, "gain": gain}
    return pd.DataFrame([row | {"low": gain - half, "high": gain + half}])


def kinds_of_people(results: pd.DataFrame) -> pd.Series:
    """Age bands of a campaign's customers, or else the first thing known of them that is in words.

    >>> kinds_of_people(pd.DataFrame({"age": [22, 47]})).tolist()
    ['under 30', '40-49']
    """
    if "age" in results:
        names = ["under 30", "30-39", "40-49", "50-59", "60 and over"]
        return pd.cut(results["age"], [0, 29, 39, 49, 59, 120], labels=names)
    known = [name for name in results if name not in NOT_FEATURES and not pd.api.types.is_numeric_dtype(results[name])]
    return results[known[0]] if known else pd.Series("everybody", index=results.index, name="group")


def fairness(table: pd.DataFrame, customers: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """How often each kind of people (`groups`, a kind for each of `customers`) is made an offer, from `allocate`.

    Returns:
        DataFrame: ``group``, ``customers``, ``made`` (share), ``low``, ``high`` (95%, Wilson).

    >>> made = pd.DataFrame({"customer_id": ["a", "b", "c"], "made": [True, True, False]})
    >>> fairness(made, made["customer_id"], pd.Series(["under 30", "under 30", "50-59"]))["made"].tolist()
    [0.0, 1.0]
    """
    given = customers.isin(table.loc[table["made"], "customer_id"])
    found = given.groupby(groups, observed=True).agg(["size", "sum"])
    low, high = wilson(found["sum"], found["size"])
    shares = {"customers": found["size"], "made": found["sum"] / found["size"], "low": low, "high": high}
    return pd.DataFrame(shares).rename_axis("group").reset_index()


def plot_fairness(table: pd.DataFrame, by: str = "age", ax: figures.Axes | None = None) -> figures.Axes:
    """Share of each kind of people who are chosen for an offer, from `fairness`.

    >>> table = pd.DataFrame({"group": ["under 30", "50-59"], "made": [0.5, 0.0], "low": [0.4, 0.0], "high": [0.6, 0.02]})
    >>> plot_fairness(table).get_title()
    'By age: 50% of those under 30 are chosen, 0% of those 50-59'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.4))
    place = np.arange(len(table))[::-1]
    ax.errorbar(table["made"], place, xerr=figures.spread(table, "made"), fmt="o", color=figures.VERMILION, capsize=4)
    table = table.assign(group=table["group"].astype("str").str.replace("$", r"\$"))  # a price, not a formula
    ax.set_yticks(place, table["group"])
    most, least = table.loc[table["made"].idxmax()], table.loc[table["made"].idxmin()]
    by = by.replace("_", " ")
    title = f"{most['made']:.0%} of those {most['group']} are chosen, {least['made']:.0%} of those {least['group']}"
    x, limits = "share chosen for an offer, with 95% interval", (-0.02, 1.05 * max(table["high"].max(), 0.1))
    return figures.finish(ax, f"By {by}: {title}", x, by, x_format="percent", xlim=limits)


def allocate(
    candidates: pd.DataFrame, budget: float, method: str = "exact", drawn: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Choose at most one offer per customer so that profit is greatest and the cost stays within the budget.

    Parameters:
        budget: Currency.
        method ({"exact", "greedy"}): As in :func:`idic_lab.allocation.allocate`.
        drawn: ``customer_id``, ``offer``: the arm that chance drew for each customer. Only that offer can then be made
            to the customer; who drew "control", and who is not among them, is made none.
    Returns:
        DataFrame: `candidates` with ``expected_profit`` (return less cost) and ``made`` (flag: the offer is made).

    Source: Kellerer, Pferschy & Pisinger (2004), Knapsack Problems, chapter 11.

    >>> offers = pd.DataFrame({"customer_id": ["a", "b"], "offer": "call", "expected_return": [9.0, 22.0],
    ...                        "expected_cost": [2.0, 10.0]})
    >>> [allocate(offers, 10, how)["made"].tolist() for how in ("greedy", "exact")]
    [[True, False], [False, True]]
    >>> drawn = pd.DataFrame({"customer_id": ["a", "b"], "offer": ["call", "control"]})
    >>> allocate(offers, 20, drawn=drawn)["made"].tolist()
    [True, False]
    """
    money = candidates[["expected_return", "expected_cost"]].to_numpy(float)
    if not np.isfinite(money).all() or (money[:, 1] < 0).any():
        raise DataError("Expected return and cost must be numbers, and no cost below 0.")
    if candidates.duplicated(["customer_id", "offer"]).any():
        raise DataError("A customer and offer come twice in candidates.")
    table = candidates.assign(expected_profit=candidates["expected_return"] - candidates["expected_cost"])
    open_to = np.flatnonzero(_drawn(table, drawn))
    who, option = (pd.factorize(table[name].iloc[open_to])[0] for name in ("customer_id", "offer"))
    shape = (who.max(initial=-1) + 1, option.max(initial=-1) + 1)
    gain, cost, row = np.zeros(shape), np.zeros(shape), np.full(shape, -1)
    gain[who, option], cost[who, option] = table[["expected_profit", "expected_cost"]].to_numpy(float)[open_to].T
    row[who, option] = open_to
    chosen = shared_allocate(gain, cost, budget, method)
    made = np.zeros(len(table), dtype=bool)
    used = np.flatnonzero(chosen != NOBODY)
    made[row[used, chosen[used]]] = True
    return table.assign(made=made)


def _drawn(table: pd.DataFrame, drawn: pd.DataFrame | None) -> np.ndarray:
    """Which candidates are of the arm drawn for their customer; all of them when nothing was drawn."""
    if drawn is None:
        return np.ones(len(table), dtype=bool)
    if drawn["customer_id"].duplicated().any():
        raise DataError("A customer drew more than one arm.")
    arm = table["customer_id"].map(drawn.set_index("customer_id")["offer"])
    return arm.eq(table["offer"]).fillna(False).to_numpy(bool)


def try_budgets(candidates: pd.DataFrame, drawn: pd.DataFrame | None = None) -> pd.DataFrame:
    """What each of nine budgets buys, from a twentieth of what it would cost to treat everybody to the whole.

    Returns:
        DataFrame: ``share`` of the cost of treating everybody, ``budget``, ``customers`` given an offer, ``cost``,
            ``profit`` (currency), ``next`` (profit per unit of the budget added since the row before).

    >>> offers = pd.DataFrame({"customer_id": ["a", "b"], "offer": "call", "expected_return": [9.0, 22.0],
    ...                        "expected_cost": [2.0, 10.0]})
    >>> try_budgets(offers).set_index("share").loc[[0.25, 1.0], "profit"].tolist()
    [7.0, 19.0]
    """
    rows = []
    for share in (0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0):
        budget = share_of_budget(candidates, share)
        made = allocate(candidates, budget, drawn=drawn).query("made")
        spent = {"cost": made["expected_cost"].sum(), "profit": made["expected_profit"].sum()}
        rows.append({"share": share, "budget": budget, "customers": len(made), **spent})
    table = pd.DataFrame(rows)
    step = table["budget"].diff().fillna(table["budget"])
    return table.assign(next=table["profit"].diff().fillna(table["profit"]) / step.where(step > 0, 1.0))


def plot_budget(table: pd.DataFrame, share: float, ax: figures.Axes | None = None) -> figures.Axes:
    """Expected profit over the budget, from `try_budgets`, with the budget nearest to a share marked.

    >>> table = pd.DataFrame({"share": [0.1, 1], "budget": [2, 12], "profit": [7.0, 19.0], "customers": [1, 2], "next": [3.5, 1.2]})
    >>> plot_budget(table, 0.9).get_title()
    'At a budget of 12 the last unit spent brings 1.20'
    """
    ax, here = figures.axes(ax), table.loc[(table["share"] - share).abs().idxmin()]
    ax.plot(table["budget"], table["profit"], "o-", color=figures.BLUE, ms=4)
    ax.vlines(here["budget"], 0, here["profit"], color=figures.GREY, lw=1)
    ax.plot(here["budget"], here["profit"], "o", color=figures.VERMILION, ms=10)
    title = f"At a budget of {here['budget']:,.0f} the last unit spent brings {here['next']:.2f}"
    x, y = "budget ({currency})", "expected profit, cost deducted ({currency})"
    return figures.finish(ax, title, x, y, "count", "count", ylim=(0, None))
