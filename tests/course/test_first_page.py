"""The first page of a report: every sentence on it is held to the tables, on data that tell much and on data that tell little."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.course.pages.first_page import FirstPage, changed, pictures
from idic_lab.meridian import simulate
from idic_lab.notebook.lab import gather
from idic_lab.pipeline import stages
from idic_lab.repository import REPOSITORY_FILE, Repository

GROUNDS = ("meridian", "cdnow", "200 orders")
BUILT = ("rfm", "customer_value", "portfolio", "channel_preferences", "offers", "action_plan", "kpis")


def _orders(folder):
    """Two hundred orders of seventy customers who are known by nothing else, the last month not whole."""
    rng = np.random.default_rng(1)
    days = pd.Timestamp("2024-01-03") + pd.to_timedelta(rng.integers(0, 400, 200), unit="D")
    orders = pd.DataFrame(
        {"customer_id": rng.integers(1, 70, 200), "date": days, "amount": rng.gamma(2, 20, 200).round(2)}
    )
    orders.to_csv(folder / "orders.csv", index=False)
    return str(folder / "orders.csv")


@pytest.fixture(scope="module", params=GROUNDS)
def ground(request, tmp_path_factory, kept_run):
    """A repository as a run leaves it, the card, and what the page says."""
    if kept_run and request.param == "meridian":
        repository, told = Repository(kept_run / REPOSITORY_FILE), (kept_run / "card.json").read_text(encoding="utf-8")
        card = datasets.Card.from_dict(json.loads(told))
        return request.param, repository, card, FirstPage(repository, "EUR", card)
    repository = Repository()
    if request.param == "meridian":
        tables = {name: table for name, table in simulate(400, seed=5).tables.items() if len(table)}
        card = gather(datasets.Dataset("meridian", tables, datasets.Card("meridian", kind="simulated")), repository)
    else:
        name = "cdnow_sample" if request.param == "cdnow" else _orders(tmp_path_factory.mktemp("orders"))
        card = gather(name, repository)
    held = {planned.stage.name for planned in stages.plan(repository.names()) if not planned.lacks}
    for name in BUILT:
        if stages.maker(stages.Part(name)).name in held:
            stages.build(repository, name)
    return request.param, repository, card, FirstPage(repository, "EUR", card)


def amounts(text):
    """The numbers of a sentence, dates left out."""
    return [
        float(one.replace(",", "")) for one in re.findall(r"-?\d[\d,]*\.?\d*", re.sub(r"\d{4}-\d\d-\d\d", "", text))
    ]


def last_period(repository, years=0):
    """Purchases of the last whole period, or of the same days of an earlier year; counted here without the page's help."""
    measures, bought = repository.read("kpis"), repository.read("transactions")
    last = measures[measures["whole"]].sort_values("review_date").iloc[-1]
    span = [day - pd.DateOffset(years=years) for day in (last["previous_date"], last["review_date"])]
    return bought[(bought["date"] > span[0]) & (bought["date"] <= span[1])], span


def test_the_situation_is_the_last_whole_period_beside_the_same_days_of_the_year_before(ground):
    name, repository, _, page = ground
    bought, span = last_period(repository)
    said = page.situation
    assert f"to {span[1]:%Y-%m-%d}, {bought['customer_id'].nunique():,} customer" in said
    assert f"for {bought['amount'].sum():,.0f} EUR" in said
    before, earlier = last_period(repository, 1)
    if repository.read("transactions")["date"].min() > earlier[0] + pd.Timedelta(days=1):
        assert "year before" not in said
    else:
        share = bought["amount"].sum() / before["amount"].sum() - 1
        assert f"revenue {'up' if share > 0 else 'down'} by {abs(share):.0%} on the same days a year before" in said
    worth = repository.read("customer_value")["residual_value"].sum()
    assert f"still expected to bring a profit of {worth:,.0f} EUR" in said
    plan = repository.read("action_plan")
    profit = plan["counted_return"].sum() - plan["counted_cost"].sum()
    if plan["counted_customers"].sum():
        assert f"the plan should add {profit:,.0f} EUR after its cost" in said
    else:
        assert "must ask for consent" in said and plan["verdict"].eq("ask").any()
    if name == "200 orders":  # their last days are a part of a month
        assert span[1] < repository.read("transactions")["date"].max()


