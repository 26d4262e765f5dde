"""From any statements of consent to any contact: nobody is contacted on a channel without a yes that still holds."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as some

from idic_lab import identify, tables
from idic_lab.customize import communication
from idic_lab.interact import care, channels
from idic_lab.monitor import organisation
from idic_lab.monitor import plan as actions
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS

DAY = pd.Timestamp("2025-01-01")
CUSTOMERS = ["C1", "C2", "C3"]
# One record: whose it is, the day of its statements (None: no day is known), and what it says per channel.
records = some.tuples(
    some.sampled_from(CUSTOMERS),
    some.one_of(some.none(), some.integers(0, 3)),
    some.fixed_dictionaries({channel: some.sampled_from(["yes", "no", None]) for channel in CONSENT_CHANNELS}),
)


def told(statements) -> pd.DataFrame:
    """The table ``consents`` that follows from the records."""
    day = [None if when is None else DAY + pd.Timedelta(days=when) for _, when, _ in statements]
    held = pd.DataFrame({"record_id": [f"R{place}" for place in range(len(statements))], "touchpoint": "app"})
    held["created"] = pd.Series(day, dtype="datetime64[us]")
    held["updated"] = held["created"]
    for channel in CONSENT_CHANNELS:
        held[f"consent_{channel}"] = pd.Series([said[channel] for *_, said in statements], dtype="str")
    links = held[["record_id", "touchpoint"]].assign(customer_id=[who for who, *_ in statements])
    return identify.consents(pd.Series(CUSTOMERS, dtype="str"), held, links)


def holds(statements, customer: str, channel: str) -> bool:
    """Consent by the words of the promise: the latest statement is a yes, and no other of that day is a no."""
    made = [(-1 if when is None else when, said[channel]) for who, when, said in statements if who == customer]
    made = [statement for statement in made if statement[1] is not None]
    latest = [word for when, word in made if when == max(day for day, _ in made)] if made else []
    return bool(latest) and "no" not in latest


def next_steps(preferences: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is next for each of the customers, all of whom are worth an action and a manager, with no complaint open."""
    bought = pd.DataFrame({"customer_id": CUSTOMERS, "date": DAY, "amount": 50.0})
    worth = pd.DataFrame(
        {"customer_id": CUSTOMERS, "residual_value": 400.0, "probability_alive": 0.8, "expected_spend": 50.0}
    )
    held = pd.DataFrame({"customer_id": CUSTOMERS, "scheme": "rfm", "segment": "loyal"})
    bought["date"] = [DAY, DAY - pd.Timedelta(days=200), DAY - pd.Timedelta(days=200)]
    facts = actions.customer_facts(bought, worth, channel_preferences=preferences)
    asked = pd.DataFrame({"customer_id": CUSTOMERS, "rank": 1})
    values = actions.action_values(facts, held, next_questions=asked)
    following = actions.next_actions(values)
    pays, nobody = pd.Series({"lift": 0.5, "cost": 1.0}), pd.Series(dtype="str")
    looked_after = organisation.care_plan(facts, worth, following, pays, pays, nobody, portfolio=1, managers=1)
    return {"next_actions": following, "action_values": values, "care_plan": looked_after}


@given(some.lists(records, max_size=8))
def test_the_latest_word_holds_a_no_wins_its_day_and_silence_is_no_consent(statements):
    table = told(statements)
    tables.check("consents", table)
    for row in table[table["channel"].isin(CONSENT_CHANNELS)].itertuples():
        assert row.allowed == holds(statements, row.customer_id, row.channel)


@given(
    some.lists(records, max_size=8),
    some.lists(some.floats(0.05, 0.95), min_size=15, max_size=15),
    some.sampled_from(CHANNELS),
)
def test_no_plan_message_or_greeting_goes_where_there_is_no_consent(statements, liking, by):
    consents = told(statements)
    preferences = consents[["customer_id", "channel", "allowed"]].assign(
        response_rate=liking, preference=liking, best_time="morning"
    )
    costs = pd.DataFrame({"channel": list(CHANNELS), "cost": 0.1})
    past = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "date": pd.Series(dtype="datetime64[us]")})
    plan = channels.contact_plan(preferences, costs, past, start=DAY, weekly_budget=100, weeks=3, cap=3)
    born = pd.DataFrame({"customer_id": CUSTOMERS, "birth_date": DAY}).astype({"birth_date": "datetime64[us]"})
    greetings = care.greetings(preferences, born)
    offers = pd.DataFrame({"customer_id": CUSTOMERS, "made": True})
    values = pd.DataFrame({"customer_id": CUSTOMERS, "stage": "active", "need": None, "category": None})
    messages = communication.offer_messages(offers, values, consents, channel=by)
    free = {*CHANNELS, "none"} - set(CONSENT_CHANNELS)
    made = {"contact_plan": plan, "greetings": greetings, "messages": messages, **next_steps(preferences)}
    for name, table in made.items():
        for customer, channel in set(zip(table["customer_id"], table["channel"], strict=True)):
            assert channel in free or holds(statements, customer, channel), (name, customer, channel)
    reachable = {who for who in CUSTOMERS if by in free or holds(statements, who, by)}
    assert set(messages["customer_id"]) == reachable, "whoever agreed is written to"


def test_the_tables_that_lead_to_a_contact_are_these():
    """A new table with a channel must be added to the property above; the others name no way to reach anybody."""
    leading = {
        name
        for group in ("interact", "customize", "monitor")
        for name in tables.names(group)
        if {"customer_id", "channel"} <= tables.get(name).columns.keys()
    }
    covered = {"contact_plan", "greetings", "messages", "next_actions", "action_values", "care_plan"}
    assert leading == (covered | {"channel_preferences", "feedback"}) & leading
    assert covered <= leading
