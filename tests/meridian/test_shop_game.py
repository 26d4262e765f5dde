"""The shop answers: a plan moves what it is about and nothing else, breaks no rule, and is worth what is planted."""

import signal

import numpy as np
import pandas as pd
import pytest

from idic_lab.errors import LabError
from idic_lab.meridian import game, open_shop, plots, policies, simulate
from idic_lab.meridian.game import as_plan
from idic_lab.meridian.policies import actions

N, SEED = 400, 11


@pytest.fixture(scope="module")
def begun():
    return game.World(N, SEED)


@pytest.fixture(scope="module")
def customers(begun):
    return begun.ids


def test_an_empty_plan_gives_what_the_simulator_gives_for_a_longer_history():
    longer = simulate(N, SEED, n_quarters=2)
    with open_shop(seed=SEED, n=N) as shop:
        shop.next()
        shop.next(actions())
        assert shop.tables.keys() == longer.tables.keys() | {"opt_outs"}
        for name, data in longer.tables.items():
            pd.testing.assert_frame_equal(shop.tables[name], data)


def test_a_longer_history_begins_with_the_two_years():
    whole, longer = simulate(N, SEED), simulate(N, SEED, n_quarters=1)
    for name, data in whole.tables.items():
        pd.testing.assert_frame_equal(longer.tables[name].iloc[: len(data)], data)


@pytest.mark.parametrize("world", ["regular", "clumpy", "silent", "seasonal", "drifting", "one_trait"])
def test_the_shop_opens_in_every_world(world):
    made = game.World(120, 2, world=world)
    made.next(made.oracle())
    assert made.number == 1


def test_whoever_is_left_alone_does_the_same_whatever_is_done_for_others(begun, customers):
    treated = customers[::3]
    alone, acted = begun.again(), begun.again()
    plan = pd.concat([actions(treated, "tier", detail="premium"), actions(treated, "offer", "in_person", amount=6.0)])
    for _ in range(3):
        quiet, loud = alone.next(), acted.next(plan)
    columns = ["customer_id", "date", "amount", "channel"]
    others = [made["transactions"][columns] for made in (quiet, loud)]
    others = [made[~made["customer_id"].isin(treated)].reset_index(drop=True) for made in others]
    pd.testing.assert_frame_equal(*others)
    cash = acted.cash - alone.cash
    assert (cash[~customers.isin(treated)] == 0).all() and (cash[customers.isin(treated)] != 0).any()


def test_the_costs_of_a_quarter_add_up_to_its_cash(begun):
    made = begun.again()
    seen = made.next(made.oracle())
    assert seen["costs"]["amount"].sum() == pytest.approx(made.cash.sum())


def test_a_contact_without_consent_is_fined_and_an_opt_out_is_kept(begun, customers):
    made = begun.again()
    seen = made.next(actions(customers, "message", "social", "economy"))
    state = made.states[0]
    refused = ~state.block.consent[:, 1]
    costs = seen["costs"].set_index("activity")
    assert costs.loc["fines for contacts without consent", "times"] == refused.sum() > 0
    assert set(customers[refused]) <= set(seen["opt_outs"]["customer_id"])
    assert not made.states[0].consent[refused, 1].any()


def test_an_answered_complaint_is_no_longer_open(begun, customers):
    made = begun.again()
    waiting = made.states[0].complains
    assert waiting.sum() > 3
    made.next(actions(customers[waiting], "complaint"))
    said = made.tables["interactions"]
    before = said["date"] <= begun.tables["transactions"]["date"].max()
    owner = made.tables["source_records"].set_index("record_id")["customer_id"]
    complaints = said[before & said["purpose"].eq("complaint") & said["direction"].eq("inbound")]
    mine = complaints["record_id"].map(owner).isin(customers[waiting])
    assert complaints.loc[mine, "resolved_on"].notna().all()


def test_who_was_asked_stays_longer_and_not_when_the_learning_is_switched_off():
    def gained(**switches):
        opened = game.World(N, SEED, **switches)
        alone = game.played(policies.nobody, world=opened.again(), n_quarters=4)
        asked = game.played(policies.ask_well, world=opened.again(), n_quarters=4)
        return asked.score()["equity_change"] - alone.score()["equity_change"]

    assert gained() > 1000
    assert abs(gained(learning=False)) < 500


def test_the_reference_policies_end_in_the_order_that_is_planted():
    names = ["ask_well", "best_customers", "likely_leavers", "nobody", "everybody"]
    opened = game.World(seed=1997)
    games = {name: game.played(policies.POLICIES[name], world=opened.again()) for name in [*names, "ask_much"]}
    score = {name: made.score()["score"] for name, made in games.items()}
    assert [*sorted(names, key=score.get, reverse=True)] == names
    assert game.played("oracle", world=opened).score()["score"] > 2 * max(score.values())
    assert score["ask_much"] < score["ask_well"]


def test_the_same_plans_in_another_fortune_are_worth_much_the_same_and_not_the_same(begun):
    table = game.standing([policies.best_customers(begun.view)], begun, n_fortunes=4).set_index("policy")
    mine = table.loc["your plans"]
    assert mine["low"] < mine["gain"] < mine["high"]
    assert table.loc["oracle", "score"] == table["score"].max()


