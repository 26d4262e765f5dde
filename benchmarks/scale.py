"""How cost grows: the steps of lifetime value by customers, identity resolution by records, a study by cells."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from benchmarks import data
from benchmarks.case import OURS, Case
from benchmarks.simulated import LAST_DAY
from idic_lab import identify
from idic_lab.compare import compare, stability
from idic_lab.differentiate import clv, rfm
from idic_lab.meridian.settings import settings
from idic_lab.meridian.simulation import blocks

CUSTOMERS = (10_000, 100_000, 1_000_000, 10_000_000)
RECORDS_PER_PERSON = 3.155


def steps(folder: Path) -> pd.DataFrame:
    """Every step of lifetime value on one set of transactions, each with its time."""
    transactions = pd.read_parquet(folder)
    seconds = {}

    def timed(name, function, *arguments, **options):
        began = time.perf_counter()
        found = function(*arguments, **options)
        seconds[name] = time.perf_counter() - began
        return found

    timed("rfm", rfm.summarise, transactions, LAST_DAY)
    summary = timed("summary", clv.summarise, transactions, LAST_DAY, unit_days=1)
    model = timed("fit BG/NBD", clv.fit, summary, "bg_nbd")
    spend = timed("fit Gamma-Gamma", clv.fit, summary, "gamma_gamma")
    timed("value", clv.value, model, spend, summary)
    answer = pd.DataFrame([{"customers": len(summary)}])
    size = sum(path.stat().st_size for path in folder.iterdir())
    facts = {"transactions": len(transactions), "bytes_on_disk": size}
    answer.attrs = {"seconds": sum(seconds.values()), "facts": facts | {"steps": seconds}}
    return answer


GROWTH = Case(
    name="growth",
    title="Lifetime value by number of customers",
    unit="customers",
    sizes=CUSTOMERS,
    data=data.transactions_folder,
    alternatives={OURS: steps},
    repeats=3,
    quick=2000,
)


def simulated_records(records: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """About so many records of Meridian, and who they belong to."""
    seen, planted = [], []
    for tables, truth in blocks(round(records / RECORDS_PER_PERSON), seed, settings("default")):
        if "source_records" in tables:  # the last pair holds what there is once
            seen.append(tables["source_records"])
            planted.append(truth["record_owners"])
    return pd.concat(seen, ignore_index=True), pd.concat(planted, ignore_index=True)


def resolved(given: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    """Resolve the records, with precision and recall against the truth."""
    records, truth = given
    began = time.perf_counter()
    links = identify.resolve(records, random_state=1).links
    seconds = time.perf_counter() - began
    quality = identify.pairwise(links, truth)
    answer = pd.DataFrame([{"records": len(records)}])
    facts = {"records": len(records)} | {name: float(quality[name]) for name in ("precision", "recall", "f1")}
    answer.attrs = {"seconds": seconds, "facts": facts}
    return answer


IDENTITY = Case(
    name="identity",
    title="Identity resolution by number of records",
    unit="records",
    sizes=(10_000, 30_000, 100_000),
    data=simulated_records,
    alternatives={OURS: resolved},
    repeats=3,
    quick=1500,
)
IDENTITY_LARGE = Case(
    name="identity, large",
    title="Identity resolution by number of records",
    unit="records",
    sizes=(250_000, 1_000_000),
    data=simulated_records,
    alternatives={OURS: resolved},
    repeats=1,
    quick=1500,
)

SOLUTIONS, SEGMENTS = 20, 5


def features(customers: int) -> np.ndarray:
    """Four standardised measures of so many customers, without structure."""
    return np.random.default_rng(1).normal(size=(customers, 4))


def bootstrap_of_ours(X: np.ndarray) -> pd.DataFrame:
    solutions = stability.bootstrap_labels(KMeans(SEGMENTS, n_init=3), X, SOLUTIONS, random_state=1)
    return pd.DataFrame({"ari": stability.global_stability(solutions)})


def bootstrap_by_hand(X: np.ndarray) -> pd.DataFrame:
    """Fit, predict and compare with scikit-learn alone."""
    rng, solutions = np.random.default_rng(1), []
    for _ in range(SOLUTIONS):
        sample = X[rng.integers(0, len(X), len(X))]
        one = clone(KMeans(SEGMENTS, n_init=3)).set_params(random_state=int(rng.integers(2**31)))
        solutions.append(one.fit(sample).predict(X))
    pairs = zip(solutions[::2], solutions[1::2], strict=True)
    return pd.DataFrame({"ari": [adjusted_rand_score(first, second) for first, second in pairs]})


BOOTSTRAP = Case(
    name="bootstrap",
    title="Bootstrap of the workbench: 20 k-means solutions, 10 pairs",
    unit="customers",
    sizes=(20_000,),
    data=features,
    alternatives={OURS: bootstrap_of_ours, "scikit-learn by hand": bootstrap_by_hand},
    differences=lambda ours, theirs: {"adjusted Rand index": np.abs(ours - theirs).to_numpy().max()},
    allowed={"adjusted Rand index": 1e-12},
    quick=500,
)


def studied(seeds: int) -> pd.DataFrame:
    """A small study with so many seeds, two cells for each, on one core."""
    study = {
        "name": "growth",
        "datasets": ["cdnow_sample"],
        "methods": ["k_means", "rfm_quintiles"],
        "k": [5],
        "seeds": seeds,
        "criteria": ["global_stability", "holdout_value", "internal_indices"],
        "effort": {"pairs": 3, "null_sets": 2, "null_pairs": 1, "customers": 500},
    }
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        outcome = compare(study, out=folder, jobs=1, tell=lambda line: None, progress=False)
    answer = pd.DataFrame([{"cells": outcome.computed}])
    answer.attrs = {
        "seconds": time.perf_counter() - began,
        "facts": {"cells": outcome.computed, "failed": outcome.failed},
    }
    return answer


STUDY = Case(
    name="study",
    title="A study by number of cells",
    unit="seeds",
    sizes=(2, 8, 32),
    data=lambda seeds: seeds,
    alternatives={OURS: studied},
    repeats=3,
    quick=1,
)

CASES = [BOOTSTRAP, GROWTH, STUDY, IDENTITY, IDENTITY_LARGE]
