"""Reviews, costs, wallets and baskets carry what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from meridian_links import owned
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from idic_lab.meridian import simulate


def test_a_bag_of_words_reads_reviews_but_not_sarcasm(big_shop):
    reviews = big_shop.tables["reviews"].merge(big_shop.truth["review_sentiment"], on="review_id")
    assert reviews["sarcastic"].mean() == pytest.approx(0.05, abs=0.01)
    reviews = reviews[reviews["stars"] != 3]
    good, test = (reviews["stars"] > 3).to_numpy(), np.arange(len(reviews)) % 4 == 0
    words = TfidfVectorizer().fit(reviews["text"][~test])
    model = LogisticRegression(C=5).fit(words.transform(reviews["text"][~test]), good[~test])
    right = model.predict(words.transform(reviews["text"][test])) == good[test]
    assert right.mean() > 0.85
    assert right[reviews["sarcastic"][test]].mean() < 0.2
    plain = ~reviews["negated"][test] & ~reviews["sarcastic"][test]
    assert right[plain].mean() > right[reviews["negated"][test]].mean()


def profits(shop):
    """Profit per customer from the observed tables and the links behind records."""
    rates = shop.tables["cost_rates"].set_index("activity")["rate"]
    cost = shop.tables["products"].set_index("product_id")["unit_cost"]
    lines, orders = shop.tables["order_lines"], shop.tables["transactions"]
    goods = lines["quantity"] * lines["product_id"].map(cost)
    back = lines["quantity"] < 0
    lost = np.where(back, rates["return_write_down"] * -goods + rates["return_handling"], 0)
    margin = (lines["amount"] - goods - lost).groupby(lines["customer_id"]).sum()
    fees = rates["order_handling"] + rates["delivery"] * orders["delivery_days"].notna()
    fees = fees.groupby(orders["customer_id"]).sum()
    contacts = owned(shop, "interactions").groupby("customer_id")["cost"].sum()
    return margin - fees - contacts.reindex(margin.index, fill_value=0)


def test_profit_follows_from_the_observed_tables(shop):
    people = shop.truth["people"].set_index("customer_id")
    assert np.allclose(profits(shop).reindex(people.index), people["profit"], atol=0.02)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_tenth_or_so_of_customers_cost_more_than_they_bring(seed):
    below = simulate(n=2_000, seed=seed).truth["people"]["below_zero"].mean()
    assert 0.08 <= below <= 0.15


def test_share_of_wallet_is_spend_here_over_category_spend(shop):
    people = shop.truth["people"].set_index("customer_id")
    orders = shop.tables["transactions"]
    recent = orders[orders["date"] > "2024-12-29"].groupby("customer_id")["amount"].sum()
    assert np.allclose(people["spend_here"], recent.reindex(people.index, fill_value=0), atol=0.01)
    said = owned(shop, "survey_responses").query("question_id == 'WALLET'").set_index("customer_id")["answer"]
    true = people["category_spend"].reindex(said.index)
    assert len(said) > 400
    assert np.corrcoef(np.log(said), np.log(true))[0, 1] > 0.9


def test_planted_complements_are_bought_together(big_shop):
    lines = big_shop.tables["order_lines"].query("quantity > 0")
    basket = pd.crosstab(lines["order_id"], lines["product_id"]).gt(0)
    share = basket.mean()
    for pair in big_shop.truth["complements"].itertuples():
        together = (basket[pair.product_id] & basket[pair.complement_id]).mean()
        assert together > 3 * share[pair.product_id] * share[pair.complement_id]


def test_similar_buyers_recommend_better_than_popularity(shop):
    lines = shop.tables["order_lines"].query("quantity > 0")
    past = pd.crosstab(*lines.loc[lines["date"] < "2025-07-01", ["customer_id", "product_id"]].to_numpy().T)
    new = pd.crosstab(*lines.loc[lines["date"] >= "2025-07-01", ["customer_id", "product_id"]].to_numpy().T)
    everything = sorted(set(lines["product_id"]))
    past, new = (table.reindex(columns=everything, fill_value=0).gt(0) for table in (past, new))
    both = past.index.intersection(new.index)
    seen, bought = past.loc[both].to_numpy(dtype=float), new.loc[both].to_numpy()
    all_seen = past.to_numpy(dtype=float)
    size = np.sqrt(all_seen.sum(axis=0)).clip(1)
    similar = all_seen.T @ all_seen / np.outer(size, size)
    np.fill_diagonal(similar, 0)

    def recall(scores):
        top = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        return (np.take_along_axis(bought, top, axis=1).sum(axis=1) / bought.sum(axis=1)).mean()

    assert recall(seen @ similar) > 1.3 * recall(np.tile(all_seen.sum(axis=0), (len(both), 1)))