def hostile(customers):
    one = customers[:1]
    yield "truth", lambda: actions(one, "care", "email").assign(need_segment="economy")
    yield "a date in the future", lambda: actions(one, "care", "email").assign(date=pd.Timestamp("2030-01-01"))
    yield "another seed", lambda: actions(one, "care", "email").assign(seed=1)
    yield "an infinite discount", lambda: actions(one, "offer", "email", amount=np.inf)
    yield "a negative price", lambda: actions(one, "price", amount=-5.0)
    yield "a price of nothing known", lambda: actions(one, "price")
    yield "a discount that is no number", lambda: actions(one, "offer", "email", amount=np.nan)
    yield "a huge discount", lambda: actions(one, "offer", "email", amount=1e9)
    yield "the same customer twice", lambda: actions(list(one) * 2, "tier", detail="plus")
    yield "two tiers", lambda: pd.concat([actions(one, "tier", detail=tier) for tier in ("plus", "premium")])
    yield "two offers", lambda: pd.concat([actions(one, "offer", place, amount=6.0) for place in ("email", "phone")])
    yield "nobody's number", lambda: actions(["C9999999"], "care", "email")
    yield "no customer", lambda: actions([None], "care", "email")
    yield "no action", lambda: actions(one, "care", "email").drop(columns="action")
    yield "an unknown action", lambda: actions(one, "gift", "email")
    yield "an unknown channel", lambda: actions(one, "care", "pigeon")
    yield "no channel", lambda: actions(one, "care")
    yield "a channel for a tier", lambda: actions(one, "tier", "email", "plus")
    yield "an unknown need", lambda: actions(one, "message", "email", "luxury")
    yield "more than the budget", lambda: actions(customers, "tier", detail="premium")
    yield "more than the telephone", lambda: actions(customers, "care", "phone")
    yield "daily letters", lambda: pd.concat([actions(one, "question", "email", f"N{n:02d}") for n in range(1, 15)])
    yield "a huge table", lambda: pd.concat([actions(customers, "message", "email", "economy")] * 20)
    yield "no table", lambda: {"customer_id": list(one)}
    yield "code in a column", lambda: actions(one, "care", "email").assign(detail=pd.Series([object()]))
    yield "text for money", lambda: actions(one, "offer", "email").assign(amount="six")


@pytest.fixture(scope="module")
def shop():
    with open_shop(seed=SEED, n=N) as opened:
        yield opened


@pytest.mark.parametrize("number", range(26))
def test_a_plan_that_breaks_a_rule_is_refused_and_the_quarter_waits(shop, customers, number):
    name, plan = list(hostile(customers))[number]
    with pytest.raises(LabError) as refused:
        shop.next(plan())
    assert len(str(refused.value)) > 20, name
    assert shop.view.quarter == 1


def test_a_refusal_names_the_nearest_right_word(begun, customers):
    with pytest.raises(LabError, match="Did you mean 'economy'"):
        as_plan(actions(customers[:1], "message", "email", "econmy"), customers, 100.0, 10)


def test_the_shop_holds_no_truth_where_the_player_is(shop):
    held = {name: value for name, value in vars(shop).items() if name != "tables"}
    assert held.keys() == {"folder", "_process", "_end", "_view"}
    known = set(simulate(120, 1).tables) | {"opt_outs"}
    assert set(shop.tables) <= known


def test_a_killed_game_goes_on_where_it_was(tmp_path):
    with open_shop(seed=None, n=120, folder=tmp_path) as shop:
        plan = policies.best_customers(shop.view)
        shop.next(plan)
        before = shop.tables["transactions"]
        shop._process.send_signal(signal.SIGKILL)
        shop._process.wait()
        with pytest.raises(LabError, match="open the shop again"):
            shop.next()
    with open_shop(seed=None, n=120, folder=tmp_path) as again:
        assert again.view.quarter == 2
        pd.testing.assert_frame_equal(again.tables["transactions"], before)
    with pytest.raises(LabError, match="another game"):
        open_shop(seed=5, n=120, folder=tmp_path)


def test_it_steps_as_gymnasium_does():
    with open_shop(seed=1, n=120) as shop:
        view, _ = shop.reset()
        total, over = 0.0, False
        while not over:
            view, reward, over, cut, _ = shop.step(policies.nobody(view))
            total += reward
        assert total > 0 and not cut
        with pytest.raises(LabError, match="8 quarters"):
            shop.step(None)


def test_a_league_plays_the_plans_again_and_names_what_it_cannot(tmp_path):
    for player, policy in {"asks": policies.ask_well, "waits": policies.nobody}.items():
        with open_shop(seed=SEED, n=N, folder=tmp_path / player) as shop:
            for _ in range(2):
                shop.next(policy(shop.view))
    (tmp_path / "cheats").mkdir()
    (tmp_path / "cheats" / "game.json").write_text('{"seed": 11, "n": 400}')
    (tmp_path / "cheats" / "quarter_1.parquet").write_bytes(b"not a table")
    table = game.league(tmp_path, n_fortunes=2).set_index("player")
    assert table.loc["asks", "of_possible"] > table.loc["waits", "of_possible"] == 0
    assert table.loc["cheats", "note"].startswith("not counted") and np.isnan(table.loc["cheats", "gain"])


def test_policies_that_learn_from_the_trial_make_offers_to_some_and_not_to_all(begun):
    import runpy

    learn = runpy.run_path("studies/shop_policies.py")
    made = {name: learn[name](begun.view).query("action == 'offer'") for name in ("learnt", "by_segment")}
    mail = policies.by_email(begun.tables)
    assert all(0 < len(plan) < len(mail) for plan in made.values())
    assert not made["learnt"]["customer_id"].isin(made["by_segment"]["customer_id"]).all()


def test_a_plan_without_an_action_costs_nothing_and_can_be_drawn():
    view = policies.View({}, quarter=1, budget=3.0, calls=0)
    assert policies.cost(policies.within(view, actions())).tolist() == []
    assert "costs 0 of the 3" in plots.plot_plan(view, []).get_title()
