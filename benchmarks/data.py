"""Data that the cases share, made once and kept in the folder for caches."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from benchmarks import simulated
from idic_lab.differentiate import clv

HOME = Path(os.environ.get("IDIC_LAB_HOME") or Path.home() / ".cache" / "idic-lab") / "benchmarks"


def transactions_folder(customers: int, ids: str = "long text") -> Path:
    """Parquet files with the transactions of so many customers."""
    return simulated.write(HOME / f"{ids.replace(' ', '-')}-{customers}", customers, ids=ids)


def transactions(customers: int, ids: str = "long text") -> pd.DataFrame:
    """The transactions of so many customers, as pandas."""
    return pd.read_parquet(transactions_folder(customers, ids))


def summary(customers: int) -> pd.DataFrame:
    """Their summary in days."""
    path = HOME / f"summary-{customers}.parquet"
    if not path.exists():
        made = clv.summarise(transactions(customers, "integer"), simulated.LAST_DAY, unit_days=1)
        made.to_parquet(path.with_suffix(".partial"))
        path.with_suffix(".partial").rename(path)
    return pd.read_parquet(path).assign(unit_days=1.0)