def test_each_tile_states_its_table_and_only_what_the_data_tell(ground):
    name, repository, _, page = ground
    tiles = {tile.name: tile for tile in page.tiles}
    bought, _ = last_period(repository)
    assert tiles["Customers active"].value == f"{bought['customer_id'].nunique():,}"
    assert tiles["Revenue"].value == f"{bought['amount'].sum():,.0f} EUR"
    worth = repository.read("customer_value")["residual_value"].sum()
    assert tiles["Customer equity"].value == f"{worth:,.0f} EUR"
    if "interval" in tiles["Customer equity"].note and "no interval" not in tiles["Customer equity"].note:
        _, low, high = amounts(tiles["Customer equity"].note)
        assert low < worth < high
    spent = repository.read("transactions").groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    share = spent.head(len(spent) // 5).sum() / spent.sum()
    assert float(tiles["Top fifth of customers"].value[:-1]) == pytest.approx(100 * share, abs=1.5)
    assert ("Below zero so far" in tiles) == ("May be contacted" in tiles) == (name == "meridian")
    if name == "meridian":
        past = repository.read("portfolio")["past_value"]
        assert tiles["Below zero so far"].value == f"{past.lt(0).mean():.0%}"
        may = repository.read("consents").query("customer_id in @spent.index")
        assert tiles["May be contacted"].value == f"{may.groupby('customer_id')['allowed'].any().mean():.0%}"
        assert dict(tiles["May be contacted"].drawn)["email"] == may[may["channel"].eq("email")]["allowed"].mean()
    for tile in page.tiles:
        assert tile.words and all(0 <= share <= 1 for _, share in tile.drawn)


def test_a_value_without_interval_says_why(ground):
    assert "of its own" in FirstPage(ground[1])._equity_interval(1.0)
    assert "no summary" in FirstPage(Repository())._equity_interval(1.0)


def test_the_three_findings_hold_in_the_tables(ground):
    _, repository, _, page = ground
    bought, portfolio = repository.read("transactions"), repository.read("portfolio")
    assert len(page.findings) == 3
    for said in page.findings:
        if "most valuable customer" in said:
            recent = bought.loc[bought["date"] > bought["date"].max() - pd.Timedelta(days=91), "customer_id"]
            best = portfolio[portfolio["tier"] == "most valuable"]
            silent = best[~best["customer_id"].isin(recent)]
            share = silent["actual_value"].sum() / portfolio["actual_value"].clip(lower=0).sum()
            assert amounts(said) == [len(best), len(silent), round(100 * share)]
        elif "revenue went from" in said:
            days, before, after, lost, *brought = amounts(said)
            new = brought[0] if "new ones" in said else 0  # where nobody was new, that is said in words
            end = bought["date"].max()
            later = bought[bought["date"] > end - pd.Timedelta(days=days)]
            earlier = bought[
                bought["date"].between(end - pd.Timedelta(days=2 * days - 1), end - pd.Timedelta(days=days))
            ]
            gone = earlier[~earlier["customer_id"].isin(later["customer_id"])]["amount"].sum()
            come = later[~later["customer_id"].isin(earlier["customer_id"])]["amount"].sum()
            counted = [earlier["amount"].sum(), later["amount"].sum(), gone, come]
            assert [before, after, lost, new] == pytest.approx(counted, abs=1)
        elif "one day only" in said:
            days = bought[bought["amount"] >= 0].drop_duplicates(["customer_id", "date"]).value_counts("customer_id")
            assert amounts(said) == [round(100 * days.eq(1).mean())]
        else:
            found = repository.read("signals").query("figure == 'delivery_days' or figure == 'basket_share'")
            assert f"went {found['direction'].iloc[-1]} step by step since" in said


def test_a_row_of_the_plan_is_a_row_of_the_table_and_asks_for_consent_where_nobody_may_be_contacted(ground):
    _, repository, _, page = ground
    plan = repository.read("action_plan")
    assert len(page.plan) == len(plan)
    for row, told in zip(plan.itertuples(), page.plan, strict=True):
        assert told["For whom"].startswith(f"{row.segment[:1].upper()}{row.segment[1:]} ({row.customers:,} customer")
        assert (told["Owner"], told["Review"], told["Verdict"]) == (
            row.owner,
            f"{row.review_date:%Y-%m-%d}",
            row.verdict,
        )
        unknown = row.verdict == "ask" and row.consent_unknown == row.customers
        assert ("consent not known" in told["For whom"]) == unknown
        assert ("may be contacted" in told["For whom"]) == (row.reachable < row.customers and not unknown)
        if row.verdict == "ask":
            assert row.reachable == 0 and told["Cost"] == told["Expected return"] == "–"
            assert told["What"].startswith("Ask for consent")
        else:
            assert amounts(told["Cost"]) == [round(row.cost)]
            whole = amounts(told["Expected return"])
            assert whole[-1] == round(row.expected_return) and len(whole) == 1 + (row.basis == "assumed")
            assert len(whole) == 1 or whole[0] == pytest.approx(row.expected_return / 2, abs=1)


def test_what_the_plan_comes_to_counts_each_customer_once(ground):
    _, repository, _, page = ground
    plan = repository.read("action_plan")
    if not plan["counted_customers"].sum():
        assert page.plan_says == ["No return can be told before it is known who may be contacted."]
        return
    estimated = plan.loc[plan["basis"] == "estimated", "counted_return"].sum()
    counted = (plan["counted_return"], plan["counted_cost"], plan["counted_customers"])
    assert amounts(page.plan_says[0]) == pytest.approx([*(one.sum() for one in counted), estimated], abs=1)


def test_what_changed_is_told_with_its_direction_and_its_rate_of_false_alarm(ground):
    _, repository, _, page = ground
    signals, measures = repository.read("signals"), repository.read("kpis")
    for figure, found in signals.groupby("figure"):
        name = figure.replace("_", " ")
        (said,) = [one for one in page.changes if one.lower().startswith(name)]
        found = found.sort_values("found_on")
        last = found.iloc[-1]
        other = found["direction"].ne(last["direction"]).to_numpy().nonzero()[0]
        one_way = found.iloc[other.max(initial=-1) + 1 :]  # the latest ones of one direction
        assert f"went {last['direction']} from about {one_way['started'].iloc[0]:%Y-%m-%d}" in said
        assert (f"{last['started']:%Y-%m-%d}" in said) and (f"{len(one_way)} steps" in said) == (len(one_way) > 1)
        told = [one for one in page.findings if f"{name} went" in one.lower()]
        assert all(f"{one_way['started'].iloc[0]:%Y-%m-%d}" in one for one in told)
        assert (last["since"] > last["before"]) == (last["direction"] == "up")
    assert any("chance of 5%" in said for said in page.changes) == bool(len(signals))
    now = measures[measures["whole"] & measures["segment"].eq("all")]
    now = now[now["review_date"] == now["review_date"].max()]
    judged = now[now["upper_limit"].notna()]
    if len(judged):
        outside = judged[(judged["value"] > judged["upper_limit"]) | (judged["value"] < judged["lower_limit"])]
        assert f"Of {len(judged)} measures" in page.changes[-1] and "5% of reviews" in page.changes[-1]
        assert ("none lay outside" in page.changes[-1]) == outside.empty
        for row in outside.itertuples():
            way = "above" if row.value > row.upper_limit else "below"
            assert f"{row.kpi.replace('_', ' ')} ({way})" in page.changes[-1].lower()


def test_how_sure_it_is_counts_every_assumption_and_names_what_is_not_known_once(ground):
    name, repository, card, page = ground
    plan = repository.read("action_plan")
    assumed = plan[plan["basis"] == "assumed"]
    paying = assumed[assumed["expected_profit"] > 0]
    (said,) = [one for one in page.sure if "rest on an assumed effect" in one]
    expected = [len(assumed), len(plan)] + (
        [len(paying), round(100 * paying["break_even"].max())] if len(paying) else []
    )
    assert amounts(said) == expected
    unknown = [one for one in page.sure if one.startswith("Not known")]
    assert len(unknown) == (name != "meridian")
    assert any("simulated" in one for one in page.sure) == (name == "meridian")
    if card.rows_read:
        assert any(f"{card.rows_read:,} rows could" in one for one in page.sure)


def test_every_step_has_at_most_four_figures_each_with_a_finding_and_a_sentence(ground):
    name, repository, _, _ = ground
    drawn = pictures(repository)
    assert {"Differentiate", "Implement and monitor"} <= set(drawn)
    assert ("Interact" in drawn) == (name == "meridian")
    for step in drawn.values():
        assert len(step) <= 4
        for picture in step:
            assert picture.title and picture.caption.endswith(".") and " " in picture.caption


@pytest.mark.parametrize(
    ("before", "now", "said"), [(100, 126, "up by 26%"), (0, 0, "unchanged"), (50, 0, "down by 100%")]
)
def test_a_change_is_told_with_its_sign(before, now, said):
    assert changed(before, now) == said
