"""The action plan: plays meet what is known of each customer and become actions that somebody owns, each customer counted once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.errors import DataError, pick
from idic_lab.monitor.plan_exports import export, to_csv, to_markdown

__all__ = [
    "NONE", "PLAYS", "UNITS", "UNKNOWN", "Play", "Total", "action_plan", "action_values", "board_plan", "customer_facts",
    "export", "next_actions", "plan_at", "plot_plan", "to_csv", "to_markdown", "to_say", "total",
]  # fmt: skip
QUARTER = pd.Timedelta(days=91)
UNKNOWN, NONE = "unknown", "none"  # consent that nobody asked for, and consent that was refused


@dataclass(frozen=True)
class Play:
    """One kind of action, before it meets the numbers.

    >>> thank = Play("thank", "rfm", ("champions",), "keep them", "a letter", "head of service", "active_share", 0.02,
    ...     "lifetime", 1.5)
    >>> thank.weeks
    13

    Attributes:
        name: Short and unique; becomes the number of the action.
        scheme, segments (str, tuple of str): Whom it is for.
        kpi: ``active_share``, ``second_purchase_share``, ``share_of_wallet`` or ``cost_to_serve``.
        lift: Assumed change of the measure among those reached: points of a share (0.05 is five), or share of a cost.
        worth: What one success is worth: ``lifetime`` (value of a customer who is alive), ``purchase`` (margin of one
            purchase), ``growth`` (margin of a year's spend elsewhere), ``saving`` (the cost saved), ``discount`` (what a price
            of one's own earns beyond the list price).
        unit_cost: Currency per customer reached.
        weeks: Until the review.
        channels (tuple of str): Those that can carry it; any, unless named.
        reply: Whether it answers what the customer began, which needs no consent and comes before everything else.
        basis: ``assumed``, or ``estimated`` where the worth comes from a trial.
    """

    name: str
    scheme: str
    segments: tuple[str, ...]
    goal: str
    tactic: str
    owner: str
    kpi: str
    lift: float
    worth: str
    unit_cost: float
    offer: str = "none"
    weeks: int = 13
    channels: tuple[str, ...] = ()
    reply: bool = False
    basis: str = "assumed"


PLAYS: tuple[Play, ...] = tuple(
    Play(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in play.items()})
    for name, play in tomllib.loads(files(__package__).joinpath("plays.toml").read_text("utf-8")).items()
)


def customer_facts(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    portfolio: pd.DataFrame | None = None,
    channel_preferences: pd.DataFrame | None = None,
    margin: float = 0.30,
    conversations: pd.DataFrame | None = None,
    recommendations: pd.DataFrame | None = None,
    prices: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per customer with the figures behind baselines and returns.

    Parameters:
        portfolio, channel_preferences, conversations: Without preferences nobody's consent is known, which is not
            consent: nobody may be contacted. Without conversations nobody is known to have a complaint open.
        margin: Share of revenue that is profit.
        prices: ``customer_id``, ``gain``: what a price of the customer's own earns beyond the list price (currency).
    Returns:
        DataFrame: ``customer_id``; ``active`` (bought in the last 91 days); ``repeated`` (bought on two days or more);
            ``lifetime`` (residual value of the customer if known to be alive), ``purchase`` (margin of one purchase),
            ``growth`` (margin on a year's spend elsewhere), ``saving`` (cost to serve a year), ``discount`` (the gain of
            `prices`), ``spend`` and ``wallet`` (a year, here and in all; both missing where unknown), in currency;
            ``fits`` (a product is recommended); ``channel`` (preferred among those
            allowed; "none" without consent, "unknown" where consent is not known) and all ``channels`` allowed, parted by
            blanks, the preferred first; ``complaint`` (one is open),
            ``waits`` (no offer while it is) and ``reply_by`` (``channel``, or without one that of the last contact).

    >>> buys = pd.DataFrame({"customer_id": ["a", "a"], "amount": [9.0, 5.0], "date": pd.to_datetime(["2024-01-10", "2024-02-02"])})
    >>> worth = pd.DataFrame({"customer_id": ["a"], "residual_value": 40.0, "probability_alive": 0.8, "expected_spend": 7.0})
    >>> customer_facts(buys, worth)[["active", "repeated", "lifetime", "channel"]].values.tolist()
    [[True, True, 50.0, 'unknown']]
    """
    end, first = transactions["date"].max(), transactions["date"].min()
    bought = transactions[transactions["amount"] >= 0]
    days = bought.groupby("customer_id")["date"].agg(["max", "nunique"])
    table = customer_value[["customer_id"]].copy()
    table["active"] = table["customer_id"].map(days["max"]).gt(end - QUARTER)
    table["repeated"] = table["customer_id"].map(days["nunique"]).gt(1)
    table["lifetime"] = customer_value["residual_value"] / customer_value["probability_alive"].clip(lower=0.01)
    table["purchase"] = margin * customer_value["expected_spend"]
    table = table.assign(growth=np.nan, saving=np.nan, spend=np.nan, wallet=np.nan, discount=np.nan, fits=False)
    if recommendations is not None:
        table["fits"] = table["customer_id"].isin(recommendations["customer_id"])
    if prices is not None:
        table["discount"] = table["customer_id"].map(prices.set_index("customer_id")["gain"])
    if portfolio is not None:
        known = table[["customer_id"]].merge(portfolio, on="customer_id", how="left")
        table["growth"] = known["growth_potential"].to_numpy()
        table["wallet"] = known["category_spend"].to_numpy()
        table["spend"] = (known["share_of_wallet"] * known["category_spend"]).to_numpy()
        years = max((end - first).days, 1) / 365
        table["saving"] = (known["cost_to_serve"] / years).to_numpy()
    table["channels"] = UNKNOWN if channel_preferences is None else _channels(table, channel_preferences)
    table["channel"] = table["channels"].str.partition(" ")[0]
    table = table.assign(complaint=False, waits=False, reply_by=table["channel"])
    if conversations is not None:
        state = conversations.set_index("customer_id")
        table["complaint"] = table["customer_id"].isin(state.index[state["open_complaints"] > 0])
        table["waits"] = table["customer_id"].isin(state.index[~state["offer_allowed"]])
        last = table["customer_id"].map(state["last_channel"]).fillna(table["channel"])
        table["reply_by"] = table["channel"].mask(table["channel"].isin([NONE, UNKNOWN]), last).astype("str")
    return table


def _channels(table: pd.DataFrame, preferences: pd.DataFrame) -> pd.Series:
    allowed = preferences[preferences["allowed"]].sort_values(["preference", "channel"], ascending=[False, True])
    ordered = allowed.groupby("customer_id")["channel"].agg(" ".join)
    asked = table["customer_id"].isin(preferences["customer_id"])
    without = pd.Series(np.where(asked, NONE, UNKNOWN), index=table.index)
    return table["customer_id"].map(ordered).fillna(without).astype("str")


UNITS = {
    "active_share": "share who bought in 91 days",
    "second_purchase_share": "share who bought twice",
    "share_of_wallet": "share of category spend",
    "cost_to_serve": "currency per customer and year",
    "offer_profit": "currency per customer",
}
_WORTH = ("lifetime", "purchase", "growth", "saving", "discount")
NOTHING, QUESTION = "none", "question"  # the next action for whom nothing should be done, and of who is only asked
OWED = "a complaint is open"
# What is owed comes first; then what a trial has shown, what pays, a question.
REPLY, TRIED, PLAY, ASK, REST = range(5)
CHOSEN = (OWED, "a trial says it pays", "promises most", "nothing pays, and a question is open", "nothing pays")
AFTER = ("a complaint comes first", "what a trial has shown comes first", "another promises more", "a question is open")
# Customers of whom a fact is known are a segment of their own.
_BY_FACT = {
    "complaint": ("conversations", "complaint open"),
    "fits": ("recommendations", "something fits"),
    "discount": ("price_tests", "by trial"),
}
_NO_CHANNEL = "no channel that can carry it"
OFFERED_BY = "email"  # as in the campaign in which the offer was tried


def action_plan(
    facts: pd.DataFrame,
    segments: pd.DataFrame,
    begins: pd.Timestamp,
    plays: Iterable[Play] = PLAYS,
    offers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The plan: for each play and segment it applies to, baseline, target, cost and expected return.

    Parameters:
        facts: From `customer_facts`.
        segments: Table ``segments``; a play whose segments nobody is in is left out.
        begins: First day of the plan.
        offers: Table ``offers``: those made become one action, its return as estimated from the trial they come from,
            for those who may be contacted.
    Returns:
        DataFrame: Table ``action_plan``, most profitable first. A customer can be in several actions; the columns
            ``counted_...`` count each in their next one (:func:`next_actions`). ``verdict``: "do" what customers are
            owed, and what a trial lets expect to pay, "test" what pays if an assumption holds, "ask" for consent where
            nobody's is known, "drop" what does not pay.
    Raises:
        DataError: When no play applies to anybody.

    >>> facts = pd.DataFrame({"customer_id": ["a", "b"], "active": [True, False], "lifetime": [100.0, 80.0], "channel": "email"})
    >>> held = pd.DataFrame({"customer_id": ["a", "b"], "scheme": "rfm", "segment": "loyal"})
    >>> plan = action_plan(facts, held, pd.Timestamp("2025-01-01"), plays=[play for play in PLAYS if play.name == "cherish"])
    >>> plan[["action_id", "baseline", "expected_return", "cost", "verdict"]].values.tolist()
    [['cherish-loyal', 0.5, 3.6, 2.0, 'test']]
    """
    table, each = _candidates(facts, segments, plays, offers)
    if table.empty:
        schemes = ", ".join(sorted(segments["scheme"].unique())) or "no scheme"
        raise DataError(f"No play applies: the segments are of {schemes}.")
    table["review_date"] = begins + pd.to_timedelta(7 * table.pop("weeks"), unit="D")
    table = table.assign(starts=begins, unit=table["kpi"].map(UNITS))
    unasked = table["reachable"].eq(0) & table["consent_unknown"].gt(0)
    cases = [table["reply"], unasked, table["expected_profit"] <= 0, table["basis"].eq("estimated")]
    table["verdict"] = np.select(cases, ["do", "ask", "drop", "do"], "test")
    table["break_even"] = (table["cost"] / table["expected_return"].where(table["expected_return"] > 0)).astype(float)
    counted = _ranked(each).query("place == 1").groupby("action")[["expected_return", "cost"]]
    counted = (
        counted.sum().set_axis(["counted_return", "counted_cost"], axis=1).assign(counted_customers=counted.size())
    )
    table = table.join(counted, on="action_id").fillna(dict.fromkeys(counted, 0))
    empty = tables.get("action_plan").empty()
    return table.sort_values("expected_profit", ascending=False, ignore_index=True)[list(empty)].astype(empty.dtypes)


def action_values(
    facts: pd.DataFrame,
    segments: pd.DataFrame,
    plays: Iterable[Play] = PLAYS,
    offers: pd.DataFrame | None = None,
    next_questions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What each action would bring each customer it is meant for, which of them is next, and why the others are not.

    A complaint that is open comes first, and while it bars offers, alone; then an offer that is made, since a trial has
    shown what it brings; then the action that promises most after its cost for this customer. Who has none that pays is
    asked the most telling question that has not been asked. Nobody without known consent may be told any of it but for
    an answer to what they began. Last comes to do nothing, which is open for everybody.

    Parameters:
        next_questions: Table ``next_questions``; the other tables are as for :func:`action_plan`.
    Returns:
        DataFrame: Table ``action_values``, the alternatives of each customer under each other, the next action on top.

    >>> facts = pd.DataFrame({"customer_id": ["a", "b"], "active": True, "lifetime": [100.0, 80.0], "channel": ["email", "none"]})
    >>> held = pd.DataFrame({"customer_id": ["a", "b"], "scheme": "rfm", "segment": "loyal"})
    >>> action_values(facts.assign(active=[True, False]), held)[["action", "value", "why"]].round(2).to_numpy().tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['cherish-loyal', 1.0, 'promises most'], ['none', 0.0, 'another promises more'],
     ['none', 0.0, 'contact refused'], ['cherish-loyal', 0.6, 'contact refused']]
    """
    _, each = _candidates(facts, segments, plays, offers)
    rest = facts[["customer_id"]].assign(action=NOTHING, turn=REST, channel=NONE, expected_profit=0.0, barred="")
    parts = [each, rest]
    if next_questions is not None:
        asked = facts[facts["customer_id"].isin(next_questions["customer_id"])]
        parts.append(asked[["customer_id", "channel"]].assign(action=QUESTION, turn=ASK, barred=_barred(asked)))
    ranked = _ranked(pd.concat(parts, ignore_index=True))
    first = ranked.groupby("customer_id")["turn"].transform("first")
    ranked["why"] = np.where(ranked["place"] == 1, np.take(CHOSEN, ranked["turn"]), np.take([*AFTER, ""], first))
    ranked["why"] = ranked["why"].mask(ranked["barred"].ne(""), ranked["barred"])
    may_not = ranked["customer_id"].map(pd.Series(_barred(facts).to_numpy(), facts["customer_id"]))
    idle = ranked["turn"].eq(REST) & ranked["place"].eq(1) & may_not.ne("")
    ranked["why"] = ranked["why"].mask(idle, may_not)
    ranked["channel"] = ranked["channel"].where(ranked["place"] > 0, NONE)
    empty, order = tables.get("action_values").empty(), pd.Categorical(ranked["customer_id"], facts["customer_id"])
    ranked = ranked.rename(columns={"expected_profit": "value"}).iloc[np.argsort(order.codes, kind="stable")]
    return ranked[list(empty)].astype(empty.dtypes).reset_index(drop=True)


def next_actions(values: pd.DataFrame) -> pd.DataFrame:
    """One next action for each customer, or none, out of the table ``action_values``; plans, totals and care follow from it.

    >>> values = pd.DataFrame({"customer_id": "a", "action": ["question", "none"], "channel": ["email", "none"],
    ...     "value": [None, 0.0], "place": [1, 2], "why": ["nothing pays, and a question is open", "a question is open"]})
    >>> next_actions(values)["action"].tolist()
    ['question']
    """
    empty = tables.get("next_actions").empty()
    first = values[values["place"] == 1].rename(columns={"value": "expected_profit"})
    return first[list(empty)].astype(empty.dtypes).reset_index(drop=True)


def to_say(next_actions: pd.DataFrame) -> pd.DataFrame:
    """The next actions for which the firm begins a contact: all but answers, which are owed at once, and none.

    >>> acts = pd.DataFrame({"customer_id": ["a", "b"], "action": ["question", "none"], "why": "nothing pays"})
    >>> to_say(acts)["customer_id"].tolist()
    ['a']
    """
    return next_actions[next_actions["action"].ne(NOTHING) & next_actions["why"].ne(OWED)]


def _ranked(each: pd.DataFrame) -> pd.DataFrame:
    """The alternatives of each customer in the order in which they are done, with their ``place``; 0 for what is barred.

    Returns of actions for the same customer must not be added: two plays that both keep a customer keep one customer.
    To count the first alone is cautious, since some actions do add up.
    """
    of_all = each["expected_profit"].where(each["barred"].eq("")).groupby(each["action"]).transform("sum")
    loses = each["turn"].isin([TRIED, PLAY]) & ~(each["expected_profit"].gt(0) & of_all.gt(0))
    each = each.assign(barred=each["barred"].mask(each["barred"].eq("") & loses, "does not pay"))
    each["out"] = each["barred"].ne("")
    order = {"out": True, "turn": True, "expected_profit": False, "action": True}
    each = each.sort_values(list(order), ascending=list(order.values()), kind="stable")
    each["place"] = (each.groupby("customer_id").cumcount() + 1).where(~each["out"], 0)
    return each


def _candidates(facts, segments, plays, offers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every action that applies to anybody; and what each should return and cost for every customer it is meant for."""
    for fact in _BY_FACT.keys() & facts.keys():
        known = facts[facts[fact] if facts[fact].dtype == bool else facts[fact].notna()]
        scheme, segment = _BY_FACT[fact]
        segments = pd.concat([segments, known[["customer_id"]].assign(scheme=scheme, segment=segment)])
    rows = [_of_play(play, segment, facts, segments) for play in plays for segment in play.segments]
    if offers is not None:
        rows += [_of_trial(offer, part, facts) for offer, part in offers.groupby("offer")]
    rows = [row for row in rows if row]
    none = {name: pd.Series(dtype="str") for name in ("customer_id", "action", "channel", "barred")}
    each = [pd.DataFrame(none | dict.fromkeys(("turn", "expected_return", "cost", "expected_profit"), 0.0), index=[])]
    for row in rows:
        mine = row.pop("each").assign(action=row["action_id"])
        each.append(mine.assign(expected_profit=mine["expected_return"] - mine["cost"]))
        row |= each[-1].loc[mine["barred"].eq(""), ["expected_return", "cost", "expected_profit"]].sum().astype(float)
    return pd.DataFrame([row for row in rows if row["customers"]]), pd.concat(each, ignore_index=True)


def _of_play(play: Play, segment: str, facts: pd.DataFrame, segments: pd.DataFrame) -> dict | None:
    pick("worth of a success", play.worth, _WORTH)
    pick("measure of a play", play.kpi, UNITS)
    held = segments["scheme"].eq(play.scheme) & segments["segment"].eq(segment)
    mine = facts[facts["customer_id"].isin(segments.loc[held, "customer_id"])]
    known = mine if mine.empty else mine[mine[play.worth].notna()]
    if known.empty:
        return None
    by = known["reply_by" if play.reply else "channel"]
    if play.channels and "channels" in known:  # the one they like best of those that can carry it
        by = known["channels"].map(lambda names: next((one for one in names.split() if one in play.channels), NONE))
    barred = pd.Series("", index=known.index)
    if not play.reply:
        unfit = [by.isin([NONE, UNKNOWN]), known[play.worth].eq(0)]
        barred = _barred(known)
        barred = barred.mask(
            barred.eq(""), pd.Series(np.select(unfit, [_NO_CHANNEL, "nothing to gain"], ""), known.index)
        )
    reached = barred.eq("")
    baseline, channels = _baseline(play.kpi, known), by[reached].value_counts().sort_index()
    saved, tried = play.kpi == "cost_to_serve", play.kpi == "offer_profit"
    # A share cannot rise above 1, so a play for those who all do it already brings nothing.
    room = 1.0 if saved or tried else min(play.lift, max(1 - baseline, 0)) / play.lift
    returned = play.lift * room * known[play.worth]
    change = returned[reached].mean() if tried and reached.any() else play.lift * room * reached.mean()
    said = ["scheme", "goal", "tactic", "offer", "owner", "kpi", "weeks", "reply", "basis"]
    return {name: getattr(play, name) for name in said} | {
        "action_id": f"{play.name}-{segment.replace(' ', '-')}",
        "segment": segment,
        "customers": len(known),
        "reachable": int(reached.sum()),
        "consent_unknown": int(known["channel"].eq(UNKNOWN).sum()),
        "channel": NONE if channels.empty else str(channels.idxmax()),
        "baseline": baseline,
        "target": baseline * (1 - change) if saved else baseline + change,
        "each": known[["customer_id"]].assign(
            turn=REPLY if play.reply else PLAY, channel=by, barred=barred, expected_return=returned, cost=play.unit_cost
        ),
    }


def _barred(facts: pd.DataFrame) -> pd.Series:
    """Why nothing may be said to a customer: consent that is not known is no consent, and a complaint may bar all else."""
    cases = facts["channel"].eq(UNKNOWN), facts["channel"].eq(NONE), facts.get("waits", pd.Series(False, facts.index))
    return pd.Series(np.select(cases, ["consent unknown", "contact refused", OWED], ""), facts.index)


def _baseline(kpi: str, mine: pd.DataFrame) -> float:
    if kpi == "offer_profit":
        return 0.0
    if kpi == "share_of_wallet":
        return float(mine["spend"].sum() / max(mine["wallet"].sum(), 1e-9))
    held = {"active_share": "active", "second_purchase_share": "repeated"}.get(kpi, "saving")
    return float(mine[held].mean())


def _of_trial(offer: str, part: pd.DataFrame, facts: pd.DataFrame) -> dict:
    """One action for those the offer is made to, with the return that the trial lets expect; the others come without it."""
    each = part[part["customer_id"].isin(facts["customer_id"])]
    made, mine = part[part["made"]], facts[facts["customer_id"].isin(each["customer_id"])]
    barred = each["customer_id"].map(pd.Series(_barred(mine).to_numpy(), mine["customer_id"]))
    barred = barred.mask(barred.eq("") & ~each["made"], "not made")
    reached = int(barred.eq("").sum())
    each = each[["customer_id", "expected_return"]].assign(turn=TRIED, barred=barred, cost=each["expected_cost"])
    return {
        "action_id": f"offer-{offer}",
        "scheme": "offers",
        "segment": "customers the offer pays for",
        "customers": len(made),
        "reachable": reached,
        "consent_unknown": int(mine.loc[mine["customer_id"].isin(made["customer_id"]), "channel"].eq(UNKNOWN).sum()),
        "goal": "a purchase that would not happen without the offer",
        "tactic": f"make the {'offer' if offer == 'offer' else f'offer {offer!r}'} of the last campaign",
        "channel": OFFERED_BY if reached else NONE,
        "offer": str(offer),
        "owner": "campaign manager",
        "kpi": "offer_profit",
        "baseline": 0.0,
        "target": float(made["expected_profit"].mean()),
        "weeks": 4,
        "basis": "estimated",
        "reply": False,
        "each": each.assign(channel=OFFERED_BY),
    }


def plan_at(plan: pd.DataFrame, effect: float) -> pd.DataFrame:
    """An ``action_plan`` if every assumed effect turned out at a share of it (0.5: half); estimated returns stay.

    Returns:
        DataFrame: The plan with ``expected_return``, ``expected_profit`` and ``counted_return`` anew; each customer is
            still counted in the same action.

    >>> plan = pd.DataFrame({"basis": ["assumed", "estimated"], "expected_return": 10.0, "cost": 4.0, "counted_return": 8.0})
    >>> plan_at(plan, 0.5)["expected_profit"].tolist()
    [1.0, 6.0]
    """
    scale = np.where(plan["basis"].eq("assumed"), effect, 1.0)
    returned = plan["expected_return"] * scale
    return plan.assign(
        expected_return=returned, expected_profit=returned - plan["cost"], counted_return=plan["counted_return"] * scale
    )


@dataclass(frozen=True)
class Total:
    """What a plan comes to when each customer counts once; money in currency.

    ``estimated`` is the part of the return that is estimated from a trial; the rest is assumed.
    """

    customers: int
    expected_return: float
    cost: float
    estimated: float

    @property
    def profit(self) -> float:
        return self.expected_return - self.cost


def total(plan: pd.DataFrame) -> Total:
    """What the actions of an ``action_plan`` that pay or are owed come to, each customer counted once.

    >>> total(pd.DataFrame({"counted_customers": [3], "counted_return": [9.0], "counted_cost": [2.0], "basis": "assumed"})).profit
    7.0
    """
    customers, returned, cost = (plan[f"counted_{name}"].sum() for name in ("customers", "return", "cost"))
    estimated = plan.loc[plan["basis"] == "estimated", "counted_return"].sum()
    return Total(int(customers), float(returned), float(cost), float(estimated))


def board_plan(plan: pd.DataFrame, budget: float) -> pd.DataFrame:
    """What a budget (currency) pays for: the actions that pay or are owed, the highest return per unit of cost first.

    Returns:
        DataFrame: ``action_id``, ``owner``, ``review_date``, ``verdict``; ``customers``, ``expected_return`` and
            ``cost`` with each customer counted once; ``profit_at_half``, should an assumed effect be half of what was
            assumed; ``spent`` so far (currency) and ``funded``, whether the budget reaches so far.

    >>> plan = pd.DataFrame({"action_id": ["call", "mail"], "owner": "service", "review_date": pd.Timestamp("2025-04-01"),
    ...     "verdict": "test", "basis": "assumed", "counted_customers": 9, "counted_return": [90.0, 40.0], "counted_cost": [60.0, 10.0]})
    >>> board_plan(plan, 50)[["action_id", "profit_at_half", "spent", "funded"]].values.tolist()
    [['mail', 10.0, 10.0, True], ['call', -15.0, 70.0, False]]
    """
    table = plan[plan["counted_customers"] > 0]
    customers, returned, cost = (table[f"counted_{name}"] for name in ("customers", "return", "cost"))
    share, worth = np.where(table["basis"].eq("assumed"), 0.5, 1.0), returned / cost.where(cost > 0, 1e-9)
    table = table.assign(customers=customers, expected_return=returned, cost=cost, worth=worth)
    table["profit_at_half"] = share * returned - cost
    table = table.sort_values(["worth", "action_id"], ascending=[False, True], ignore_index=True)
    table["spent"] = table["cost"].cumsum()
    table["funded"] = table["spent"] <= budget
    columns = ["action_id", "owner", "review_date", "verdict", "customers", "expected_return", "cost"]
    return table[[*columns, "profit_at_half", "spent", "funded"]]


def plot_plan(plan: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each action costs beside what it should return; the total counts each customer once.

    >>> plan = pd.DataFrame({"action_id": ["save-at-risk"], "segment": "at risk", "basis": "assumed", "expected_return": 9.0, "cost": 2.0,
    ...     "verdict": "test", "counted_customers": 3, "counted_return": 9.0, "counted_cost": 2.0})
    >>> plot_plan(plan).get_title()
    'The plan should earn 7 after its cost'
    """
    from matplotlib.ticker import MaxNLocator

    ax = figures.axes(ax, figsize=(7.5, 0.42 * len(plan) + 1.4))
    shown = plan.iloc[::-1].reset_index(drop=True)
    place = np.arange(len(shown))
    estimated = shown["basis"].eq("estimated").to_numpy()
    colours = np.where(estimated, figures.BLUE, figures.SKY)
    ax.barh(place + 0.2, shown["expected_return"], height=0.38, color=colours)
    ax.barh(place - 0.2, shown["cost"], height=0.38, color=figures.VERMILION, hatch="//", edgecolor="white")
    plays = shown["action_id"].str.partition("-")[0]
    ax.set_yticks(place, plays + ": " + shown["segment"] + " (" + shown["verdict"] + ")")
    profit = total(plan).profit
    handles = [
        ax.barh([0], [0], color=colour, label=label, hatch=hatch, edgecolor="white")
        for colour, label, hatch in (
            (figures.BLUE, "return, estimated from a trial", ""),
            (figures.SKY, "return, assumed", ""),
            (figures.VERMILION, "cost", "//"),
        )
    ]
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_locator(MaxNLocator(5))  # more amounts would run into each other
    title = f"The plan should {'earn' if profit >= 0 else 'lose'} {figures.money(abs(profit))} after its cost"
    if not plan["counted_customers"].sum():
        first = "somebody asks for consent" if plan["verdict"].eq("ask").any() else "an action is found that pays"
        title = f"Nothing can be earned before {first}"
        ax.barh(place, shown["consent_unknown"], color=figures.GREY)
        return figures.finish(ax, title, x="customers whose consent nobody knows", x_format="count")
    across = "{currency}: a year's, or over the lifetime of those kept"
    return figures.finish(ax, title, across, x_format="count", legend={"handles": handles, "loc": "lower right"})
