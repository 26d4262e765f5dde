"""Reference policies of the shop: what the simplest rules do, and what somebody would do who knew what is planted.

A policy is a function of what a firm sees, a :class:`View`, that returns a table of actions. The oracle alone looks at
the planted truth: at everybody's rates, needs and chances, not at how chance will decide.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.errors import DataError, pick
from idic_lab.meridian import contacts, opinions, orders, products, quarters, trials
from idic_lab.meridian.people import WORDS
from idic_lab.meridian.quarters import CARE, COMPLAINT, MESSAGE, OFFER, PRICE, PRODUCT, QUESTION, TIER, State
from idic_lab.meridian.settings import SEGMENTS
from idic_lab.tables import CHANNELS

COLUMNS = ("customer_id", "action", "channel", "detail", "amount")
DETAILS = dict(message=SEGMENTS, question=opinions.QUESTIONS, product=products.CATEGORIES, tier=quarters.SERVICE_TIERS)
OFFERED = 6.0  # the discount that was tried in the campaign
PLUS, THANKS = float(quarters.TIER_COST[1]), quarters.GIFT + float(contacts.COST_OUT[0])  # of one customer


@dataclass(frozen=True)
class View:
    """What a firm sees when it decides on a quarter.

    Attributes:
        tables (dict of str to DataFrame): Everything up to now.
        quarter: From 1.
        budget: Currency that contacts, gifts, service tiers and answers may cost in the quarter.
        calls: Contacts on the telephone that the firm can hold in it.
    """

    tables: dict[str, pd.DataFrame]
    quarter: int
    budget: float
    calls: int


def actions(customers=(), action: str = "message", channel=None, detail=None, amount=None) -> pd.DataFrame:
    """A table of one action for several customers; the other arguments are one value or one for each.

    >>> actions(["C1"], "offer", "email", amount=6.0).iloc[0, :3].tolist()
    ['C1', 'offer', 'email']
    """
    told = {"action": action, "channel": channel, "detail": detail, "amount": amount}
    made = pd.DataFrame({"customer_id": pd.array(list(customers), dtype="str")} | told)
    return made.astype({"action": "str", "channel": "str", "detail": "str", "amount": "float64"})


def within(view: View, *plans: pd.DataFrame) -> pd.DataFrame:
    """One plan out of several, the first first, cut where the budget of the quarter ends.

    What a customer can get only once is taken from the first plan that has it.

    >>> view = View({}, quarter=1, budget=3.1, calls=0)
    >>> within(view, actions(["C1"], "tier", detail="plus"), actions(["C1", "C2"], "care", "email"))["action"].tolist()
    ['tier']
    """
    made = pd.concat(plans, ignore_index=True)
    repeated = made["action"].isin(["message", "question", "product"])
    made = made[~made.duplicated(["customer_id", "action", "channel", "detail"])]
    made = made[repeated | ~made.duplicated(["customer_id", "action"])]
    made = made[(made["channel"] != "phone") | (made["channel"].eq("phone").cumsum() <= view.calls)]
    return made[cost(made).cumsum() <= view.budget].reset_index(drop=True)


def cost(made: pd.DataFrame) -> pd.Series:
    """What each action of a plan costs the budget.

    >>> cost(actions(["C1"], "care", "email")).tolist()
    [2.05]
    """
    by_channel = dict(zip(CHANNELS, contacts.COST_OUT, strict=True))
    by_tier = dict(zip(quarters.SERVICE_TIERS, quarters.TIER_COST, strict=True))
    contact, tier = (
        made[name].map(costs).fillna(0.0).astype(float)
        for name, costs in (("channel", by_channel), ("detail", by_tier))
    )
    once = made["action"].map({"care": quarters.GIFT, "complaint": quarters.ANSWER_COST}).astype(float).fillna(0.0)
    return contact + once + tier.where(made["action"] == "tier", 0.0)


def summary(made: pd.DataFrame) -> pd.DataFrame:
    """A plan at a glance: ``action``, ``customers``, ``times`` and ``cost`` in currency.

    >>> summary(actions(["C1", "C2"], "tier", detail="plus"))["cost"].tolist()
    [6.0]
    """
    table = made.assign(cost=cost(made)).groupby("action", as_index=False)
    return table.agg(customers=("customer_id", "nunique"), times=("customer_id", "size"), cost=("cost", "sum"))


def rules() -> pd.DataFrame:
    """What can be done, what it costs and what it takes: ``action``, ``what``, ``cost``, ``takes``.

    >>> rules()["action"].tolist()[:3]
    ['message', 'offer', 'question']
    """
    costs = {
        "post": f"{contacts.COST_OUT[0]:.2f} by e-mail to {contacts.COST_OUT[2]:.2f} on the telephone",
        "gift": f"{quarters.GIFT:.2f} more than the contact",
        "answer": f"{quarters.ANSWER_COST:.2f}",
        "tiers": ", ".join(f"{cost:.2f}" for cost in quarters.TIER_COST),
    }
    rows = [(action, what, cost.format(**costs), takes) for action, what, cost, takes in WORDS["actions"]]
    return pd.DataFrame(rows, columns=["action", "what", "cost", "takes"])


def by_email(tables: dict[str, pd.DataFrame]) -> pd.Index:
    """Customers who may be written to, by what the records that carry a customer number last said.

    Unknown consent is no consent, and an opt-out ends it.

    >>> said = pd.DataFrame({"record_id": ["r"], "customer_id": ["C1"], "updated": ["2025-01-01"], "consent_email": ["yes"]})
    >>> by_email({"source_records": said}).tolist()
    ['C1']
    """
    records = tables["source_records"].dropna(subset=["customer_id", "consent_email"])
    last = records.sort_values(["updated", "record_id"]).drop_duplicates("customer_id", keep="last")
    known = pd.Index(last.loc[last["consent_email"] == "yes", "customer_id"])
    gone = tables["opt_outs"].query("channel == 'email'")["customer_id"] if "opt_outs" in tables else ()
    return known[~known.isin(gone)]


def customers(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Orders, spend and days since the last order of each customer, indexed by customer_id, the largest spend first.

    >>> bought = pd.DataFrame({"customer_id": ["a", "b"], "date": pd.to_datetime(["2025-01-01", "2025-01-11"]), "amount": [5.0, 9.0]})
    >>> customers({"transactions": bought})["silent"].to_dict()
    {'b': 0, 'a': 10}
    """
    bought = tables["transactions"]
    today = bought["date"].max()
    each = bought.groupby("customer_id").agg(
        orders=("date", "nunique"), spend=("amount", "sum"), first=("date", "min"), last=("date", "max")
    )
    each["silent"] = (today - each["last"]).dt.days
    each["rhythm"] = (each["last"] - each["first"]).dt.days / np.maximum(each["orders"] - 1, 1)
    return each.sort_values("spend", ascending=False)


