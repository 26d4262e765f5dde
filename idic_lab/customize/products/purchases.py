"""Who bought what, as a matrix, and the split of the order lines in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from idic_lab.errors import DataError


@dataclass(frozen=True)
class PurchaseMatrix:
    """Order lines as a matrix of customers by products.

    Attributes
    ----------
    counts : csr_array, shape (customers, products)
        In how many orders the customer bought the product.
    customers, products : Index
        What rows and columns stand for, sorted.
    """

    counts: sparse.csr_array
    customers: pd.Index
    products: pd.Index

    def rows(self, customers: pd.Index) -> np.ndarray:
        """Row of each customer; -1 for those without a purchase."""
        return self.customers.get_indexer(customers)


def purchase_matrix(order_lines: pd.DataFrame) -> PurchaseMatrix:
    """In how many orders each customer bought each product; returns are left out.

    Parameters
    ----------
    order_lines : DataFrame
        ``order_id``, ``customer_id``, ``product_id``, ``quantity`` (units, negative for a return).

    Returns
    -------
    PurchaseMatrix

    Examples
    --------
    >>> lines = pd.DataFrame({"order_id": ["1", "1", "2"], "customer_id": ["a", "a", "a"],
    ...                       "product_id": ["x", "y", "x"], "quantity": [1.0, 2.0, 1.0]})
    >>> purchase_matrix(lines).counts.toarray()
    array([[2., 1.]])
    """
    bought = purchases(order_lines).drop_duplicates(["order_id", "customer_id", "product_id"])
    customers, products = (pd.Index(np.sort(bought[name].unique())) for name in ("customer_id", "product_id"))
    row, column = customers.get_indexer(bought["customer_id"]), products.get_indexer(bought["product_id"])
    counts = sparse.coo_array((np.ones(len(bought)), (row, column)), shape=(len(customers), len(products)))
    return PurchaseMatrix(counts.tocsr(), customers, products)


def purchases(order_lines: pd.DataFrame) -> pd.DataFrame:
    """The order lines that are purchases (quantity above 0); DataError when there is none."""
    bought = order_lines[order_lines["quantity"] > 0]
    if bought.empty:
        raise DataError("order_lines holds no purchase (a line with a quantity above 0).")
    return bought


def split_in_time(order_lines: pd.DataFrame, cut: str | pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Order lines before a day, to learn from, and from that day on, to be judged on.

    Parameters
    ----------
    order_lines : DataFrame
        With ``date``.
    cut : date
        First day of the second part.

    Returns
    -------
    before, after : DataFrame

    Raises
    ------
    DataError
        When one of the parts would be empty.

    Examples
    --------
    >>> lines = pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-02-01"])})
    >>> [len(part) for part in split_in_time(lines, "2024-02-01")]
    [1, 1]
    """
    cut = pd.Timestamp(cut)
    before, after = order_lines[order_lines["date"] < cut], order_lines[order_lines["date"] >= cut]
    if before.empty or after.empty:
        first, last = order_lines["date"].min(), order_lines["date"].max()
        raise DataError(
            f"The cut {cut:%Y-%m-%d} leaves one part without order lines; they run from {first:%Y-%m-%d} "
            f"to {last:%Y-%m-%d}."
        )
    return before, after
