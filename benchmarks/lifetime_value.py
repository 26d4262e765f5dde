"""The three lines of lifetime value: summary, fit, value; ours, lifetimes', and by hand."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks import data, reference
from benchmarks.by_hand import fit_by_hand, summary_in_duckdb, summary_in_pandas, value_by_hand
from benchmarks.case import OURS, Case, NotInstalled, Target
from benchmarks.simulated import IDS, LAST_DAY
from idic_lab.differentiate import clv

MONTHS = range(30, 361, 30)  # lifetimes' months of thirty days
MONTHLY_RATE = 0.01
ANNUAL_RATE = (1 + MONTHLY_RATE) ** (365 / 30) - 1
MODELS = ("bg_nbd", "gamma_gamma")
CUSTOMERS_OF = {10_000_000: 1_920_000}  # that make a little over so many transactions


def customers_for(transactions: int) -> int:
    """Customers who make about so many transactions."""
    return CUSTOMERS_OF.get(transactions, max(transactions // 5, 100))


def summary_of_lifetimes(transactions: pd.DataFrame) -> pd.DataFrame:
    package = reference.lifetimes()
    with reference.quietly():
        return package.utils.summary_data_from_transaction_data(
            transactions, "customer_id", "date", "amount", observation_period_end=LAST_DAY
        ).reset_index()


def summary_of_ours(transactions: pd.DataFrame) -> pd.DataFrame:
    return clv.summarise(transactions, LAST_DAY, unit_days=1)


def summary_differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Customers in one table alone, and the largest difference in any column."""
    first, second = (table.sort_values("customer_id").reset_index(drop=True) for table in (ours, theirs))
    if len(first) != len(second) or not (first["customer_id"] == second["customer_id"]).all():
        return {"customers": abs(len(first) - len(second)) or 1, "largest difference": np.inf}
    columns = ["frequency", "recency", "T", "monetary_value"]
    return {"customers": 0, "largest difference": np.abs(first[columns] - second[columns]).to_numpy().max()}


def summary_case(ids: str) -> Case:
    """The summary of ten million transactions whose customers are known by some kind of id."""
    main = ids == "long text"
    return Case(
        name="summary" if main else f"summary, {ids}",
        title=f"Summary per customer (ids: {ids})",
        unit="transactions",
        sizes=(10_000_000,),
        data=lambda size: data.transactions(customers_for(size), ids),
        alternatives={
            OURS: summary_of_ours,
            "lifetimes": summary_of_lifetimes,
            "pandas by hand": summary_in_pandas,
            "DuckDB by hand": summary_in_duckdb,
        },
        differences=summary_differences,
        allowed={"customers": 0, "largest difference": 1e-6},
        target=Target("lifetimes", 4, 10_000_000),
        repeats=5 if main else 3,
        quick=5000,
    )


def fits_of_ours(summary: pd.DataFrame) -> pd.DataFrame:
    fitted = [clv.fit(summary, model) for model in MODELS]
    return _row({model.model: (model.params_, model.log_likelihood_) for model in fitted})


def fits_of_lifetimes(summary: pd.DataFrame) -> pd.DataFrame:
    repeaters = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    return _row({"bg_nbd": reference.fit(summary, "bg_nbd"), "gamma_gamma": reference.fit(repeaters, "gamma_gamma")})


def fits_of_pymc_marketing(summary: pd.DataFrame) -> pd.DataFrame:
    """MAP with flat priors, in the interpreter that IDIC_LAB_PYMC_PYTHON names: it wants packages of its own."""
    python = os.environ.get("IDIC_LAB_PYMC_PYTHON")
    if not python:
        raise NotInstalled("set IDIC_LAB_PYMC_PYTHON to an interpreter that has pymc-marketing")
    path = data.HOME / f"for-pymc-{os.getpid()}.parquet"
    summary.to_parquet(path)
    try:
        script = Path(__file__).with_name("pymc_fit.py")
        done = subprocess.run([python, str(script), str(path)], capture_output=True, text=True)
    finally:
        path.unlink()
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    told = json.loads(done.stdout.strip().splitlines()[-1])
    found = {model: (pd.Series(told[model]), log_likelihood(model, told[model], summary)) for model in MODELS}
    answer = _row(found)
    answer.attrs |= {"seconds": told["seconds"], "peak_memory": told["peak_memory"]}
    return answer


def log_likelihood(model: str, parameters: dict, summary: pd.DataFrame) -> float:
    """Of all customers, by our own function, which the tests hold to the published values."""
    likelihood = clv.from_parameters(model, **parameters).likelihood
    if model == "gamma_gamma":
        summary = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    rows = {name: summary[name].to_numpy(float) for name in likelihood.columns}
    rows["weights"] = np.ones(len(summary))
    theta = np.array([parameters[name] for name in likelihood.parameters], float)
    return float(likelihood.log_likelihood(theta, rows)[0])


