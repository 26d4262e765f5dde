"""Needs by choice: part-worths and their worth in money are found where they are planted, and nothing is made of nothing."""

import numpy as np
import pandas as pd
import pytest
from interviews import AGAINST, TASTES, interview
from sklearn.metrics import adjusted_rand_score
from statsmodels.datasets import modechoice
from statsmodels.discrete.conditional_models import ConditionalLogit

from idic_lab import meridian
from idic_lab.customize import pricing
from idic_lab.differentiate import needs
from idic_lab.differentiate.needs import choices
from idic_lab.errors import DataError, UnknownName


@pytest.fixture(scope="module")
def sample():
    """Sample tables, planted answers and both interviews, linked as planted."""
    tables, truth = meridian.load_tables(), meridian.truth()
    asked = (tables["choices"], tables["choice_sets"], truth["record_owners"])
    return tables, truth, needs.read_choices(*asked, "CASE"), needs.read_choices(*asked, "BEST-WORST")


def bics(told, most=3):
    return [needs.fit_choices(told, k).bic for k in range(1, most + 1)]


def test_one_class_is_the_conditional_logit_of_statsmodels(monkeypatch):
    told, _ = interview(np.random.default_rng(1))
    wanted = told.items.get_indexer(["steel", "large", "price", "none"])
    rows = told.cell // 4
    chosen = np.eye(4)[told.cell % 4].ravel()
    shown = told.shown[rows][..., wanted].reshape(-1, 4)
    theirs = ConditionalLogit(chosen, shown, groups=np.repeat(np.arange(len(rows)), 4)).fit(disp=0)
    monkeypatch.setattr(choices, "PRIOR", 1e-7)
    monkeypatch.setattr(choices, "TOLERANCE", 1e-13)
    ours = needs.fit_choices(told)
    worth = ours.part_worths.iloc[0]
    plain = worth["plain"] + worth["small"]
    apart = [worth["steel"] - worth["plain"], worth["large"] - worth["small"], worth["price"], worth["none"] - plain]
    assert apart == pytest.approx(theirs.params, abs=1e-5)
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=1e-6)


def test_the_published_estimates_of_travel_mode_choice_come_out(monkeypatch):
    """Greene, Econometric Analysis, the conditional logit of travel mode choice: 210 travellers between Sydney, Canberra and Melbourne."""
    data = modechoice.load_pandas().data
    air, train, bus = ((data["mode"] == mode).to_numpy(float) for mode in (1, 2, 3))
    columns = {
        "gc": data["gc"],
        "ttme": data["ttme"],
        "hinc_air": data["hinc"] * air,
        "air": air,
        "train": train,
        "bus": bus,
    }
    table, people = pd.DataFrame(columns), np.arange(210)
    chosen = np.flatnonzero(data["choice"])
    told = choices.Choices(
        table.columns, table.to_numpy().reshape(210, 4, 6), np.ones((210, 4), bool), people, chosen, pd.Index(people)
    )
    monkeypatch.setattr(choices, "PRIOR", 1e-9)
    monkeypatch.setattr(choices, "TOLERANCE", 1e-12)
    model = needs.fit_choices(told)
    assert model.log_likelihood == pytest.approx(-199.1284, abs=1e-3)
    published = [-0.01550, -0.09612, 0.01329, 5.2074, 3.8690, 3.1632]
    assert model.part_worths.iloc[0].to_numpy() == pytest.approx(published, rel=1e-3)


def test_the_planted_segments_and_their_part_worths_are_found_by_best_and_worst(sample):
    _, truth, _, told = sample
    model = needs.fit_choices(told, 5)
    planted = truth["people"].set_index("customer_id")["need_segment"].reindex(model.membership.index)
    found = model.membership.idxmax(axis=1)
    assert adjusted_rand_score(planted, found) > 0.95
    wide = truth["part_worths"].pivot_table("part_worth", "segment", "item")[told.items]
    for segment, theirs in wide.iterrows():
        ours = model.part_worths.loc[found[planted == segment].mode()[0]]
        assert np.abs((ours - ours.mean()) - (theirs - theirs.mean())).max() < 0.8


def test_the_interview_tells_the_segments_better_than_the_battery_in_the_same_minutes(sample):
    tables, truth, _, told = sample
    planted = truth["people"].set_index("customer_id")["need_segment"]
    answers = needs.battery(tables["survey_responses"], truth["record_owners"], tables["survey_questions"])
    same = answers[answers["customer_id"].isin(told.customers)].reset_index(drop=True)
    members, _ = needs.segment_battery(same, 5)
    by_battery = adjusted_rand_score(planted.reindex(members["customer_id"]), members["segment"])
    membership = needs.fit_choices(told, 5).membership
    assert adjusted_rand_score(planted.reindex(membership.index), membership.idxmax(axis=1)) > by_battery + 0.05


