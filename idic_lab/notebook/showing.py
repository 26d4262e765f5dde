"""Tables as a reader wants them: words to the left, numbers to the right with thousands and few decimals."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler


def show(
    table: pd.DataFrame,
    formats: dict[str, str] | None = None,
    index: bool = False,
    rows: int = 30,
    units: str | None = None,
) -> Styler:
    """A table formatted for reading.

    Parameters
    ----------
    table : DataFrame
    formats : dict of str to str, optional
        Format per column in the manner of ``str.format``, as in ``{"share": "{:.0%}"}``. Without one, whole numbers get
        thousands separators (counts stored as decimals too), other numbers two decimals, dates their day.
    index : bool
        Show the index too.
    rows : int
        At most so many rows; the caption says how many there are when some are left out.
    units : str, optional
        Column that names the unit of each row: numbers without a format of their own are then written as their row's
        unit asks, shares in percent and customers whole.

    Returns
    -------
    pandas Styler
        Its HTML is the same every time, so that a saved notebook does not change.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["loyal"], "customers": [1200], "share": [0.125]})
    >>> "1,200" in show(table, {"share": "{:.1%}"}).to_html()
    True
    >>> measures = pd.DataFrame({"kpi": ["churn", "revenue"], "value": [0.25, 9000.0], "unit": ["share", "currency"]})
    >>> page = show(measures, units="unit").to_html()
    >>> "25.0%" in page and "9,000.00" in page
    True
    >>> counts = pd.DataFrame({"missed": [3796.0, None], "share": [1.0, 0.0]})
    >>> page = show(counts).to_html()
    >>> "3,796<" in page and "1.00" in page
    True
    """
    shown = table.head(rows)
    left = [name for name in shown if not pd.api.types.is_numeric_dtype(shown[name])]
    identity = hashlib.sha256(shown.to_csv().encode()).hexdigest()[:8]
    style = _Shown(shown, uuid=identity, cell_ids=False).format(
        _formats(shown, formats or {}), na_rep="–", escape="html"
    )
    style = style.format_index(escape="html", axis="columns").format_index(escape="html", axis="index")
    if units:
        style = _in_units(style, shown, units, formats or {})
    words = [shown.columns.get_loc(name) for name in left]
    style = style.set_table_styles(
        [{"selector": f".col{position}", "props": "text-align: left"} for position in words]
        + [{"selector": "caption", "props": "caption-side: bottom; text-align: left; font-style: italic"}]
    )
    if len(table) > rows:
        style = style.set_caption(f"The first {rows:,} of {len(table):,} rows.")
    return style if index else style.hide(axis="index")


_UNIT_FORMATS = {"customers": "{:,.0f}", "points": "{:+,.1f}"}


class _Shown(Styler):
    """A Styler whose plain text is the table, not an address in memory."""

    def __repr__(self) -> str:
        return self.data.to_string(index=not self.hide_index_[0])


def _in_units(style: Styler, table: pd.DataFrame, units: str, given: dict[str, str]) -> Styler:
    numbers = [name for name in table if pd.api.types.is_float_dtype(table[name].dtype) and name not in given]
    for unit in table[units].unique():
        form = "{:.1%}" if unit.startswith("share") else _UNIT_FORMATS.get(unit, "{:,.2f}")
        of_unit = table.index[table[units] == unit]
        style = style.format(dict.fromkeys(numbers, form), na_rep="–", subset=(of_unit, numbers))
    return style


def _formats(table: pd.DataFrame, given: dict[str, str]) -> dict:
    chosen = {}
    for name, dtype in table.dtypes.items():
        if name in given:
            chosen[name] = given[name]
        elif pd.api.types.is_bool_dtype(dtype):
            continue
        elif pd.api.types.is_integer_dtype(dtype):
            chosen[name] = "{:,}"
        elif pd.api.types.is_float_dtype(dtype):
            chosen[name] = "{:,.0f}" if _are_counts(table[name]) else "{:,.2f}"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            chosen[name] = "{:%Y-%m-%d}"
    return chosen


def _are_counts(numbers: pd.Series) -> bool:
    """Whole numbers throughout, not all of them 0 or 1: counts that became decimals beside others, or for a missing one."""
    known = numbers.dropna().to_numpy(float)
    return bool(len(known) and (known == np.round(known)).all() and np.abs(known).max() > 1)
