"""The same numbers where a processor rounds otherwise: OpenBLAS as it works on an old one, and on one of today.

Parameters that the data leave open, as those of the Pareto/NBD along a ridge, may end elsewhere: they are no part of this.
"""

import json
import os
import subprocess
import sys

import pytest

from idic_lab import meridian

WORK = """
import json, sys
import numpy as np, pandas as pd
from idic_lab.customize import pricing
from idic_lab.differentiate import clv, needs
from idic_lab.inference import nulls

sold = pd.read_parquet(sys.argv[1] + "/transactions.parquet")
summary = clv.summarise(sold)
fits = {name: clv.fit(summary, name) for name in ("bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma")}
told = {name: list(fit.params_) for name, fit in fits.items()}
told["clv"] = list(clv.value(fits["bg_nbd"], fits["gamma_gamma"], summary)["clv"])
yes = (np.random.default_rng(1).random((900, 12)) < 0.5).astype(float)
yes[::7, 3] = yes[:, 3].mean()
told["crowd"] = nulls.one_crowd(yes).draw(random_state=2).sum(axis=1).tolist()
for seed in range(6):
    told[f"segments {seed}"] = needs.segmenter("k_means", 4, seed).fit(yes).labels_.tolist()
shown = pd.read_parquet(sys.argv[1] + "/price_tests.parquet")
groups = pd.read_parquet(sys.argv[1] + "/groups.parquet")
told["prices"] = pricing.demand(shown, 4.0, groups).select_dtypes("number").to_numpy().ravel().tolist()
print(json.dumps(told))
"""


def test_fits_segments_and_prices_are_the_same_where_a_processor_rounds_otherwise(tmp_path):
    made = meridian.simulate(600, seed=3)
    groups = made.truth["people"][["customer_id", "need_segment"]].rename(columns={"need_segment": "segment"})
    held = {"groups": groups.assign(probability=0.8)} | {n: made.tables[n] for n in ("transactions", "price_tests")}
    for name, table in held.items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    told = []
    for core in ("Prescott", "Haswell"):  # ignored where there is no OpenBLAS, or no such processor
        env = os.environ | {"OPENBLAS_CORETYPE": core, "OMP_NUM_THREADS": "1"}
        work = subprocess.run([sys.executable, "-c", WORK, tmp_path], env=env, capture_output=True, text=True)
        assert work.returncode == 0, work.stderr
        told.append(json.loads(work.stdout))
    for name in told[0]:
        assert told[0][name] == pytest.approx(told[1][name], rel=1e-8), name
