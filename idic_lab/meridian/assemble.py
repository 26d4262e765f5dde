"""As many blocks of people as asked for, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.errors import DataError
from idic_lab.meridian import costs, products, satisfaction
from idic_lab.meridian.blocks import block_tables
from idic_lab.meridian.planted import constant_truth, parameter_truth, policy_sums, policy_table
from idic_lab.meridian.settings import BLOCK, PEOPLE, SEED, Settings, settings


@dataclass
class Meridian:
    """A simulated retailer.

    Attributes
    ----------
    tables : dict of str to DataFrame
        What the retailer sees, each table by its contract in :mod:`idic_lab.tables`.
    truth : dict of str to DataFrame
        What was planted; only checks look at it.
    settings : Settings
    seed : int
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]
    settings: Settings
    seed: int

    def __repr__(self) -> str:
        return f"Meridian({len(self.truth['people']):,} people, {len(self.tables)} tables, seed {self.seed})"


def simulate(
    n: int = PEOPLE, seed: int = SEED, difficulty: str | Settings = "default", **switches: bool
) -> Meridian:
    """Simulate the two years of a retailer with n customers.

    Parameters
    ----------
    n : int
        People, at least 50.
    seed : int
        The same seed gives the same tables.
    difficulty : {"easy", "default", "hard"} or Settings
        How far apart the need segments are and how faulty the records.
    **switches : bool
        ``segments=False``, ``campaign_effect=False``, ``fatigue=False``, ``errors=False``, ``weekly_changes=False``
        plant nothing there; ``independence=False`` makes spend rise with frequency.

    Returns
    -------
    Meridian
        ``tables`` (what is seen) and ``truth`` (what was planted).

    Raises
    ------
    UnknownName, DataError
        For unknown difficulties or switches and impossible numbers.

    Examples
    --------
    >>> shop = simulate(n=500, seed=7)
    >>> shop
    Meridian(500 people, 15 tables, seed 7)
    >>> len(shop.tables["transactions"]["customer_id"].unique())
    500
    """
    chosen = settings(difficulty, **switches)
    tables, truth = {}, {}
    for seen, planted in blocks(n, seed, chosen):
        for store, part in ((tables, seen), (truth, planted)):
            for name, data in part.items():
                store.setdefault(name, []).append(data)
    return Meridian(*(_joined(store) for store in (tables, truth)), chosen, seed)


def _joined(store: dict[str, list[pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    return {
        name: parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        for name, parts in store.items()
    }


def blocks(n: int, seed: int, chosen: Settings) -> Iterator[tuple[dict, dict]]:
    """Tables and truth of one block of people after the other; the last pair holds what there is once.

    Block sizes are nearly equal and depend on n alone, so that writing block by block gives what simulating at once
    gives.
    """
    if not isinstance(n, int | np.integer) or n < 50:
        raise DataError(f"n must be a whole number of at least 50 people, found {n!r}.")
    parts = -(-n // BLOCK)
    first, sums = Counter(), Counter()
    for number in range(parts):
        size = n // parts + (number < n % parts)
        tables, truth = block_tables(size, seed, number, first, chosen)
        sums.update(policy_sums(truth["campaign"]))
        yield tables, truth
    once = {
        "products": products.product_table(),
        "product_options": products.option_table(),
        "cost_rates": costs.rate_table(),
        "survey_questions": satisfaction.question_table(),
    }
    yield (
        once,
        constant_truth(chosen)
        | {
            "campaign_policies": policy_table(sums),
            "parameters": parameter_truth(chosen, sums),
        },
    )
