"""The campaign and the price tests show the planted effects, and nothing where nothing is planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingRegressor

from idic_lab.meridian import products, simulate, trials
from idic_lab.meridian.draws import stream
from idic_lab.meridian.orders import draw_buyers, draw_orders
from idic_lab.meridian.settings import settings


def difference(results):
    """Difference in conversion between the arms, with its standard error."""
    offer, control = (results.loc[results["arm"] == arm, "converted"] for arm in ("offer", "control"))
    error = np.sqrt(offer.var() / len(offer) + control.var() / len(control))
    return offer.mean() - control.mean(), error


def test_the_average_effect_of_the_campaign_lies_in_its_interval():
    inside = []
    for seed in range(8):
        shop = simulate(n=1_500, seed=seed)
        found, error = difference(shop.tables["campaign_results"])
        inside.append(abs(found - shop.truth["campaign"]["effect"].mean()) < 1.96 * error)
    assert sum(inside) >= 7


def test_without_an_effect_a_test_finds_one_at_its_nominal_rate():
    chosen = settings(campaign_effect=False)
    buyers = draw_buyers(stream(1, 0, "buyers"), 1_000, chosen)
    orders = draw_orders(stream(1, 0, "orders"), buyers, chosen)
    where = np.zeros(len(orders.day), dtype=int)
    ids = pd.array([f"C{number}" for number in range(1_000)], dtype="str")
    rejected = []
    for seed in range(300):
        results, planted = trials.draw_campaign(
            np.random.default_rng(seed), orders, np.full(1_000, 40), where, ids, chosen
        )
        found, error = difference(results)
        rejected.append(abs(found) > 1.96 * error)
    assert not planted["effect"].any()
    assert np.mean(rejected) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 300))


def test_a_learned_policy_earns_most_of_what_the_best_could(big_shop):
    results, planted = big_shop.tables["campaign_results"], big_shop.truth["campaign"]
    assert (results["customer_id"] == planted["customer_id"]).all()
    seen = results[["recency_days", "tenure_days", "orders", "spend", "age"]].assign(
        channel=pd.factorize(results["main_channel"], sort=True)[0]
    )
    profit = results["margin"] - results["contact_cost"]
    learn = np.arange(len(results)) % 2 == 0
    by_arm = [
        HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=12, min_samples_leaf=60, random_state=0)
        .fit(seen[learn & (results["arm"] == arm)], profit[learn & (results["arm"] == arm)])
        .predict(seen[~learn])
        for arm in ("offer", "control")
    ]
    gain = planted["gain"][~learn]
    value = {
        "learned": gain[by_arm[0] > by_arm[1]].sum(),
        "features": gain[planted["treat_by_features"][~learn]].sum(),
        "kind": gain[planted["treat_if_kind_known"][~learn]].sum(),
        "everybody": gain.sum(),
        "best customers": gain[seen["spend"][~learn] > seen["spend"].quantile(0.7)].sum(),
        "likely to leave": gain[seen["recency_days"][~learn] > seen["recency_days"].quantile(0.7)].sum(),
    }
    assert value["learned"] > 0.8 * value["kind"]
    assert value["kind"] > value["features"] > value["learned"]
    assert value["learned"] > 2 * value["everybody"] > 0
    assert value["best customers"] < 0
    assert value["likely to leave"] < 0


def test_the_value_of_the_reference_policies_is_that_of_the_people(shop):
    people, policies = shop.truth["campaign"], shop.truth["campaign_policies"].set_index("policy")
    known = people["gain"].where(people["treat_if_kind_known"], 0).mean()
    assert policies.loc["kind_known", "gain_per_customer"] == pytest.approx(known, abs=1e-5)
    assert policies.loc["everybody", "gain_per_customer"] == pytest.approx(people["gain"].mean(), abs=1e-5)
    assert policies.loc["nobody", "profit_per_customer"] == pytest.approx(people["profit_without"].mean(), abs=1e-5)


def test_the_best_price_of_every_segment_is_recovered(big_shop):
    shown = big_shop.tables["price_tests"].merge(big_shop.truth["people"], on="customer_id")
    for row in big_shop.truth["prices"].itertuples():
        mine = shown[shown["need_segment"] == row.segment]
        design, bought = np.column_stack([np.ones(len(mine)), -mine["price"]]), mine["bought"].to_numpy()
        fit = minimize(lambda v: np.logaddexp(0, design @ v).sum() - bought @ (design @ v), [0.0, 0.2])  # noqa: B023
        chance = 1 / (1 + np.exp(-design @ fit.x))
        cover = np.linalg.inv(design.T @ (design * (chance * (1 - chance))[:, None]))
        draws = np.random.default_rng(0).multivariate_normal(fit.x, cover, 400)
        price = np.arange(4, 30, 0.02)
        profit = (price - products.PASS_COST) / (1 + np.exp(-(draws[:, :1] - draws[:, 1:] * price)))
        low, high = np.quantile(price[profit.argmax(axis=1)], [0.005, 0.995])
        assert low <= row.best_price <= high, row.segment
        assert high - low < 3
