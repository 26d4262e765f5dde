"""From lines of invoices to orders: purchases and returns kept apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

_CENT = 0.005


def is_return(lines: pd.DataFrame) -> np.ndarray:
    """Which lines give money back: a negative amount or quantity, or the number of a cancellation.

    An order number is that of a cancellation when it is a C before digits while other orders have digits alone; in a
    file whose numbers all begin with C, the C means nothing.

    Parameters
    ----------
    lines : DataFrame
        Columns amount and, if there are any, quantity and order_id.

    Returns
    -------
    array of bool, shape (n_lines,)

    Examples
    --------
    >>> lines = pd.DataFrame({"amount": [9.0, -9.0, 0.0], "order_id": ["536365", "C536379", "536366"]})
    >>> is_return(lines).tolist()
    [False, True, False]
    """
    returned = (lines["amount"] < 0).to_numpy()
    if "quantity" in lines:
        returned = returned | (lines["quantity"] < 0).to_numpy()
    if "order_id" in lines:
        codes, numbers = pd.factorize(lines["order_id"])
        numbers = pd.Series(np.asarray(numbers, dtype=object), dtype="str")
        if numbers.str.fullmatch(r"\d+").any():
            cancelled = np.append(numbers.str.fullmatch(r"[Cc]\d+").to_numpy(dtype=bool), False)
            returned = returned | cancelled[codes]
    return returned


def tables_of(lines: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """``transactions``, ``order_lines`` when the lines name products, and remarks for the card.

    Parameters
    ----------
    lines : DataFrame
        Accepted lines: customer_id, date, amount, is_return, and what else there is of quantity, unit_price,
        order_id, product_id, description and country.
    """
    notes = []
    if "order_id" in lines:
        transactions = _per_order(lines)
        unit = "lines were summed to one row per customer, order and day, returns kept apart"
        notes.append(f"{len(lines):,} {unit}: {len(transactions):,} rows")
        odd = int((lines["is_return"] & (lines["amount"] > 0)).sum())
        if odd:
            notes.append(
                f"{odd:,} lines of cancellations have a positive amount; their sign was left as it is"
            )
    else:
        keep = [name for name in ("customer_id", "date", "amount", "quantity") if name in lines]
        transactions = lines[keep].copy()
    made = {"transactions": transactions}
    if {"order_id", "product_id", "quantity", "unit_price"} <= set(lines):
        made["order_lines"], remarks = _order_lines(lines)
        notes += remarks
    return made, notes


def _per_order(lines: pd.DataFrame) -> pd.DataFrame:
    # Grouping by integer codes is several times quicker than by text. A line without an order number is an order of
    # its own: nothing says that two of them belong together.
    order, _ = pd.factorize(lines["order_id"])
    alone = order < 0
    order = np.where(alone, -1 - np.arange(len(lines)), order)
    customer, _ = pd.factorize(lines["customer_id"])
    keys = pd.DataFrame(
        {
            "customer": customer,
            "order": order,
            "day": lines["date"].to_numpy(),
            "is_return": lines["is_return"].to_numpy(),
        }
    )
    group = keys.groupby(["customer", "order", "day", "is_return"], sort=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    count = len(first)
    made = lines.iloc[first][["customer_id", "date"]].reset_index(drop=True)
    # Sums of decimals carry dust such as 1e-14, which would make a row of 0 look like a purchase.
    made["amount"] = np.round(np.bincount(group, lines["amount"], count), 6)
    if "quantity" in lines:
        made["quantity"] = np.bincount(group, lines["quantity"].fillna(0), count)
        unknown = np.bincount(group, lines["quantity"].notna(), count) == 0
        made.loc[unknown, "quantity"] = np.nan
    made["order_id"] = lines["order_id"].iloc[first].to_numpy(dtype=object)
    return made.astype({"order_id": "str"})


def _order_lines(lines: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    whole = lines[["order_id", "product_id", "quantity", "unit_price"]].notna().all(axis=1)
    if not whole.all():
        notes.append(
            f"{int((~whole).sum()):,} lines lack an order, product, quantity or price: not in order_lines"
        )
    wanted = ["order_id", "customer_id", "date", "product_id", "quantity", "unit_price", "amount"]
    wanted += [name for name in ("description", "country") if name in lines]
    made = lines.loc[whole, wanted].reset_index(drop=True)
    differs = (made["amount"] - made["quantity"] * made["unit_price"]).abs() > _CENT
    mended = differs & (made["quantity"] != 0)
    if differs.any():
        made.loc[mended, "unit_price"] = made["amount"][mended] / made["quantity"][mended]
        notes.append(
            f"{int(differs.sum()):,} lines whose amount is not quantity times unit price, as with discounts; "
            "in order_lines the price is amount divided by quantity"
        )
    return made, notes
