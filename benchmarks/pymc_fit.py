"""Fit with pymc-marketing, MAP under flat priors: run by an interpreter that has it, and nothing of ours."""

import json
import resource
import sys
import time
import warnings

import pandas as pd

warnings.simplefilter("ignore")
from pymc_extras.prior import Prior  # noqa: E402
from pymc_marketing import clv  # noqa: E402


def main() -> None:
    summary = pd.read_parquet(sys.argv[1])
    began = time.perf_counter()
    flat = Prior("HalfFlat")
    purchases = clv.BetaGeoModel(model_config={name: flat for name in ("alpha", "r", "a", "b")})
    purchases.fit(data=summary[["customer_id", "frequency", "recency", "T"]], method="map", progressbar=False)
    repeaters = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = clv.GammaGammaModel(model_config={name: flat for name in ("p", "q", "v")})
    spend.fit(data=repeaters[["customer_id", "frequency", "monetary_value"]], method="map", progressbar=False)
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "bg_nbd": _parameters(purchases, {"r": "r", "alpha": "alpha", "a": "a", "b": "b"}),
                "gamma_gamma": _parameters(spend, {"p": "p", "q": "q", "v": "gamma"}),
                "seconds": seconds,
                "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


def _parameters(model, names: dict) -> dict:
    return {ours: float(model.idata.posterior[theirs].mean()) for theirs, ours in names.items()}


if __name__ == "__main__":
    main()
