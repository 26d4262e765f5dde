"""Does RFM predict: lift and capture on small cases, and on CDNOW against the known 68%."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.differentiate import rfm
from idic_lab.errors import DataError, LabError, UnknownName


@pytest.fixture(scope="module")
def small():
    """Ten customers: the later, the more frequent and the larger, in the order of their names."""
    return pd.DataFrame(
        {
            "customer_id": list("abcdefghij"),
            "recency_days": range(10, 110, 10),
            "frequency": range(10, 0, -1),
            "monetary": [float(amount) for amount in range(100, 0, -10)],
            "r_score": [5, 5, 4, 4, 3, 3, 2, 2, 1, 1],
            "f_score": [5, 5, 4, 4, 3, 3, 2, 2, 1, 1],
            "m_score": [5, 5, 4, 4, 3, 3, 2, 2, 1, 1],
            "segment": ["champions"] * 2 + ["loyal"] * 2 + ["need attention"] * 2 + ["hibernating"] * 2 + ["lost"] * 2,
        }
    )


@pytest.fixture(scope="module")
def cdnow():
    transactions = datasets.load("cdnow", quiet=True).transactions
    later = transactions[transactions["date"] > "1997-09-30"]
    holdout = later.groupby("customer_id", as_index=False)["amount"].sum()
    return rfm.table(transactions, "1997-09-30"), holdout.rename(columns={"amount": "holdout_spend"})


def spent(**amounts):
    return pd.DataFrame({"customer_id": list(amounts), "holdout_spend": [float(x) for x in amounts.values()]})


def test_a_perfect_score_captures_all_and_a_wrong_one_nothing(small):
    best = rfm.capture(small, spent(a=60, b=40)).set_index("ranking")["captured"]
    worst = rfm.capture(small, spent(i=60, j=40)).set_index("ranking")["captured"]
    for ranking in ("RFM score, summed", "RFM cells, 555 to 111", "monetary alone", "recency alone", "frequency alone"):
        assert (best[ranking], worst[ranking]) == pytest.approx((1, 0))
    assert best["perfect foresight"] == worst["perfect foresight"] == pytest.approx(1)
    assert best["random"] == worst["random"] == pytest.approx(0.2)


def test_a_cut_through_tied_customers_takes_them_in_proportion(small):
    captured = rfm.capture(small, spent(a=100), fraction=0.1).set_index("ranking")["captured"]
    assert captured["RFM score, summed"] == pytest.approx(0.5)
    assert captured["monetary alone"] == pytest.approx(1)


def test_the_tested_cells_never_use_a_customers_own_spend(small):
    # Each cell has two customers, one of whom spends: a ranking that saw the spender's own spend would put both first.
    captured = rfm.capture(small.assign(r_score=range(1, 11)), spent(e=100), fraction=0.1)
    assert captured.set_index("ranking")["captured"]["RFM cells, tested"] < 0.5


def test_the_gains_curve_passes_through_the_captured_share(small):
    curve = rfm.gains(small, spent(a=10, c=30, f=60))
    assert curve.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert curve["share_of_holdout_spend"].tolist() == pytest.approx([0, 0.1, 0.4, 1, 1, 1])


def test_on_cdnow_the_top_fifth_by_rfm_score_brings_68_percent_of_later_spend(cdnow):
    captured = rfm.capture(*cdnow).set_index("ranking")["captured"]
    assert captured["RFM score, summed"] == pytest.approx(0.68, abs=0.005)
    assert captured["RFM cells, tested"] == pytest.approx(0.68, abs=0.005)
    assert captured["random"] == pytest.approx(0.2)
    assert captured["monetary alone"] < captured["RFM score, summed"] < captured["perfect foresight"]


def test_a_holdout_that_cannot_be_matched_is_refused(small):
    with pytest.raises(DataError, match="missing column 'holdout_spend'"):
        rfm.capture(small, small[["customer_id"]])
    with pytest.raises(DataError, match="several rows"):
        rfm.capture(small, pd.concat([spent(a=1), spent(a=2)]))
    with pytest.raises(DataError, match="no customer_id occurs"):
        rfm.capture(small, spent(x=1))
    with pytest.raises(DataError, match="spent nothing"):
        rfm.capture(small, spent(a=0))
    with pytest.raises(DataError, match="missing or infinite"):
        rfm.capture(small, spent(a=float("nan")))
    with pytest.raises(LabError, match="fraction"):
        rfm.capture(small, spent(a=1), fraction=1.5)
    with pytest.raises(UnknownName, match="ranking"):
        rfm.gains(small, spent(a=1), "luck")
    with pytest.raises(DataError, match="nobody bought after the calibration period"):
        rfm.capture(small, spent(a=1).iloc[:0])
    with pytest.raises(UnknownName, match="ranking"):
        rfm.capture_difference(small, spent(a=1), against="luck")
    with pytest.raises(LabError, match="n_bootstrap"):
        rfm.capture_difference(small, spent(a=1), n_bootstrap=0)


def test_the_difference_in_capture_is_that_of_the_two_captured_shares(cdnow):
    captured = rfm.capture(*cdnow).set_index("ranking")["captured"]
    difference, low, high = rfm.capture_difference(*cdnow, n_bootstrap=200)
    assert difference == pytest.approx(captured["RFM score, summed"] - captured["monetary alone"])
    # RFM's lead over money alone on CDNOW is small, and yet more than the luck of the draw.
    assert 0 < low < difference < high < 0.04


def test_rankings_that_order_alike_never_differ_and_a_reversed_pair_changes_sign(small):
    holdout = spent(a=60, c=30, h=10)
    assert rfm.capture_difference(small, holdout, "recency alone", "frequency alone", n_bootstrap=20) == (0, 0, 0)
    ahead = rfm.capture_difference(small, holdout, "recency alone", "random", n_bootstrap=50)
    behind = rfm.capture_difference(small, holdout, "random", "recency alone", n_bootstrap=50)
    assert ahead == pytest.approx((-behind[0], -behind[2], -behind[1]))


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says():
    # Planted: half the customers are worth 3 and half 1, and the one ranking knows which; at a cut of one half the
    # captured shares are 3/4 and 1/2.
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(60):
        worth = generator.choice([3.0, 1.0], size=300)
        table = pd.DataFrame({"customer_id": [str(i) for i in range(300)], "monetary": worth})
        table = table.assign(recency_days=1, frequency=1, r_score=1, f_score=1, m_score=1)
        holdout = table[["customer_id"]].assign(holdout_spend=worth * generator.exponential(size=300))
        _, low, high = rfm.capture_difference(table, holdout, "monetary alone", "random", fraction=0.5, n_bootstrap=100)
        covered += low <= 0.25 <= high
    assert 51 <= covered <= 60
