"""Response rates of customers who were contacted a few times: at face value, shrunk, or by type."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import betaln
from scipy.stats import beta

from idic_lab.errors import DataError


def shrunk_rates(contacts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Response rate per customer and channel, drawn towards the rate of the customer's segment.

    The beta-binomial model: on a channel, the rates of a segment's customers follow a beta distribution around the
    segment's own rate. How narrow it is (the strength, in contacts) is estimated per channel by maximum likelihood; a
    customer's rate is then the mean of what remains possible, given their contacts and responses.

    Parameters
    ----------
    contacts : DataFrame
        ``customer_id``, ``channel``, ``responded``.
    customers : DataFrame
        ``customer_id``, ``segment``; customers never contacted get their segment's rate.

    Returns
    -------
    DataFrame
        ``customer_id``, ``channel``, ``contacts``, ``responses``, ``own_rate`` (missing without contacts),
        ``segment_rate``, ``strength`` (contacts that the segment's rate counts for), ``rate``, ``low``, ``high`` (90%
        credible interval).

    Source: Gelman, Carlin, Stern et al. (2013), Bayesian Data Analysis, section 5.3; Efron & Hastie (2016), Computer
    Age Statistical Inference, chapter 6.
    """
    seen = contacts.groupby(["customer_id", "channel"])["responded"].agg(contacts="size", responses="sum")
    grid = pd.MultiIndex.from_product(
        [customers["customer_id"], sorted(contacts["channel"].unique())], names=["customer_id", "channel"]
    )
    table = seen.reindex(grid, fill_value=0).reset_index()
    table["segment"] = table["customer_id"].map(customers.set_index("customer_id")["segment"])
    sums = table.groupby(["segment", "channel"])[["contacts", "responses"]].transform("sum")
    # Half a response and one contact: a segment without contacts on a channel is not taken to be certain of anything.
    table["segment_rate"] = (sums["responses"] + 0.5) / (sums["contacts"] + 1)
    strength = {channel: _strength(part) for channel, part in table.groupby("channel")}
    table["strength"] = table["channel"].map(strength)
    a = table["strength"] * table["segment_rate"] + table["responses"]
    b = table["strength"] * (1 - table["segment_rate"]) + table["contacts"] - table["responses"]
    table["own_rate"] = table["responses"] / table["contacts"].where(table["contacts"] > 0)
    table["rate"], table["low"], table["high"] = a / (a + b), beta.ppf(0.05, a, b), beta.ppf(0.95, a, b)
    return table[
        [
            "customer_id",
            "channel",
            "contacts",
            "responses",
            "own_rate",
            "segment_rate",
            "strength",
            "rate",
            "low",
            "high",
        ]
    ]


def _strength(part: pd.DataFrame) -> float:
    """Contacts that the segment's rate counts for, by maximum likelihood, between 0.2 and 1,000."""
    part = part[part["contacts"] > 0]
    n, hits, rate = (part[name].to_numpy(float) for name in ("contacts", "responses", "segment_rate"))

    def cost(log_strength):
        a, b = np.exp(log_strength) * rate, np.exp(log_strength) * (1 - rate)
        return -(betaln(a + hits, b + n - hits) - betaln(a, b)).sum()

    return float(np.exp(minimize_scalar(cost, bounds=(np.log(0.2), np.log(1_000)), method="bounded").x))


def log_loss(predicted, responded) -> float:
    """Mean surprise, in bits per contact, of what happened under the predicted chances; lower is better.

    A chance of exactly 0 or 1 that turns out wrong would be infinitely surprising, so chances are kept 0.001 away.

    Examples
    --------
    >>> log_loss([0.5, 0.5], [True, False])
    1.0
    """
    chance = np.clip(np.asarray(predicted, dtype=float), 0.001, 0.999)
    hit = np.asarray(responded, dtype=bool)
    if len(chance) != len(hit):
        raise DataError(f"{len(chance)} predictions for {len(hit)} contacts.")
    return float(-np.log2(np.where(hit, chance, 1 - chance)).mean())
