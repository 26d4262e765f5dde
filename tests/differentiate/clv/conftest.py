"""CDNOW, and the models fitted to it, once for all tests of lifetime value."""

from importlib.util import find_spec
from pathlib import Path

import matplotlib
import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.differentiate import clv

matplotlib.use("Agg")

PURCHASE_MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd")


@pytest.fixture(scope="session")
def sample():
    """Transactions of the 1/10 sample of CDNOW."""
    return datasets.load("cdnow_sample", quiet=True).transactions


@pytest.fixture(scope="session")
def master():
    """Transactions of all 23,570 customers of CDNOW."""
    return datasets.load("cdnow", quiet=True).transactions


@pytest.fixture(scope="session")
def parts(sample):
    """The published split: weeks 1 to 39 and 40 to 78."""
    return clv.split(sample, "1997-09-30", "1998-06-30")


@pytest.fixture(scope="session")
def models(parts):
    """The purchase models and the spend model, fitted to the calibration."""
    return {name: clv.fit(parts.calibration, name) for name in (*PURCHASE_MODELS, "gamma_gamma")}


@pytest.fixture(scope="session")
def expected(parts, models):
    """Expected purchases in weeks 40 to 78, by model."""
    return {name: clv.predict(models[name], parts.calibration, 39) for name in PURCHASE_MODELS}


@pytest.fixture(scope="session")
def donations():
    """The donations of Fader, Hardie & Shang (2010): 11,104 people, six yearly occasions."""
    table = pd.read_csv(Path(find_spec("lifetimes").origin).parent / "datasets" / "donations.csv")
    return table.rename(columns={"periods": "n_periods"})


@pytest.fixture(scope="session")
def bg_bb(donations):
    return clv.fit(donations, "bg_bb", weights="weights")