@pytest.mark.parametrize("switch", ["segments", "choices"])
def test_where_nobody_differs_or_everybody_answers_at_random_there_is_one_class(switch):
    shop = meridian.simulate(700, seed=3, **{switch: False})
    asked = (shop.tables["choices"], shop.tables["choice_sets"], shop.truth["record_owners"])
    for survey in ("CASE", "BEST-WORST"):
        told = needs.read_choices(*asked, survey)
        assert np.argmin(bics(told)) == 0
    spread = np.ptp(needs.fit_choices(told).part_worths.to_numpy())
    assert spread < 0.8 if switch == "choices" else spread > 0.8


def test_few_choices_of_each_still_tell_how_many_tastes_there_are():
    told, kind = interview(np.random.default_rng(2), people=400, tasks=3, tastes=TASTES)
    assert np.argmin(bics(told)) == 1
    model = needs.fit_choices(told, 2)
    right = (model.membership.idxmax(axis=1).to_numpy() == kind[model.membership.index.astype(int)]).mean()
    assert max(right, 1 - right) > 0.75 and model.entropy < 0.9


def test_worth_in_money_is_found_and_missing_where_no_price_was_seen():
    told, _ = interview(np.random.default_rng(3), people=500)
    table = needs.willingness_to_pay(told, needs.fit_choices(told), AGAINST, n_bootstrap=60).set_index(
        ["segment", "item"]
    )
    assert table.loc[("all", "steel"), "low"] < 30 < table.loc[("all", "steel"), "high"]
    assert table.loc[("all", "large"), "low"] < -10 < table.loc[("all", "large"), "high"] < 0
    unmoved, _ = interview(np.random.default_rng(4), tastes=((1.5, -0.5, 0.0),))
    assert needs.willingness_to_pay(unmoved, needs.fit_choices(unmoved), AGAINST, 60)["worth"].isna().all()
    unseen, _ = interview(np.random.default_rng(5), prices=(10.0,))
    assert needs.willingness_to_pay(unseen, needs.fit_choices(unseen), AGAINST, 60)["low"].isna().all()


def test_people_who_choose_by_lot_are_a_class_of_their_own_and_leave_the_others_worth_what_they_are():
    told, _ = interview(np.random.default_rng(6), people=600, careless=0.3)
    model = needs.fit_choices(told, 2)
    apart = model.part_worths["steel"] - model.part_worths["plain"]
    assert apart[0] == pytest.approx(1.5, abs=0.3) and abs(apart[1]) < 0.5
    assert model.shares == pytest.approx([0.7, 0.3], abs=0.1)


def test_utilities_price_the_options_nearly_as_the_planted_ones_would(sample):
    tables, truth, told, _ = sample
    utilities, options = needs.fit_choices(told, 5).utilities, tables["product_options"]
    product = options["product_id"].iloc[0]
    wide = truth["part_worths"].pivot_table("part_worth", "segment", "item")
    people = truth["people"].set_index("customer_id")["need_segment"].reindex(utilities.index)
    ours, best = (pricing.option_prices(worth, options, product) for worth in (utilities, wide.loc[people]))
    assert ours["best_price"].to_numpy() == pytest.approx(best["best_price"].to_numpy(), rel=0.3)
    assert (ours["gain"] >= ours["gain_today"]).all() and (ours["share"] <= ours["share_today"]).sum() > 5


def test_what_cannot_be_read_is_refused(sample):
    tables, truth, *_ = sample
    wrong = tables["choices"].assign(best="e")
    with pytest.raises(DataError, match="no alternative of that name"):
        needs.read_choices(wrong, tables["choice_sets"], truth["record_owners"], "CASE")
    with pytest.raises(UnknownName, match="CASE"):
        needs.read_choices(wrong, tables["choice_sets"], truth["record_owners"], "CASES")
    told = needs.read_choices(tables["choices"], tables["choice_sets"], truth["record_owners"], "BEST-WORST")
    with pytest.raises(UnknownName, match="price"):
        needs.willingness_to_pay(told, needs.fit_choices(told), {"N01": "N02"})


def test_the_interviews_show_every_statement_twice_and_no_case_that_cannot_be_made(sample):
    tables = sample[0]
    sets = tables["choice_sets"]
    said = sets[sets["survey_id"] == "BEST-WORST"]
    assert (said.groupby([said["set_id"].str[:2], "shows"]).size() == 2).all() and len(said) == 8 * 40
    cases, options = sets[sets["survey_id"].eq("CASE") & sets["shows"].notna()], tables["product_options"]
    known = options.dropna(subset=["not_with"])
    for one, other in zip(known["option_id"], known["not_with"], strict=True):
        assert not (cases["shows"].str.contains(one) & cases["shows"].str.contains(other)).any()
