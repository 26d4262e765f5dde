"""Organisation: what was planted is found, the fence stands where one more costs what it adds, and care contradicts no plan."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.errors import DataError
from idic_lab.meridian import trials
from idic_lab.meridian.settings import settings
from idic_lab.monitor import organisation


@pytest.fixture(scope="module")
def pilots():
    return meridian.load_tables()["pilots"]


def held(switches: dict) -> pd.Series:
    """Of forty sister shops, in how many the interval of each trial held what was planted."""
    chosen = settings(**switches)
    planted = trials.pilot_truth(chosen).drop_duplicates("pilot").set_index("pilot")["lift"].drop("points")
    kept = []
    for seed in range(40):
        made = trials.draw_pilots(np.random.default_rng(seed), chosen)
        for pilot, lift in planted.items():
            row = organisation.lift(made[made["pilot"] == pilot]).iloc[0]
            kept.append((pilot, row["low"] <= lift <= row["high"]))
    return pd.DataFrame(kept, columns=["pilot", "held"]).groupby("pilot")["held"].mean()


@pytest.mark.parametrize(
    "switches", [{}, {"discovery": False, "managing": False, "recovery": False}], ids=["planted", "nothing planted"]
)
def test_the_interval_holds_what_was_planted(switches):
    assert held(switches).min() >= 0.86


def test_the_sample_shows_what_was_planted(pilots):
    found = organisation.lift(pilots[pilots["pilot"] != "points"], "pilot").set_index("group")
    assert found.loc[["checkup", "manager", "recovery"], "low"].min() > 0
    given = pilots[pilots["pilot"] == "points"]
    halves = organisation.lift(given.assign(worth=given["residual_value"] < trials.LITTLE), "worth").set_index("group")
    assert halves.loc[True, "low"] > 0 > halves.loc[False, "low"]


def test_nobody_tells_of_a_wrong_where_none_was_planted_or_nobody_asked(pilots):
    assert not pilots.loc[~pilots["treated"] | (pilots["pilot"] != "checkup"), "told"].any()
    assert not trials.draw_pilots(np.random.default_rng(1), settings(discovery=False))["told"].any()


def test_a_trial_needs_customers_on_both_sides(pilots):
    with pytest.raises(DataError, match="two customers or more on either side"):
        organisation.lift(pilots[pilots["treated"]])


def test_the_fence_stands_where_one_more_costs_what_it_adds():
    worth = pd.Series(np.arange(1.0, 301.0))
    lift = pd.Series({"lift": 0.05, "low": 0.0, "high": 0.1})
    table = organisation.fence(worth, lift, 6.0)
    assert table.loc[organisation.inside(table) - 1, "worth"] == pytest.approx(6.0 / 0.05, abs=1)
    assert organisation.inside(table, "low") == 0
    nobody = organisation.plot_fence(organisation.fence(worth, lift * 0, 6.0), 50)
    assert nobody.get_title() == "Nobody is worth a manager"


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(4)
    ids = [f"c{number:03d}" for number in range(400)]
    facts = pd.DataFrame({"customer_id": ids, "channel": rng.choice(["email", "phone", "none", "unknown"], 400)})
    facts["complaint"] = rng.random(400) < 0.2
    worth = facts[["customer_id"]].assign(residual_value=rng.gamma(1.0, 120.0, 400))
    action = np.where(facts["complaint"], "recover-complaint-open", rng.choice(["keep", "none", "question"], 400))
    return facts, worth, facts[["customer_id", "channel"]].assign(action=action)


def test_care_contradicts_neither_consent_nor_the_next_action(customers):
    facts, _, actions = customers
    complained = facts.loc[facts["complaint"], "customer_id"]
    rows = pd.Series({"lift": 0.04, "cost": 6.0}), pd.Series({"lift": 0.03, "cost": 2.0})
    care = organisation.care_plan(*customers, *rows, complained, portfolio=20, managers=3)
    known = care.merge(facts, on="customer_id").merge(actions, on="customer_id")
    assert not known["channel_x"].isin(["none", "unknown"]).any() and (known["channel_x"] == known["channel_y"]).all()
    managed, asked = known[known["care"] == "manager"], known[known["care"] == "checkup"]
    assert len(managed) and len(asked) and (managed["first_step"] == managed["action"]).all()
    assert asked["action"].eq("none").all() and not asked["customer_id"].isin(complained).any()
    assert managed.groupby("manager").size().between(1, 20).all() and (care["expected_profit"] > 0).all()
    ordered = managed.sort_values("place").groupby("manager")["complaint"]
    assert ordered.agg(lambda open_: open_.is_monotonic_decreasing).all()


def test_nobody_is_cared_for_where_nothing_pays(customers):
    nothing = pd.Series({"lift": 0.0, "cost": 6.0})
    assert organisation.care_plan(*customers, nothing, nothing, pd.Series(dtype="str")).empty


def test_what_is_owed_is_far_below_face_and_near_what_will_be_redeemed():
    points, truth = meridian.load_tables()["points"], meridian.truth()["redemptions"]
    found = organisation.points_owed(points).set_index("what")
    will = points["redeemed_on"].isna() & truth["redeemed_on"].notna()
    assert found.loc["owed", "value"] == pytest.approx(0.01 * points.loc[will, "points"].sum(), rel=0.15)
    assert found.loc["owed", "high"] < 0.5 * found.loc["owed", "face"]
    assert found.loc["redeemed in the end", "low"] < 0.524 < found.loc["redeemed in the end", "high"]
    with pytest.raises(DataError, match="nobody knows how many"):
        organisation.points_owed(points[points["date"] > points["date"].max() - pd.Timedelta(days=100)])


def test_whoever_came_too_late_to_be_watched_is_not_counted_as_having_stopped():
    day = pd.to_datetime(["2024-01-01", "2024-03-20", "2024-03-21"])
    buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "date": day})
    seen = pd.DataFrame({"record_id": ["r", "s"], "date": day[:2], "event": "checkout"})
    links = pd.DataFrame({"record_id": ["r", "s"], "customer_id": ["a", "b"]})
    path = organisation.path_to_second(buys, seen, links, days=60)
    assert path["customer_id"].tolist() == ["a"] and not path["ordered"].any()
    assert organisation.steps(path)["stop"].tolist() == [0, 1, 0, 0]


def test_a_complaint_drawn_by_lot_is_followed_by_nothing():
    """Complaints given to other customers at random: the intervals of what they buy beyond others hold 0."""
    made = meridian.load_tables()
    buys, talks = made["transactions"], made["interactions"].query("purpose == 'complaint'")
    who, holds = buys["customer_id"].unique(), []
    for seed in range(40):
        drawn = np.random.default_rng(seed).choice(who, len(talks))
        links = pd.DataFrame({"record_id": talks["interaction_id"], "customer_id": drawn})
        table = organisation.after_complaints(talks.assign(record_id=talks["interaction_id"]), links, buys)
        rows = table[table["customers"].ge(30) & table["complaint"].ne("none")]
        holds += ((rows["low"] <= 0) & (rows["high"] >= 0)).tolist()
    assert len(holds) >= 80 and np.mean(holds) >= 0.88


def test_who_complains_bought_more_before_so_only_comparable_customers_tell():
    made = meridian.load_tables()
    owners = meridian.truth()["record_owners"]
    table = organisation.after_complaints(made["interactions"], owners, made["transactions"]).set_index("complaint")
    assert table.loc["settled within 7 days", "before"] > 1.2 * table.loc["none", "before"]
    assert table.loc["settled within 7 days", "low"] < 0 < table.loc["settled within 7 days", "high"]


def test_every_open_complaint_is_answered_by_somebody_and_no_overdue_one_waits_in_the_queue():
    rng = np.random.default_rng(2)
    ids = [f"c{number}" for number in range(200)]
    open_ = pd.DataFrame({"customer_id": ids, "open_complaints": rng.integers(0, 3, 200)})
    open_["longest_open_days"] = rng.integers(0, 400, 200)
    worth = open_[["customer_id"]].assign(residual_value=rng.gamma(1.0, 120.0, 200))
    soon = pd.Series({"lift": 0.04, "cost": 4.0})
    made = tables.check("escalations", organisation.escalations(open_, worth, soon))
    assert set(made["customer_id"]) == set(open_.loc[open_["open_complaints"] > 0, "customer_id"])
    pays, overdue = made["residual_value"] > 100, made["days_open"] > organisation.OVERDUE_DAYS
    assert (made["to"].eq("queue") == (~pays & ~overdue)).all() and (
        made["to"].eq("management") == (pays & overdue)
    ).all()
    assert made.groupby("to")["gain"].agg(lambda gain: gain.is_monotonic_decreasing).all()