def _row(found: dict) -> pd.DataFrame:
    numbers = {}
    for model, (parameters, likelihood) in found.items():
        numbers |= {f"{model} {name}": float(value) for name, value in parameters.items()}
        numbers[f"{model} log-likelihood"] = float(likelihood)
    return pd.DataFrame([numbers])


def fit_differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Difference in log-likelihood, and the largest relative difference in a parameter."""
    likelihoods = [name for name in ours if name.endswith("log-likelihood")]
    parameters = [name for name in ours if name not in likelihoods]
    # By how much ours is lower: an alternative that stops short of the top does not count against us.
    lower = (theirs[likelihoods] - ours[likelihoods]).to_numpy().max()
    return {
        "log-likelihood": np.abs(ours[likelihoods] - theirs[likelihoods]).to_numpy().max(),
        "log-likelihood, ours lower by": max(lower, 0.0),
        "parameters": np.abs(theirs[parameters] / ours[parameters] - 1).to_numpy().max(),
    }


FIT = Case(
    name="fit",
    title="BG/NBD and Gamma-Gamma, daily data",
    unit="customers",
    sizes=(1_000_000,),
    data=data.summary,
    alternatives={
        OURS: fits_of_ours,
        "lifetimes": fits_of_lifetimes,
        "likelihood by hand": lambda summary: _row(fit_by_hand(summary)),
        "pymc-marketing, MAP": fits_of_pymc_marketing,
    },
    differences=fit_differences,
    allowed={"log-likelihood": 0.01, "parameters": 1e-4},
    target=Target("lifetimes", 12, 1_000_000),
    quick=2000,
)


def with_models(customers: int) -> tuple:
    """The summary of so many customers, and models fitted to it."""
    summary = data.summary(customers)
    return summary, clv.fit(summary, "bg_nbd"), clv.fit(summary, "gamma_gamma")


def value_of_ours(given: tuple) -> pd.DataFrame:
    summary, model, spend = given
    return clv.value(model, spend, summary, annual_discount_rate=ANNUAL_RATE, payment_days=MONTHS)


def value_of_lifetimes(given: tuple) -> pd.DataFrame:
    summary, model, spend = given
    package = reference.lifetimes()
    with reference.quietly():
        theirs, theirs_spend = package.BetaGeoFitter(), package.GammaGammaFitter()
        theirs.params_ = model.params_
        theirs_spend.params_ = spend.params_.rename({"gamma": "v"})
        theirs.predict = theirs.conditional_expected_number_of_purchases_up_to_time
        columns = [summary[name] for name in ("frequency", "recency", "T", "monetary_value")]
        found = theirs_spend.customer_lifetime_value(theirs, *columns, time=12, discount_rate=MONTHLY_RATE, freq="D")
    return pd.DataFrame({"customer_id": summary["customer_id"], "clv": found.to_numpy()})


def value_differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Largest relative difference in lifetime value."""
    gap = np.abs(ours["clv"].to_numpy() - theirs["clv"].to_numpy())
    return {"value": (gap / np.maximum(np.abs(theirs["clv"].to_numpy()), 1e-9)).max()}


VALUE = Case(
    name="value",
    title="Lifetime value, twelve months",
    unit="customers",
    sizes=(1_000_000,),
    data=with_models,
    alternatives={
        OURS: value_of_ours,
        "lifetimes": value_of_lifetimes,
        "by hand": lambda given: value_by_hand(*given, MONTHS, MONTHLY_RATE),
    },
    differences=value_differences,
    allowed={"value": 1e-6},
    target=Target("lifetimes", 6, 1_000_000),
    quick=2000,
)


def engine_summary(given, made: str) -> pd.DataFrame:
    """Our summary with the transactions in another engine, read from Parquet within the time."""
    pattern = str(given / "*.parquet")
    if made == "pandas":
        return summary_of_ours(pd.read_parquet(given))
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        if made == "DuckDB":
            return clv.summarise(connection.from_parquet(pattern), LAST_DAY, unit_days=1).df()
    if made == "Arrow":
        import pyarrow.parquet as pq

        return clv.summarise(pq.read_table(given), LAST_DAY, unit_days=1).to_pandas()
    try:
        import polars
    except ImportError:
        raise NotInstalled("Polars is not installed") from None
    return clv.summarise(polars.scan_parquet(pattern), LAST_DAY, unit_days=1).collect().to_pandas()


ENGINES = Case(
    name="engines",
    title="Our summary by engine, from Parquet",
    unit="transactions",
    sizes=(10_000_000,),
    data=lambda size: data.transactions_folder(customers_for(size)),
    alternatives={
        f"{engine}": (lambda given, engine=engine: engine_summary(given, engine))
        for engine in ("pandas", "DuckDB", "Arrow", "Polars")
    },
    differences=summary_differences,
    allowed={"customers": 0, "largest difference": 1e-6},
    repeats=3,
    quick=5000,
)

CASES = [summary_case("long text"), FIT, VALUE, ENGINES, *(summary_case(ids) for ids in IDS if ids != "long text")]