def nobody(view: View) -> pd.DataFrame:
    """Leave everybody alone.

    >>> len(nobody(View({}, quarter=1, budget=0.0, calls=0)))
    0
    """
    return actions()


def everybody(view: View) -> pd.DataFrame:
    """The better service tier and an offer for everybody."""
    known = customers(view.tables).index
    tier = actions(known[: int(0.95 * view.budget // PLUS)], "tier", detail="plus")
    return pd.concat([tier, actions(by_email(view.tables), "offer", "email", amount=OFFERED)])


def equal_treatment(view: View) -> pd.DataFrame:
    """The same news for all who may be written to, three times a quarter."""
    who = by_email(view.tables)
    return pd.concat([actions(who, "message", "email", need) for need in SEGMENTS[:3]])


def best_customers(view: View) -> pd.DataFrame:
    """The better service tier, and a word of thanks, for the fifth that spent most and bought within half a year."""
    known = customers(view.tables)
    best = known[: len(known) // 5].query("silent <= 182").index
    return pd.concat(
        [actions(best, "tier", detail="plus"), actions(best[best.isin(by_email(view.tables))], "care", "email")]
    )


def likely_leavers(view: View) -> pd.DataFrame:
    """An offer for repeat customers who have been silent for more than twice their usual gap."""
    known = customers(view.tables).query("orders > 1 and silent > 2 * rhythm and silent < 365")
    return actions(known.index.intersection(by_email(view.tables)), "offer", "email", amount=OFFERED)


def _asked(view: View, questions, whom: pd.Index, most: int) -> pd.DataFrame:
    """So many questions by e-mail at most, leaving out what has been answered."""
    owners = view.tables["source_records"][["record_id", "customer_id"]].dropna()
    said = view.tables["survey_responses"].merge(owners, on="record_id")
    asked = actions(np.tile(whom, len(questions)), "question", "email", np.repeat(questions, len(whom)))
    known = pd.MultiIndex.from_frame(said[["customer_id", "question_id"]])
    asked = asked[~pd.MultiIndex.from_frame(asked[["customer_id", "detail"]]).isin(known)]
    return asked[asked.groupby("customer_id").cumcount() < most]


def ask_well(view: View) -> pd.DataFrame:
    """Two questions a quarter, those that tell most, to customers who bought within a year."""
    recent = customers(view.tables).query("silent <= 365").index.intersection(by_email(view.tables))
    return _asked(view, TELLING, recent, 2)


def ask_much(view: View) -> pd.DataFrame:
    """Ten questions a quarter of the battery to everybody."""
    return _asked(view, opinions.QUESTIONS, by_email(view.tables), 10)


def ask_by_lot(shop, n_quarters: int = quarters.QUARTERS, random_state: int = 0) -> pd.DataFrame:
    """A trial in the shop: a lot decides who is asked, two telling questions a quarter; all others are left alone.

    Parameters:
        shop (Shop): At its beginning. In the trial is who bought within half a year and may be written to.
    Returns:
        DataFrame: ``customer_id``, ``asked`` (by lot), ``answers`` (how many questions the customer answered in the
            trial) and ``stayed`` (bought in the last half year of it).

    >>> from idic_lab.meridian import open_shop
    >>> with open_shop(seed=1, n=300) as shop:
    ...     trial = ask_by_lot(shop, n_quarters=2)
    >>> bool(trial.loc[~trial["asked"], "answers"].any())
    False
    """
    recent = customers(shop.tables).query("silent <= 182").index.intersection(by_email(shop.tables))
    recent = np.random.default_rng(random_state).permutation(recent)
    asked = pd.Index(recent[: len(recent) // 2])
    before = len(shop.tables["survey_responses"])
    for _ in range(n_quarters):
        shop.next(_asked(shop.view, TELLING, asked.intersection(by_email(shop.tables)), 2))
    said = shop.tables["survey_responses"].iloc[before:]
    said = said[said["question_id"].isin(TELLING)].merge(shop.tables["source_records"], on="record_id")
    late = customers(shop.tables).query("silent < 182").index
    trial = pd.DataFrame({"customer_id": recent, "asked": np.isin(recent, asked)})
    answers = trial["customer_id"].map(said["customer_id"].value_counts()).fillna(0).astype("int64")
    return trial.assign(answers=answers, stayed=trial["customer_id"].isin(late))


def played(ways: dict[str, str], **shop: object) -> dict[str, pd.DataFrame]:
    """One game for each way of acting, all with the same customers and the same chances.

    Parameters:
        ways (dict of str to str): What a way is called, to the name of a policy (:func:`named`).
        **shop: As for :class:`Shop <idic_lab.meridian.Shop>`.
    Returns:
        dict of str to DataFrame: By what the way is called, the quarters as the shop's ``play`` gives them.

    >>> list(played({"left alone": "nobody"}, seed=1, n=100)["left alone"])
    ['quarter', 'cash', 'orders', 'opt_outs']
    """
    from idic_lab.meridian.shop import Shop

    games = {}
    with Shop(**shop) as opened:
        for name, policy in ways.items():
            opened.reset()
            games[name] = opened.play(named(policy))
    return games


# The questions of the battery in which the needs differ most; the survey of needs shows them.
TELLING = ("N01", "N04", "N13", "N07")

POLICIES: dict[str, Callable[[View], pd.DataFrame]] = {
    policy.__name__: policy
    for policy in (nobody, everybody, equal_treatment, best_customers, likely_leavers, ask_well, ask_much)
}


def named(name: str) -> Callable[[View], pd.DataFrame]:
    """A reference policy by its name, or a function of one's own by ``module:function``.

    Raises:
        LabError: When there is no such policy, module or function.

    >>> named("nobody") is nobody
    True
    """
    module, _, function = name.partition(":")
    if not function:
        return pick("policy", name, POLICIES)
    try:
        sys.path.insert(0, "")  # a module of the folder one stands in
        found = importlib.import_module(module)
    except ImportError as error:
        raise DataError(f"The module {module!r} of the policy cannot be imported: {error}") from None
    finally:
        sys.path.remove("")
    own = {key: value for key, value in vars(found).items() if callable(value) and not key.startswith("_")}
    return pick(f"function of {module}", function, own)


def oracle(states: list[State], begin: int, budget: float, calls: int) -> pd.DataFrame:
    """The actions that pay by the planted truth: every gain is an expectation, dearest use of the budget first."""
    found = pd.concat([worth_doing(state, begin) for state in states], ignore_index=True)
    found = found[found["gain"] > 0].sort_values("gain", ascending=False, kind="stable")
    contact = found["channel"].ge(0)
    alone = ~contact | found.groupby(["customer_id", "contact"]).cumcount().lt(3)
    alone &= ~found.duplicated(["customer_id", "action"]) | found["action"].isin([QUESTION])
    found = found[alone].assign(each=lambda rows: rows["gain"] / (rows["cost"] + 0.01))
    found = found.sort_values("each", ascending=False, kind="stable")
    phone = found["channel"] == CHANNELS.index("phone")
    found = found[~phone | (phone.cumsum() <= calls)]
    found = found[found["cost"].cumsum() <= budget]
    action = [quarters.ACTIONS[action] for action in found["action"]]
    channel = [CHANNELS[channel] if channel >= 0 else None for channel in found["channel"]]
    detail = [DETAILS[a][d] if a in DETAILS else None for a, d in zip(action, found["detail"], strict=True)]
    return actions(found["customer_id"], action, channel, detail, found["amount"].to_numpy())


def worth_doing(state: State, begin: int) -> pd.DataFrame:
    """Every action for every person of a block, with what it costs the budget and what it brings on average."""
    block = state.block
    expected = block.buyers.rate * quarters.DAYS
    margin, equity, alive = state.margin(), state.equity(), state.alive
    matters, buys = quarters.service_matters(block), alive * -np.expm1(-expected)

    def stays(shift):
        return np.exp(-expected * state.leaves(shift))

    def mood(shift):  # a mood holds the quarter, and half of it the next
        return 1.4 * equity * (stays(shift) - stays(0.0))

    def lasting(shift):
        return state.equity(shift) - equity + equity * (stays(shift) - stays(0.0))

    rested = np.exp(-block.settings.fatigue * state.recent / 2)[:, None]
    heard = np.where(state.consent, block.reach.response * rested, 0)
    found = []

    def add(action, gain, cost, channel=-1, detail=-1, amount=np.nan):
        told = {"customer_id": block.people.customer_id, "action": action, "gain": gain - cost, "cost": cost}
        told |= {"channel": channel, "detail": detail, "amount": amount, "contact": np.asarray(channel) >= 0}
        found.append(pd.DataFrame(told))

    def add_contact(action, worth_if_heard, extra=0.0, heard=heard, **what):
        worth = heard * np.asarray(worth_if_heard)[:, None] - contacts.COST_OUT - extra
        worth = np.where(state.consent, worth, -np.inf)
        channel = worth.argmax(axis=1)
        cost = contacts.COST_OUT[channel] + extra
        add(action, np.maximum(worth.max(axis=1), -99) + cost, cost, channel, **what)

    kinds = state.kinds(begin)
    here = np.where(alive, 1.0, quarters.BACK_BY_OFFER)
    back = np.where(alive, 0.0, state.equity_if_alive())
    for amount in (3.0, 4.0, 5.0, 6.0):
        moved = kinds[:, quarters.PERSUADABLE] * min((amount - 1) / 5, 1)
        worth = moved * here * (margin - amount + back) - kinds[:, quarters.SURE_THING] * buys * amount
        worth += kinds[:, quarters.SLEEPING_DOG] * (mood(quarters.PUT_OFF) - buys * margin)
        add_contact(OFFER, worth, heard=np.ones_like(heard), amount=amount)
    if block.settings.segments:
        add_contact(MESSAGE, alive * quarters.MOVED_BY_MESSAGE * margin, detail=block.segment)
    favourite = block.lines.taste.argmax(axis=1)
    likes = np.minimum(quarters.ADDED_BY_PRODUCT * block.lines.taste.max(axis=1), 1)
    brought = quarters.ADDED_SIZE * block.buyers.mean_spend * quarters.MARGIN_SHARE
    added = brought - orders.ORDER_HANDLING - orders.DELIVERY / 2
    add_contact(PRODUCT, buys * likes * added, detail=favourite)
    add_contact(CARE, mood(quarters.CARE_MOOD * matters), quarters.GIFT)
    share = quarters.learnt_share(state.learnt, block.settings)
    for question in opinions.telling(block.settings)[1][:4]:
        known = state.learnt.copy()
        known[:, question] = True
        gained = quarters.learnt_share(known, block.settings) - share
        add_contact(QUESTION, lasting(block.settings.learning * gained), detail=question)
    add(COMPLAINT, state.complains * lasting(quarters.ANSWERED - quarters.OPEN_COMPLAINT), quarters.ANSWER_COST)
    for tier in (1, 2):
        add(TIER, mood(quarters.TIER_MOOD[tier] * matters), quarters.TIER_COST[tier], detail=tier)
    intercept, slope, best = (values[block.segment] for values in trials.sensitivities(block.settings))
    best = np.round(best, 1)
    taken = 1 / (1 + np.exp(slope * best - intercept))
    add(PRICE, alive * (state.has_pass == 0) * 0.6 * taken * (best - products.PASS_COST), 0.0, amount=best)
    return pd.concat(found, ignore_index=True)
