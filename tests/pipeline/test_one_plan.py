"""Contact plan, offers, questions, greetings, care and action plan of one run agree for every customer, in every world."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import datasets, meridian, tables
from idic_lab.dataframes import of_customers
from idic_lab.interact import channels
from idic_lab.monitor import plan
from idic_lab.pipeline import stages
from idic_lab.repository import Repository

PLANNED = [
    "contact_plan",
    "offers",
    "messages",
    "next_questions",
    "greetings",
    "next_actions",
    "action_values",
    "care_plan",
    "action_plan",
]
KNOWN = ("consents", "conversations", "interactions", "identity_links")


def plans(brought: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What a run makes of the tables of a data set: its plans, and what they must keep to; empty what it cannot make."""
    repository = Repository()
    for name, table in brought.items():
        if len(table):
            repository.write(name, table)
    for name in (*PLANNED, *KNOWN):
        if stages.Part(name) in stages.can_be_made(repository.names()):
            stages.build(repository, name)
    return {n: repository.read(n) if repository.has(n) else tables.get(n).empty() for n in (*PLANNED, *KNOWN)}


def shop(n: int = 200, seed: int = 1, **world) -> dict[str, pd.DataFrame]:
    """A small Meridian whose records and needs are known, since they take longest to find and bear on no contradiction."""
    made = meridian.simulate(n, seed, **world)
    truth, brought = made.truth, dict(made.tables)
    links = truth["record_owners"].merge(brought["source_records"][["record_id", "touchpoint"]])
    needs = truth["people"][["customer_id"]].assign(segment=truth["people"]["need_segment"].fillna("all"))
    asked = truth["need_items"].rename(columns={"probability": "share"})
    asked = asked.assign(overall=0.5, difference=asked["share"] - 0.5, marker=False, share_of_customers=0.2)
    return brought | {
        "identity_links": links.assign(probability=1.0, method="single"),
        "segments": needs.assign(scheme="needs"),
        "need_segments": needs.assign(probability=0.7, basis="typing tool"),
        "need_profiles": asked,
    }


