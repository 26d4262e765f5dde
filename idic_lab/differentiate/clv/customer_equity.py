"""Customer equity: what all customers together are worth, and which groups of them hold it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError


def equity(values: pd.DataFrame, groups, worth: str = "residual_value") -> pd.DataFrame:
    """Number, total worth and mean worth of the customers in each group.

    Parameters
    ----------
    values : DataFrame
        Table ``customer_value``, as `value` gives it.
    groups : array of shape (n,)
        The group of each row, such as `frequency_class` or `rfm_cells` gives.
    worth : str
        Column of `values` to add up.

    Returns
    -------
    DataFrame
        ``group``, ``customers``, ``customer_share``, ``equity`` and ``mean_value`` (currency), ``equity_share``; the
        groups in their own order.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), tables 3 and 4; the term is that of
    Blattberg & Deighton (1996), Harvard Business Review 74(4).

    Examples
    --------
    >>> values = pd.DataFrame({"customer_id": ["a", "b", "c"], "residual_value": [1.0, 2.0, 7.0]})
    >>> equity(values, ["low", "low", "high"])
      group  customers  customer_share  equity  mean_value  equity_share
    0  high          1        0.333333     7.0         7.0           0.7
    1   low          2        0.666667     3.0         1.5           0.3
    """
    if worth not in values:
        raise DataError(f"The values have no column {worth!r}; found {', '.join(map(str, values.columns))}.")
    groups = np.asarray(groups)
    if groups.shape != (len(values),):
        raise DataError(
            f"groups has shape {groups.shape}, expected one for each of {len(values):,} customers."
        )
    table = values[worth].groupby(groups).agg(["size", "sum", "mean"]).reset_index()
    table.columns = ["group", "customers", "equity", "mean_value"]
    table = table.astype({"group": "str"})
    total = table["equity"].sum()
    table.insert(2, "customer_share", table["customers"] / len(values))
    return table.assign(equity_share=table["equity"] / total if total else 0.0)


def frequency_class(summary: pd.DataFrame, pool: int = 7) -> np.ndarray:
    """Number of repeat purchases as text, pooled at the top: "0", "1", ..., "7+".

    Examples
    --------
    >>> frequency_class(pd.DataFrame({"frequency": [0, 3, 12]})).tolist()
    ['0', '3', '7+']
    """
    counts = summary["frequency"].to_numpy(dtype="int64")
    return np.where(counts >= pool, f"{pool}+", counts.astype(str))


def rfm_cells(summary: pd.DataFrame) -> np.ndarray:
    """The recency, frequency and monetary tercile of each customer: "333" is best, "000" without a repeat.

    Terciles are taken among customers who bought again, each measure by itself, so they need not be of one size where
    many tie; all who tie share the higher tercile their middle rank falls in.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), table 3.

    Examples
    --------
    >>> summary = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 9.0, 20.0, 30.0],
    ...     "T": [38.0, 38.0, 38.0, 38.0], "monetary_value": [0.0, 30.0, 20.0, 10.0]})
    >>> rfm_cells(summary).tolist()
    ['000', '113', '222', '331']
    """
    for name in ("frequency", "recency", "T", "monetary_value"):
        if name not in summary:
            raise DataError(f"The summary needs the column {name!r}.")
    repeaters = (summary["frequency"] > 0).to_numpy()
    cells = np.full(len(summary), "000")
    measures = {
        "recency": summary["recency"] - summary["T"],  # minus the time since the last purchase
        "frequency": summary["frequency"],
        "monetary_value": summary["monetary_value"],
    }
    codes = [_tercile(values[repeaters]) for values in measures.values()]
    cells[repeaters] = ["".join(code) for code in zip(*codes, strict=True)]
    return cells


def _tercile(values: pd.Series) -> np.ndarray:
    share = values.rank(method="average", pct=True).to_numpy()
    return np.clip(np.ceil(share * 3 - 1e-9), 1, 3).astype("int64").astype(str)
