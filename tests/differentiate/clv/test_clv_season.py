"""A season is told from chance, and the models follow it."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian
from idic_lab.differentiate import clv
from idic_lab.errors import DataError

EVEN = clv.Season(pd.Series(1.0, index=pd.RangeIndex(1, 53, name="week")))


@pytest.fixture(scope="module")
def steep():
    """Orders of a shop whose weeks before Christmas are busy; the last half year is held out."""
    return meridian.simulate(2500, seed=1, world="seasonal").tables["transactions"], pd.Timestamp("2025-06-29")


def missed(model, transactions, cut, season=None):
    weeks = clv.tracking(model, transactions, cut, season=season).query("in_holdout")
    return (weeks["actual"] - weeks["expected"]).abs().sum() / weeks["actual"].sum()


def test_by_the_clock_of_the_season_weeks_are_missed_by_half_as_much(steep):
    transactions, cut = steep
    season = clv.season(transactions, cut)
    assert season.weights.idxmax() in (49, 50, 51)
    plain, seasonal = (clv.fit(clv.summarise(transactions, cut, season=one)) for one in (None, season))
    assert missed(seasonal, transactions, cut, season) < 0.5 * missed(plain, transactions, cut)


def test_an_even_season_changes_nothing(sample):
    for those in (clv.summarise(sample, "1997-09-30"), clv.split(sample, "1997-09-30").holdout):
        how = clv.summarise if "recency" in those else lambda *given, **more: clv.split(*given, **more).holdout
        pd.testing.assert_frame_equal(those, how(sample, "1997-09-30", season=EVEN))
    model = clv.fit(clv.summarise(sample, "1997-09-30"))
    with_clock = clv.tracking(model, sample, "1997-09-30", season=EVEN)
    without = clv.tracking(model, sample, "1997-09-30")
    assert with_clock["expected"].to_numpy() == pytest.approx(without["expected"].to_numpy(), rel=1e-4)


def test_a_year_keeps_its_length_and_busy_weeks_are_long(steep):
    season = clv.season(*steep)
    assert season.between("2024-01-07", "2025-01-05") == pytest.approx(364.0)
    assert season.between("2024-12-01", "2024-12-15") > 20 > 7 > season.between("2024-11-03", "2024-11-10")


def test_what_is_left_of_chance_in_weeks_without_a_season_is_little():
    rng = np.random.default_rng(2)
    bought = pd.DataFrame({"customer_id": rng.integers(0, 800, 8000).astype(str), "day": rng.integers(0, 728, 8000)})
    bought["date"] = pd.Timestamp("2023-01-02") + pd.to_timedelta(bought["day"], unit="D")
    weights = clv.season(bought.assign(amount=1.0)).weights
    assert weights.std() < 0.5 / np.sqrt(8000 / 52)


def test_less_than_a_year_and_an_engine_are_refused(sample):
    with pytest.raises(DataError, match="at least a year"):
        clv.season(sample, "1997-09-30")
    duckdb = pytest.importorskip("duckdb")
    lazy = duckdb.query("SELECT 'a' AS customer_id, DATE '2024-01-01' AS date, 1.0 AS amount")
    with pytest.raises(DataError, match="in memory"):
        clv.summarise(lazy, season=EVEN)
