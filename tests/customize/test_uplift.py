"""Uplift: the learned policy finds what was planted, and finds nothing where nothing was planted."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from idic_lab import meridian
from idic_lab.customize import offers
from idic_lab.errors import DataError, UnknownName


def true_gain(policy, truth):
    return truth["gain"][(policy != offers.CONTROL).to_numpy()].sum() / len(truth)


@pytest.fixture(scope="module")
def policies(campaign, gains):
    results, _ = campaign
    return offers.reference_policies(results, gains)


@pytest.fixture(scope="module")
def expected(campaign):
    return offers.expected_outcomes(campaign[0], random_state=1)


@pytest.mark.parametrize("method", list(offers.LEARNERS))
def test_the_learned_policy_earns_four_fifths_of_the_oracles_gain(campaign, method):
    results, truth = campaign
    learned = offers.best_arm(offers.uplift(results, "profit", method, random_state=1))
    oracle = truth["gain"][truth["treat_if_kind_known"]].sum() / len(truth)
    assert true_gain(learned, truth) >= 0.8 * oracle


def test_the_learned_policy_beats_the_rules_that_firms_use(campaign, policies):
    _, truth = campaign
    gain = {name: true_gain(policy, truth) for name, policy in policies.items()}
    for rule in ("everybody", "nobody", "best customers", "likely churners"):
        assert gain["learned"] > gain[rule] + 1


def test_a_policy_learned_on_one_campaign_serves_customers_it_never_saw(campaign):
    here, truth = meridian.load_tables()["campaign_results"], meridian.truth()["campaign"]
    predicted = offers.uplift(campaign[0], "profit", target=offers.with_profit(here))
    oracle = truth["gain"][truth["treat_if_kind_known"]].sum() / len(truth)
    assert true_gain(offers.best_arm(predicted), truth) >= 0.8 * oracle


@pytest.mark.parametrize("method", ["doubly robust", "weighting"])
def test_the_interval_of_a_policys_value_covers_the_truth(campaign, policies, expected, method):
    results, truth = campaign
    for policy in policies.values():
        found = offers.policy_value(results, policy, expected, method=method)
        treated = (policy != offers.CONTROL).to_numpy()
        true = (truth["profit_without"] + np.where(treated, truth["gain"], 0)).mean()
        slack = 0.5 * (found["high"] - found["low"])  # ten intervals of 95% are held at once
        assert found["low"] - slack < true < found["high"] + slack


def test_the_doubly_robust_interval_is_narrower_than_that_of_weighting(campaign, policies, expected):
    width = {
        method: np.ptp(
            [
                offers.policy_value(campaign[0], policies["learned"], expected, method=method)[end]
                for end in ("low", "high")
            ]
        )
        for method in ("doubly robust", "weighting")
    }
    assert width["doubly robust"] < 0.8 * width["weighting"]


def test_without_a_planted_effect_the_qini_interval_covers_zero_at_its_nominal_rate():
    """Of 40 campaigns without an effect 38 are expected to cover zero; fewer than 34 would be very unlikely."""
    covered = 0
    for seed in range(40):
        results = meridian.simulate(n=1_000, seed=seed, campaign_effect=False).tables["campaign_results"]
        results = results.assign(outcome=results["converted"].astype(float))
        found = offers.uplift(results.drop(columns="converted"), "outcome", "T-learner", LinearRegression(), n_folds=2)
        given = results["arm"] == "offer"
        low, high = offers.bands(results["outcome"], found["offer"], given, n_bootstrap=200)[1]
        covered += low <= 0 <= high
    assert covered >= 34


def test_without_a_planted_effect_the_average_effect_is_not_significant():
    results = meridian.simulate(n=5_000, seed=3, campaign_effect=False).tables["campaign_results"]
    row = offers.average_effect(results, ("converted",)).iloc[0]
    assert row["low"] < 0 < row["high"]


def test_the_average_effect_covers_the_planted_one(campaign):
    results, truth = campaign
    row = offers.average_effect(results, ("converted",)).iloc[0]
    assert row["low"] < truth["effect"].mean() < row["high"]


def test_a_customer_is_predicted_by_models_that_did_not_see_the_customer():
    """With a model that remembers every answer, pure noise looks like uplift unless predictions are cross-fitted."""
    from sklearn.neighbors import KNeighborsRegressor

    rng = np.random.default_rng(1)
    noise = pd.DataFrame({"arm": rng.choice(["control", "offer"], 800), "x": rng.normal(size=800)})
    noise["outcome_now"] = rng.normal(size=800)
    results = noise.rename(columns={"outcome_now": "profit"})
    memory = KNeighborsRegressor(1)
    seen = offers.TLearner(memory).fit(results[["x"]], results["profit"], results["arm"] == "offer")
    given = results["arm"] == "offer"
    remembered = offers.area(results["profit"], seen.predict(results[["x"]]), given)
    honest = offers.area(results["profit"], offers.uplift(results, "profit", "T-learner", memory)["offer"], given)
    assert remembered > 0.15 > abs(honest)


def test_an_outcome_is_never_a_feature(campaign):
    assert not {"converted", "margin", "profit", "contact_cost", "arm"} & set(offers.features(campaign[0]))


def test_randomised_arms_are_balanced(campaign):
    assert offers.balance(campaign[0])["difference"].max() < 0.1


def test_of_several_arms_each_customer_gets_the_best():
    rng = np.random.default_rng(2)
    n = 6_000
    arm, likes = rng.choice(["control", "mens", "womens"], n), rng.choice([0.0, 1.0], n)
    profit = rng.normal(size=n) + 2 * ((arm == "mens") & (likes == 1)) + 2 * ((arm == "womens") & (likes == 0))
    results = pd.DataFrame({"arm": arm, "likes": likes, "profit": profit})
    learned = offers.best_arm(offers.uplift(results, "profit"))
    assert (learned == np.where(likes == 1, "mens", "womens")).mean() > 0.95


def test_a_campaign_without_control_is_refused(campaign):
    only = campaign[0].query("arm == 'offer'")
    with pytest.raises(DataError, match="one must be 'control'"):
        offers.average_effect(only)


def test_an_unknown_learner_is_named_with_the_nearest(campaign):
    with pytest.raises(UnknownName, match="Did you mean 'T-learner'"):
        offers.uplift(campaign[0].head(100), method="T-lerner")


def test_a_policy_tree_is_the_best_of_all_rules_of_its_form():
    """Held to trying every pair of questions one by one."""
    rng = np.random.default_rng(4)
    X = rng.integers(0, 4, (120, 3)).astype(float)
    scores = rng.normal(size=120)

    def worth(rows):
        return max(scores[rows].sum(), 0.0)

    def best_below(rows):
        cuts = [(feature, border) for feature in range(3) for border in range(3)]
        return max([worth(rows), *(worth(rows & (X[:, f] > b)) + worth(rows & (X[:, f] <= b)) for f, b in cuts)])

    best = max(best_below(X[:, f] > b) + best_below(X[:, f] <= b) for f in range(3) for b in range(3))
    tree = offers.PolicyTree(smallest=0.0).fit(X, scores)
    assert tree.value_ * len(X) == pytest.approx(best)
    assert scores[tree.predict(X) == 1].sum() == pytest.approx(best)


def test_effects_that_differ_are_told_from_one_effect_for_all(campaign):
    results, _ = campaign
    X, treated = offers.features(results), results["arm"] != offers.CONTROL
    assert offers.effects_differ(X, results["profit"], treated)["p_value"].max() < 0.01