def silent(brought: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same shop, where no record says whether the customer may be contacted."""
    records = brought["source_records"]
    return brought | {"source_records": records.assign(**{c: None for c in records if c.startswith("consent_")})}


def content(brought: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same shop, where nobody ever complained."""
    return brought | {"interactions": brought["interactions"].query("purpose != 'complaint'")}


def complaining(brought: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same shop, where nothing that a customer began was ever settled."""
    return brought | {"interactions": brought["interactions"].assign(resolved_on=pd.NaT)}


def journey(seed: int) -> dict[str, pd.DataFrame]:
    """A grocer's year of baskets by household, as in the Complete Journey: no contacts, no consent, and no trial."""
    rng = np.random.default_rng(seed)
    lines = pd.DataFrame(
        {"customer_id": rng.integers(1, 121, 1500).astype(str), "product_id": rng.integers(1, 40, 1500)}
    )
    lines["date"] = pd.Timestamp("2017-01-01") + pd.to_timedelta(rng.integers(0, 365, len(lines)), unit="D")
    lines = lines.assign(amount=rng.gamma(1.0, 3.0, len(lines)).round(2) + 0.01).astype({"product_id": "str"})
    baskets = lines.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    people = pd.DataFrame({"customer_id": lines["customer_id"].unique()})
    return {"transactions": baskets, "demographics": people.assign(age="45-54", income="50-74K")}


WORLDS = {
    "meridian": lambda: shop(),
    "nothing was ever settled": lambda: complaining(shop(seed=2, world="clumpy")),
    "nobody complained, an offer without effect": lambda: content(shop(seed=3, campaign_effect=False)),
    "no trial, no needs": lambda: shop(seed=4, world="one_trait") | {"campaign_results": pd.DataFrame()},
    "nobody was asked for consent": lambda: silent(shop(seed=5)),
    "cdnow": lambda: {"transactions": datasets.load("cdnow_sample", quiet=True).transactions},
    "complete journey": lambda: journey(6),
}
WITHOUT = {
    "nobody complained, an offer without effect": {"complaints", "offers"},
    "no trial, no needs": {"offers", "questions"},
    "nobody was asked for consent": {"offers", "greetings"},
}


@pytest.fixture(scope="module", params=WORLDS)
def run(request):
    return request.param, plans(WORLDS[request.param]())


def ids(table: pd.DataFrame) -> set[str]:
    return set(table["customer_id"])


def pairs(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(table[["customer_id", "channel"]].itertuples(index=False, name=None))


def owed(made) -> set[str]:
    return ids(made["conversations"].query("open_complaints > 0"))


def acting(made) -> pd.DataFrame:
    return made["next_actions"].query("action != 'none'")


def test_nobody_without_known_consent_is_in_any_plan(run):
    made = run[1]
    yes = pairs(made["consents"][made["consents"]["allowed"].eq(True)])
    replies = acting(made)["customer_id"].isin(owed(made))  # an answer to what the customer began needs no consent
    contacts = [made[name] for name in ("contact_plan", "messages", "greetings", "care_plan")]
    assert not set().union(*map(pairs, [*contacts, acting(made)[~replies]])) - yes
    assert not pairs(made["offers"].query("made").assign(channel="email")) - yes
    assert not ids(made["next_questions"]) - {customer for customer, _ in yes}


def test_who_waits_for_an_answer_is_in_nothing_but_the_list_of_answers(run):
    made, waiting = run[1], owed(run[1])
    first = made["next_actions"].set_index("customer_id")["action"]
    assert first[first.index.isin(waiting)].str.startswith("recover").all()
    assert not first[~first.index.isin(waiting)].str.startswith("recover").any()
    others = [made["offers"].query("made"), made["care_plan"].query("care == 'checkup'")]
    others += [made[name] for name in ("contact_plan", "messages", "next_questions", "greetings")]
    assert not set().union(*map(ids, others)) & waiting


def test_offers_are_made_and_written_to_those_whose_next_action_they_are_and_to_nobody_else(run):
    made = run[1]
    given = made["offers"].query("made")
    following = acting(made)
    following = following[following["action"].str.startswith("offer-")]
    assert ids(given) == ids(following) == ids(made["messages"])
    assert set("offer-" + given["offer"]) == set(following["action"]) and following["channel"].eq("email").all()


def test_whoever_is_contacted_has_a_next_action_and_is_told_it_on_its_channel(run):
    made, contacts = run[1], run[1]["contact_plan"]
    told = contacts.merge(acting(made))  # by customer, action and channel
    assert len(told) == len(contacts) and not contacts["customer_id"].duplicated().any()
    assert contacts.empty or "action" in contacts
    asked = acting(made).query("action == 'question'")
    assert ids(asked) <= ids(made["next_questions"])


def test_the_contacts_keep_to_budget_and_cap(run):
    made = run[1]
    past = of_customers(made["interactions"].query("direction == 'outbound'"), made["identity_links"])
    channels.check_plan(made["contact_plan"], made["consents"], past, weekly_budget=150, cap=2)
    if len(made["contact_plan"]):  # a greeting that falls into the four weeks is a contact like another
        start = made["interactions"]["date"].max()
        days = {f"{day:%m-%d}" for day in pd.date_range(start + pd.Timedelta(days=1), periods=28)}
        coming = made["greetings"][made["greetings"]["day"].isin(days)][["customer_id"]].assign(date=start)
        both = pd.concat([past[["customer_id", "date"]], coming])
        channels.check_plan(made["contact_plan"], made["consents"], both, weekly_budget=150, cap=2)


def test_care_begins_with_the_next_action_and_checkups_go_to_those_who_have_none(run):
    care = run[1]["care_plan"].merge(run[1]["next_actions"], on="customer_id")
    managed, checked = (care[care["care"] == kind] for kind in ("manager", "checkup"))
    assert len(care) == len(run[1]["care_plan"]) and (managed["first_step"] == managed["action"]).all()
    assert checked["action"].eq("none").all()
    acts = managed[managed["action"] != "none"]
    assert (acts["channel_x"] == acts["channel_y"]).all()


def test_the_totals_of_the_plan_are_its_next_actions(run):
    plan = run[1]["action_plan"].set_index("action_id")["counted_customers"]
    following = acting(run[1]).query("action != 'question'")["action"].value_counts()
    assert plan[plan > 0].to_dict() == following.to_dict()


def test_the_next_action_is_the_best_of_what_may_be_done_and_everything_else_says_why_not(run):
    values, made = run[1]["action_values"], run[1]
    open_, chosen = values[values["place"] > 0], values[values["place"] == 1].set_index("customer_id")
    assert chosen.index.is_unique and set(chosen.index) == ids(made["next_actions"])
    assert values["why"].str.len().gt(0).all()
    assert chosen["action"].to_dict() == made["next_actions"].set_index("customer_id")["action"].to_dict()
    first = chosen["action"].str.partition("-")[0].reindex(open_["customer_id"]).to_numpy()
    least = open_["customer_id"].map(chosen["value"].fillna(0.0))
    tried = np.isin(first, ["recover", "offer"])  # what is owed and what a trial has shown come before any promise
    assert (open_["value"].fillna(0.0) <= least + 1e-9)[~tried].all()
    assert (open_.loc[(open_["place"] == 1) & ~open_["action"].str.startswith("recover"), "value"].fillna(0) >= 0).all()


def test_no_alternative_is_open_to_who_has_not_agreed_to_its_channel(run):
    made = run[1]
    open_ = made["action_values"].query("place > 0 and action != 'none'")
    open_ = open_[~(open_["action"].str.startswith("recover") & open_["customer_id"].isin(owed(made)))]
    assert not pairs(open_) - pairs(made["consents"][made["consents"]["allowed"].eq(True)])
    assert made["action_values"].query("place == 0")["channel"].eq("none").all()


def test_a_play_goes_only_by_the_channels_that_it_names(run):
    carried = {play.name: play.channels for play in plan.PLAYS if play.channels}
    for action, channel in acting(run[1])[["action", "channel"]].itertuples(index=False):
        assert channel in carried.get(action.partition("-")[0], (channel,))


def test_the_worlds_have_what_could_contradict(run):
    name, made = run
    acts = acting(made)
    has = {
        "contacts": len(made["contact_plan"]) > 20,
        "offers": made["offers"]["made"].any(),
        "questions": acts["action"].eq("question").any(),
        "complaints": bool(owed(made)),
        "greetings": len(made["greetings"]) > 20,
        "care": len(made["care_plan"]) > 0,
    }
    expected = set(has) if name in ("cdnow", "complete journey") else WITHOUT.get(name, set())
    assert {thing for thing, there in has.items() if not there} == expected
