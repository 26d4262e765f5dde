"""What each thing costs that a fit, a value or an interval can have beside the plain one: ratios within one run."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd

from benchmarks import data, lifetime_value
from benchmarks.case import OURS, Case
from benchmarks.simulated import LAST_DAY
from idic_lab.differentiate import audit, clv


def with_traits(customers: int) -> pd.DataFrame:
    """A summary with a trait of two values, a trait of as many as there are customers, and contracts."""
    rng = np.random.default_rng(1)
    traits = {"web": rng.random(customers) < 0.3, "age": rng.normal(40, 12, customers)}
    tenure = np.minimum(rng.geometric(rng.beta(0.7, 1.2, customers)), 12)
    return data.summary(customers).assign(**traits, tenure=tenure, churned=tenure < 12)


def fitted(model: str = "bg_nbd", **how) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda summary: clv.fit(summary, model, **how).summary()


FITS = Case(
    name="fits",
    title="Fits beside the plain BG/NBD",
    unit="customers",
    sizes=(100_000,),
    data=with_traits,
    alternatives={
        "BG/NBD": fitted(),
        "with a trait of two values": fitted(covariates=["web"]),
        "with an age, another for each": fitted(covariates=["age"]),
        "MBG/NBD": fitted("mbg_nbd"),
        "Pareto/NBD": fitted("pareto_nbd"),
        "Gamma-Gamma": fitted("gamma_gamma"),
        "Gamma-Gamma with a trait of two values": fitted("gamma_gamma", covariates=["web"]),
        "contracts, shifted beta-geometric": fitted("sbg"),
        "contracts, beta-discrete-Weibull": fitted("bdw"),
    },
    repeats=3,
    quick=2000,
)


def followed(transactions: pd.DataFrame, in_season: bool) -> pd.DataFrame:
    """A fit from the transactions, with or without the season found first."""
    season = clv.season(transactions) if in_season else None
    return clv.fit(clv.summarise(transactions, LAST_DAY, season=season)).summary()


SEASON = Case(
    name="season",
    title="Summary and fit of BG/NBD from transactions",
    unit="customers",
    sizes=(100_000,),
    data=lambda size: data.transactions(size, "integer"),
    alternatives={
        "without a season": lambda transactions: followed(transactions, False),
        "the season found and followed": lambda transactions: followed(transactions, True),
    },
    repeats=3,
    quick=2000,
)

INTERVALS = Case(
    name="intervals",
    title="Values and their intervals",
    unit="customers",
    sizes=(1_000_000,),
    data=lifetime_value.with_models,
    alternatives={
        "values": lambda given: clv.value(given[1], given[2], given[0]),
        "interval of all purchases": lambda given: clv.total_interval(given[1], given[0], 365),
        "interval of each one's purchases": lambda given: clv.predict_interval(given[1], given[0], 365),
        "interval of the equity": lambda given: clv.equity_interval(given[1], given[2], given[0]),
    },
    repeats=3,
    quick=2000,
)


def audited(folder) -> pd.DataFrame:
    """The five findings of an audit, from Parquet through DuckDB."""
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '6GB'")
        return audit.findings(connection.from_parquet(str(folder / "*.parquet"))).astype(str)


AUDIT = Case(
    name="audit",
    title="Audit of a customer base by number of transactions",
    unit="transactions",
    sizes=(1_000_000, 10_000_000),
    data=lambda size: data.transactions_folder(lifetime_value.customers_for(size), "integer"),
    alternatives={OURS: audited},
    repeats=1,
    quick=5000,
)

CASES = [FITS, SEASON, INTERVALS, AUDIT]
