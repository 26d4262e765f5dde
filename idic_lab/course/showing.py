"""Tables as a reader wants them: words to the left, numbers to the right with thousands and few decimals."""

from __future__ import annotations

import hashlib

import pandas as pd
from pandas.io.formats.style import Styler


def show(
    table: pd.DataFrame, formats: dict[str, str] | None = None, index: bool = False, rows: int = 30
) -> Styler:
    """A table formatted for reading.

    Parameters
    ----------
    table : DataFrame
    formats : dict of str to str, optional
        Format per column in the manner of ``str.format``, as in ``{"share": "{:.0%}"}``. Without one, whole numbers get
        thousands separators, other numbers two decimals, dates their day.
    index : bool
        Show the index too.
    rows : int
        At most so many rows; the caption says how many there are when some are left out.

    Returns
    -------
    pandas Styler
        Its HTML is the same every time, so that a saved notebook does not change.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["loyal"], "customers": [1200], "share": [0.125]})
    >>> "1,200" in show(table, {"share": "{:.1%}"}).to_html()
    True
    """
    shown = table.head(rows)
    left = [name for name in shown if not pd.api.types.is_numeric_dtype(shown[name])]
    identity = hashlib.sha256(shown.to_csv().encode()).hexdigest()[:8]
    style = _Shown(shown, uuid=identity, cell_ids=False).format(_formats(shown, formats or {}), na_rep="–")
    words = [shown.columns.get_loc(name) for name in left]
    style = style.set_table_styles(
        [{"selector": f".col{position}", "props": "text-align: left"} for position in words]
        + [{"selector": "caption", "props": "caption-side: bottom; text-align: left; font-style: italic"}]
    )
    if len(table) > rows:
        style = style.set_caption(f"The first {rows:,} of {len(table):,} rows.")
    return style if index else style.hide(axis="index")


class _Shown(Styler):
    """A Styler whose plain text is the table, not an address in memory."""

    def __repr__(self) -> str:
        return self.data.to_string(index=not self.hide_index_[0])


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
            chosen[name] = "{:,.2f}"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            chosen[name] = "{:%Y-%m-%d}"
    return chosen
