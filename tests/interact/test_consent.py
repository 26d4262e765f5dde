"""The trial of consent: prices, lives and what messages add are found as planted, and nothing is where nothing was planted."""

import numpy as np
import pandas as pd
import pytest

from idic_lab.inference import intervals
from idic_lab.interact import consent
from idic_lab.meridian import trials
from idic_lab.meridian.settings import settings
from idic_lab.monitor import organisation

SHOPS = 40


def found(trial: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """The interval of each thing that the notebook finds."""
    price = consent.price_of_consent(trial).dropna()
    kept = {f"price of {row.reward:.0f}": (row.low, row.high) for row in price.itertuples()}
    agreed = trial[trial["agreed"]]
    for messages in trials.MESSAGES[1:]:
        for centre in (False, True):
            part = agreed[agreed["messages"].eq(messages) & agreed["centre"].eq(centre)]
            both = pd.concat([part, agreed[agreed["messages"] == 0]])
            lift = organisation.lift(both.assign(treated=both["messages"] > 0)).iloc[0]
            kept[f"lift of {messages}, {centre}"] = (lift["low"], lift["high"])
            _, *kept[f"life of {messages}, {centre}"] = intervals.share(part["withdrawn_after"].isna().sum(), len(part))
    return kept


def planted(chosen) -> pd.Series:
    truth = trials.consent_truth(chosen)
    reward, agree = truth["consent_rewards"].to_numpy().T
    with np.errstate(divide="ignore"):
        price = reward[1:] + np.diff(reward) * agree[:-1] / np.diff(agree)
    values = {f"price of {given:.0f}": value for given, value in zip(reward[1:], price, strict=True)}
    for row in truth["consent_lives"].query("messages > 0").itertuples():
        values |= {
            f"lift of {row.messages}, {row.centre}": row.lift,
            f"life of {row.messages}, {row.centre}": row.in_force,
        }
    return pd.Series(values)


@pytest.mark.parametrize("off", [(), ("rewards", "messages", "opt_outs")], ids=["planted", "nothing planted"])
def test_the_intervals_hold_what_was_planted(off):
    chosen = settings(**dict.fromkeys(off, False))
    truth, drawn = planted(chosen), np.random.default_rng(5).spawn(SHOPS)
    made = pd.DataFrame([found(trials.draw_consent_trial(rng, chosen)) for rng in drawn])
    held = made.apply(lambda bounds: np.mean([low <= truth[bounds.name] <= high for low, high in bounds]))
    assert held.mean() > 0.93 and held.min() >= 0.86
    if off:
        assert set(truth.filter(like="price")) == {np.inf} and not truth.filter(like="lift").any()


def test_whoever_agrees_would_have_earned_more_without_a_message():
    trial = trials.draw_consent_trial(np.random.default_rng(1), settings(messages=False))
    agreed = trial[trial["agreed"]]
    by_choice = organisation.lift(trial.assign(treated=trial["agreed"])).iloc[0]
    by_lot = organisation.lift(agreed.assign(treated=agreed["messages"] > 0)).iloc[0]
    assert by_choice["low"] > 0.05 and by_lot["low"] < 0 < by_lot["high"]


def test_the_price_is_what_all_get_divided_by_those_gained():
    trial = pd.DataFrame({"reward": np.repeat([1.0, 2.0, 5.0], 100), "agreed": False})
    for first, many in ((0, 20), (100, 30), (200, 38)):
        trial.loc[first : first + many - 1, "agreed"] = True
    price = consent.price_of_consent(trial).set_index("reward")["price"]
    assert price[2.0] == pytest.approx((30 * 2 - 20 * 1) / 10) and price[5.0] == pytest.approx((38 * 5 - 30 * 2) / 8)


def test_a_voucher_that_gains_nobody_has_a_price_without_end():
    trial = pd.DataFrame({"reward": [0.0, 2.0] * 100, "agreed": [True, True, False, False] * 50})
    row = consent.price_of_consent(trial).iloc[1]
    assert np.isinf([row["price"], row["high"]]).all() and np.isfinite(row["low"])
    assert "has no upper end" in consent.plot_price(pd.DataFrame([row])).get_title()


def test_a_consent_in_which_nothing_ended_lasts():
    lives = pd.DataFrame({"days": [365.0] * 40, "withdrawn": [False] * 20 + [True] * 20, "a month": [1, 4] * 20})
    lives.loc[lives["a month"] == 1, "withdrawn"] = False
    assert consent.plot_lives(lives, "a month").get_title().endswith("at 1 100%")
