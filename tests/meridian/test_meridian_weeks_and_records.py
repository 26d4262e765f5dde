"""The weekly changes, the accounts and the records behind each person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from meridian_links import owned

from idic_lab.meridian import draws, simulate


def weekly(shop):
    """Basket share of visits without a checkout, and mean delivery days, per week."""
    visits = shop.tables["web_events"].groupby("session_id").agg(date=("date", "first"), events=("event", frozenset))
    browsing = visits[~visits["events"].map(lambda events: "checkout" in events)]
    filled = browsing["events"].map(lambda events: "basket" in events)
    orders = shop.tables["transactions"].dropna(subset=["delivery_days"])
    start = draws.START.astype("datetime64[us]")
    return (
        filled.groupby((browsing["date"] - start).dt.days // 7).mean(),
        orders.groupby((orders["date"] - start).dt.days // 7)["delivery_days"].mean(),
    )


def test_the_step_and_the_drift_are_in_the_weekly_figures(shop):
    baskets, delivery = weekly(shop)
    planted = shop.truth["weekly_changes"].set_index("figure")
    week = (planted["starts"] - pd.Timestamp("2024-01-01")).dt.days // 7
    step, drift = week["basket_share"], week["delivery_days"]
    assert baskets.loc[: step - 1].mean() == pytest.approx(planted.loc["basket_share", "before"], abs=0.03)
    assert baskets.loc[step:].mean() == pytest.approx(planted.loc["basket_share", "after"], abs=0.03)
    # four weeks are enough to see either change
    assert baskets.loc[step : step + 3].mean() > baskets.loc[: step - 1].mean() + 3 * baskets.loc[: step - 1].std() / 2
    assert delivery.loc[drift : drift + 4].mean() > 3 + 3 * delivery.loc[: drift - 1].std() / 2
    assert delivery.loc[drift + 16 :].mean() == pytest.approx(planted.loc["delivery_days", "after"], abs=0.1)


def test_without_weekly_changes_the_figures_stay_level():
    shop = simulate(n=2_000, seed=6, weekly_changes=False)
    assert shop.truth["weekly_changes"].empty
    for figure, change in zip(weekly(shop), (59, 74), strict=True):
        before, after = figure.loc[: change - 1], figure.loc[change:]
        error = np.sqrt(before.var() / len(before) + after.var() / len(after))
        assert abs(after.mean() - before.mean()) < 3 * error


def test_accounts_have_one_decision_maker_and_orders_of_their_people(shop):
    roles = shop.tables["account_roles"]
    counts = pd.crosstab(roles["account_id"], roles["role"])
    assert (counts["decision_maker"] == 1).all()
    assert counts["user"].min() >= 1
    assert counts["influencer"].min() >= 1
    members = set(shop.truth["account_members"][["account_id", "customer_id"]].itertuples(index=False, name=None))
    charged = shop.tables["transactions"].dropna(subset=["account_id"])
    assert set(charged[["account_id", "customer_id"]].itertuples(index=False, name=None)) <= members
    assert charged["account_id"].nunique() > 0.9 * len(counts)


def test_without_errors_records_of_a_person_agree_in_every_detail():
    shop = simulate(n=500, seed=2, errors=False)
    records = shop.tables["source_records"]
    details = ["first_name", "last_name", "birth_date", "email", "phone", "street", "postcode", "city"]
    assert records[details].notna().all(axis=None)
    owner = records.merge(shop.truth["record_owners"], on="record_id")["customer_id_y"]
    versions = records[details].groupby(owner.to_numpy()).nunique()
    assert versions.eq(1).all(axis=None)


def agreement(shop, keys):
    """Share of pairs of records of one person that agree in at least one of the keys."""
    records = owned(shop, "source_records")[[*{field for key in keys for field in key}, "record_id", "customer_id_y"]]
    pairs = records.merge(records, on="customer_id_y", suffixes=("", "_other"))
    pairs = pairs[pairs["record_id"] < pairs["record_id_other"]]
    agree = np.zeros(len(pairs), dtype=bool)
    for key in keys:
        agree |= np.all([pairs[field] == pairs[f"{field}_other"] for field in key], axis=0)
    return agree.mean()


def test_records_are_the_harder_to_link_the_greater_the_difficulty():
    keys = [["email"], ["phone"], ["birth_date", "last_name"]]
    shares = [agreement(simulate(n=1_000, seed=2, difficulty=d), keys) for d in ("easy", "default", "hard")]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.95
    assert 0.7 < shares[1] < 0.95


def test_twins_share_home_and_birthday_but_not_their_given_name():
    shop = simulate(n=2_000, seed=2, errors=False)
    twins = shop.truth["people"].query("twin")
    records = shop.tables["source_records"].merge(shop.truth["record_owners"], on="record_id")
    first = records.groupby("customer_id_y").first().reindex(twins["customer_id"])
    grouped = first.groupby(twins["household"].to_numpy())
    assert (grouped.size() == 2).all()
    shared = grouped[["last_name", "birth_date", "street", "postcode"]].nunique()
    assert shared.eq(1).all(axis=None)
    given = grouped["first_name"].nunique()
    assert given.eq(2).all()
