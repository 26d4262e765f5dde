"""The portfolio: exact costs, planted tiers found, honest answers where tables are missing."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from idic_lab import datasets, meridian, tables
from idic_lab.differentiate import behaviour, clv, needs, portfolio
from idic_lab.errors import DataError


def customer_value(transactions):
    summary = clv.summarise(transactions, unit_days=7)
    return clv.value(clv.fit(summary, model="bg_nbd"), clv.fit(summary, model="gamma_gamma"), summary)


@pytest.fixture(scope="module")
def shop():
    return meridian.simulate(2_000, seed=21)


@pytest.fixture(scope="module")
def made(shop):
    """Everything the stage makes, on Meridian."""
    links, data = shop.truth["record_owners"], shop.tables
    worth = customer_value(data["transactions"])
    so_far = portfolio.value_to_date(
        data["transactions"], data["order_lines"], data["products"], data["cost_rates"], data["interactions"], links
    )
    purses = portfolio.known_wallets(data["transactions"], worth, data["survey_responses"], links)
    values = portfolio.values(so_far, worth, purses.table)
    return {"so_far": so_far, "purses": purses, "values": values, "tiers": portfolio.tiers(values)}


def test_profit_is_what_the_simulator_booked_to_the_cent(shop, made):
    both = made["so_far"].merge(shop.truth["people"], on="customer_id", suffixes=("", "_planted"))
    assert np.allclose(both["past_value"], both["profit"], atol=0.011)
    assert np.allclose(both["cost_to_serve"], both["cost_to_serve_planted"], atol=0.011)


def test_customers_below_zero_are_found(shop, made):
    both = made["tiers"].merge(shop.truth["people"], on="customer_id", suffixes=("", "_planted"))
    found, planted = both["tier"].eq("below zero"), both["profit"].lt(0)
    assert planted.mean() >= 0.08
    assert (found & planted).sum() / found.sum() >= 0.8
    assert (found & planted).sum() / planted.sum() >= 0.8


def test_the_most_growable_overlap_the_planted_ones_clearly_beyond_chance(shop, made):
    both = made["tiers"].merge(shop.truth["people"], on="customer_id", suffixes=("", "_planted"))
    hits = int((both["most_growable"] & both["most_growable_planted"]).sum())
    low = binomtest(hits, int(both["most_growable"].sum())).proportion_ci(method="wilson").low
    assert low > 2 * both["most_growable_planted"].mean()


def test_wallets_estimated_out_of_sample_beat_the_median_answer(made):
    purses = made["purses"]
    assert purses.median_factor < purses.baseline_factor
    assert purses.r_squared > 0.2
    assert purses.table["share_of_wallet"].between(0, 1).all()
    answered = purses.table["wallet_basis"].eq("answered").sum()
    assert answered == len(purses.held_out)


def test_wallets_that_have_nothing_to_do_with_purchases_are_not_predicted(shop):
    data, links = shop.tables, shop.truth["record_owners"]
    answers = data["survey_responses"].copy()
    asked = answers["question_id"].eq("WALLET")
    answers.loc[asked, "answer"] = np.random.default_rng(0).permutation(answers.loc[asked, "answer"])
    found = portfolio.known_wallets(data["transactions"], customer_value(data["transactions"]), answers, links)
    assert found.r_squared < 0.05


def test_who_spends_far_more_than_anybody_asked_is_guessed_no_wallet_beyond_their_answers(shop, made):
    data, links = shop.tables, shop.truth["record_owners"]
    purses = made["purses"].table.set_index("customer_id")
    who = purses.index[purses["wallet_basis"].eq("estimated") & purses["spend_here"].gt(100)][0]
    orders = data["transactions"].copy()
    orders.loc[orders["customer_id"].eq(who), "amount"] *= 50
    found = portfolio.known_wallets(orders, customer_value(orders), data["survey_responses"], links)
    own = found.table.set_index("customer_id").loc[who]
    assert own["category_spend"] <= max(own["spend_here"], found.held_out["answered"].max()) * (1 + 1e-9)


def test_tiers_follow_their_order_and_cover_everybody(made):
    tiers = made["tiers"]
    tables.check("portfolio", tiers)
    assert tiers["tier"].eq("most valuable").sum() == 400
    assert tiers.loc[tiers["tier"].eq("below zero"), "past_value"].max() < 0
    assert tiers.loc[tiers["tier"].ne("below zero"), "past_value"].min() >= 0
    growable = tiers[tiers["tier"].eq("most growable")]
    assert growable["most_growable"].all()
    summary = portfolio.tier_summary(tiers)
    assert summary["customers"].sum() == 2_000
    assert summary["past_value"].sum() == pytest.approx(tiers["past_value"].sum())


def test_a_balance_below_zero_is_told_apart_from_what_is_to_come(made):
    apart = portfolio.past_and_future(made["tiers"])
    owing = apart[apart["so_far"].eq("below zero")].set_index("to_come")
    assert owing["customers"].sum() == made["tiers"]["tier"].eq("below zero").sum()
    assert owing.loc["zero or more", "customers"] > owing.loc["below zero", "customers"]
    assert owing["past_value"].lt(0).all() and owing.loc["zero or more", "actual_value"] > 0


def test_value_per_head_may_differ_where_the_mix_of_tiers_does_not():
    rng = np.random.default_rng(0)
    people = [str(i) for i in range(600)]
    needs_of = pd.DataFrame({"customer_id": people, "segment": np.repeat(["x", "y"], 300)})
    worth = rng.gamma(2.0, 10.0, 600) * np.repeat([1.0, 2.0], 300)
    held = pd.DataFrame({"customer_id": people, "tier": rng.choice(["migrator", "most valuable"], 600)})
    grid = portfolio.needs_by_value(needs_of, held.assign(actual_value=worth))
    assert grid.p_value > 0.05 > grid.p_per_head
    heads = grid.per_head.set_index("segment")["value"]
    assert heads["y"] > 1.5 * heads["x"]


def test_cut_offs_move_customers_between_tiers(made):
    grid = portfolio.cutoffs(made["values"], (0.1, 0.2), (0.15,))
    most = grid[grid["tier"].eq("most valuable")].set_index("most_valuable_share")["customers"]
    assert most.to_dict() == {0.1: 200, 0.2: 400}
    with pytest.raises(DataError, match="between 0 and 1"):
        portfolio.tiers(made["values"], most_valuable_share=20)


def test_transactions_alone_give_values_and_say_what_is_missing():
    transactions = datasets.load("cdnow_sample", quiet=True).tables["transactions"]
    so_far = portfolio.value_to_date(transactions, margin=0.3)
    tiers = portfolio.tiers(portfolio.values(so_far, customer_value(transactions)))
    assert len(tiers) == transactions["customer_id"].nunique()
    assert set(tiers["tier"]) == {"most valuable", "migrator"}
    assert tiers["wallet_basis"].eq("unknown").all()
    assert tiers["strategic_value"].isna().all()


def test_a_customer_with_returns_only_is_below_zero_and_not_lost():
    buys = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c"],
            "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-05", "2024-03-01", "2024-02-02"]),
            "amount": [10.0, 12.0, 20.0, 5.0, -8.0],
        }
    )
    worth = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "probability_alive": [0.5, 0.5],
            "expected_purchases": [2.0, 2.0],
            "expected_spend": [10.0, 10.0],
        }
    )
    tiers = portfolio.tiers(portfolio.values(portfolio.value_to_date(buys), worth)).set_index("customer_id")
    assert tiers.loc["c", "tier"] == "below zero"
    with pytest.raises(DataError, match="lacks 1 customers"):
        portfolio.values(portfolio.value_to_date(buys), worth[:1])


def test_a_cost_that_is_not_understood_is_refused_and_not_lost(shop):
    odd = pd.DataFrame({"activity": ["gift_wrap"], "rate": [1.0], "unit": ["currency per order"]})
    with pytest.raises(DataError, match="gift_wrap"):
        portfolio.value_to_date(shop.tables["transactions"], cost_rates=odd)


def test_accounts_are_worth_what_was_charged_to_them(shop):
    data = shop.tables
    accounts = portfolio.account_values(data["transactions"], data["account_roles"], shop.truth["record_owners"])
    charged = data["transactions"].dropna(subset="account_id")["amount"].sum()
    assert accounts.drop_duplicates("account_id")["account_value"].sum() == pytest.approx(charged)
    assert accounts["ordered"].sum() == pytest.approx(charged)
    influencers = accounts[accounts["role"].eq("influencer")]
    assert influencers["ordered"].eq(0).all()
    assert influencers["account_value"].gt(0).any()
    assert portfolio.account_values(data["transactions"]).empty


def test_unrelated_needs_and_values_show_no_relation_and_planted_ones_do():
    rng = np.random.default_rng(0)
    people = [str(i) for i in range(1_000)]
    tier = rng.choice(["most valuable", "migrator"], 1_000)
    held = pd.DataFrame({"customer_id": people, "tier": tier, "actual_value": 1.0})
    unrelated = pd.DataFrame({"customer_id": people, "segment": rng.choice(["x", "y"], 1_000)})
    related = unrelated.assign(segment=np.where((tier == "migrator") & (rng.random(1_000) < 0.7), "x", "y"))
    assert portfolio.needs_by_value(unrelated, held).p_value > 0.05
    grid = portfolio.needs_by_value(related, held)
    assert grid.p_value < 1e-6
    assert grid.customers.to_numpy().sum() == 1_000


def test_the_words_of_the_trade_keep_to_their_rules(shop, made):
    kinds = behaviour.behaviour_segments(behaviour.rhythm(shop.tables["transactions"]))
    words = portfolio.trade_segments(made["tiers"], kinds)
    tables.check("segments", needs.scheme_rows(words, "trade"))
    both = words.merge(made["tiers"], on="customer_id").merge(kinds, on="customer_id", suffixes=("", "_kind"))
    loyal = both[both["segment"].isin(["loyal", "loyal and high-value"])]
    assert len(loyal)
    assert loyal["share_of_wallet"].ge(0.5).all()
    assert loyal["segment_kind"].ne("lapsed").all()
    assert both[both["segment"].eq("potential")]["most_growable"].all()


def test_plots_need_what_they_draw(made):
    unknown = made["tiers"].assign(growth_potential=np.nan)
    assert "Too few were asked" in portfolio.plot_actual_and_strategic(unknown).get_title()
    ax = portfolio.plot_whale_curve(made["so_far"])
    below = made["so_far"]["past_value"].lt(0).mean()
    assert f"{below:.0%} of customers take back" in ax.get_title(loc="left") + ax.get_title()
