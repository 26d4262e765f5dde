"""What an effective contact costs: one that the customer reacts to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.tables import CHANNELS

_DRAWS = 1_000


def cost_per_response(contacts: pd.DataFrame, by: str = "channel", random_state: int = 0) -> pd.DataFrame:
    """Cost of contacts divided by responses, with an interval from resampling customers.

    Customers, not contacts, are drawn again with replacement: the contacts of one customer are not independent.

    Parameters
    ----------
    contacts : DataFrame
        ``customer_id``, ``channel``, ``responded``, ``cost``, and the column `by`.
    by : str
    random_state : int

    Returns
    -------
    DataFrame
        `by`, ``contacts``, ``cost`` (currency), ``responses``, ``cost_per_contact``, ``cost_per_response``, ``low``,
        ``high`` (95%); infinite where nobody responded. Cheapest response first.
    """
    customers, who = np.unique(contacts["customer_id"].to_numpy(dtype=object), return_inverse=True)
    groups, names = pd.factorize(contacts[by], sort=True)
    shape = (len(customers), len(names))
    cell = who * len(names) + groups
    cost = np.bincount(cell, contacts["cost"], minlength=shape[0] * shape[1]).reshape(shape)
    hits = np.bincount(cell, contacts["responded"], minlength=shape[0] * shape[1]).reshape(shape)
    rng = np.random.default_rng(random_state)
    drawn = rng.multinomial(len(customers), np.full(len(customers), 1 / len(customers)), size=_DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(drawn @ hits > 0, (drawn @ cost) / (drawn @ hits), np.inf)
    low, high = np.quantile(ratios, [0.025, 0.975], axis=0, method="inverted_cdf")
    table = pd.DataFrame(
        {
            by: names,
            "contacts": np.bincount(groups, minlength=len(names)),
            "cost": cost.sum(axis=0),
            "responses": hits.sum(axis=0).astype(np.int64),
        }
    )
    table["cost_per_contact"] = table["cost"] / table["contacts"]
    table["cost_per_response"] = np.where(
        table["responses"] > 0, table["cost"] / table["responses"].where(table["responses"] > 0, 1), np.inf
    )
    return table.assign(low=low, high=high).sort_values("cost_per_response", ignore_index=True)


def channel_costs(contacts: pd.DataFrame) -> pd.DataFrame:
    """Mean cost of one contact per channel: ``channel``, ``cost`` (currency), in the order of channels.

    Examples
    --------
    >>> channel_costs(pd.DataFrame({"channel": ["phone", "email", "phone"], "cost": [1.0, 0.1, 2.0]}))
      channel  cost
    0   email   0.1
    1   phone   1.5
    """
    means = contacts.groupby("channel")["cost"].mean()
    return (
        means.reindex([channel for channel in CHANNELS if channel in means])
        .rename_axis("channel")
        .reset_index()
    )
