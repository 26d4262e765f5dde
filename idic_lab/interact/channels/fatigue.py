"""Fatigue: what each contact of the last four weeks takes from the response to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError
from idic_lab.interact.channels.contacts import response_by
from idic_lab.interact.regression import coefficients, regression
from idic_lab.tables import CHANNELS


def fatigue(contacts: pd.DataFrame, by_channel: bool = False) -> pd.DataFrame:
    """Fall of the log response rate per contact of the 28 days before.

    A log-linear model: an estimate of 0.25 says that each recent contact multiplies the chance of a response by
    exp(-0.25) = 0.78, for customers who react often and for those who seldom do. Unlike odds ratios, such ratios of
    probabilities may be averaged over customers, so the pooled estimate is not pulled towards zero by differences
    between people that are unrelated to how often they are contacted. Standard errors are by customer.

    Parameters
    ----------
    contacts : DataFrame
        ``customer_id``, ``channel``, ``responded``, ``recent_contacts``.
    by_channel : bool
        One estimate per channel instead of one for all.

    Returns
    -------
    DataFrame
        ``channel`` ("all" or the channel), ``contacts``, ``fatigue``, ``low``, ``high`` (95%).

    See Also
    --------
    fatigue_within_customers : compares each customer with themselves only.
    """
    if not by_channel:
        return _as_fatigue(_fit(contacts), "all", len(contacts))
    parts = [
        _as_fatigue(_fit(part), channel, len(part))
        for channel in CHANNELS
        if len(part := contacts[contacts["channel"] == channel])
    ]
    return pd.concat(parts, ignore_index=True)


def _fit(contacts: pd.DataFrame) -> pd.DataFrame:
    features = pd.get_dummies(contacts["channel"], dtype=float)
    features["recent_contacts"] = contacts["recent_contacts"].astype(float)
    if contacts["recent_contacts"].nunique() < 2:
        raise DataError("Fatigue needs contacts that follow others within 28 days and contacts that do not.")
    found = regression(features, contacts["responded"], contacts["customer_id"], link="log")
    return found[found["term"] == "recent_contacts"]


def _as_fatigue(slope: pd.DataFrame, channel: str, n: int) -> pd.DataFrame:
    row = slope.iloc[0]
    return pd.DataFrame(
        {
            "channel": pd.array([channel], dtype="str"),
            "contacts": [n],
            "fatigue": [-row["estimate"]],
            "low": [-row["high"]],
            "high": [-row["low"]],
        }
    )


def fatigue_within_customers(contacts: pd.DataFrame) -> pd.DataFrame:
    """The same fall, from comparing each customer on each channel with themselves only.

    Conditional Poisson regression: given how often a customer reacted on a channel, when did they? Whatever is
    constant about a customer cancels, including a habit of contacting those who react more often. Standard errors are
    by customer.

    Parameters
    ----------
    contacts : DataFrame
        As for :func:`fatigue`.

    Returns
    -------
    DataFrame
        As :func:`fatigue` gives; ``contacts`` counts those of customers and channels that differ in recent contacts
        and have a response, for only they can tell.

    Source: Wooldridge (1999), Distribution-free estimation of some nonlinear panel data models, Journal of
    Econometrics 90(1).
    """
    group = pd.factorize(contacts["customer_id"] + "|" + contacts["channel"])[0]
    recent, hit = contacts["recent_contacts"].to_numpy(float), contacts["responded"].to_numpy(float)
    hits, slope = np.bincount(group, hit), 0.0
    for _ in range(50):
        weight = np.exp(slope * recent)
        total = np.bincount(group, weight)
        mean = np.bincount(group, weight * recent) / total
        spread = np.bincount(group, weight * recent**2) / total - mean**2
        scores = np.bincount(group, hit * recent) - hits * mean
        information = (hits * spread).sum()
        if not information > 0:
            raise DataError(
                "No customer has responses and differing numbers of recent contacts on one channel."
            )
        step = scores.sum() / information
        slope += step
        if abs(step) < 1e-10:
            break
    owner = pd.factorize(contacts["customer_id"])[0]
    owner_of_group = np.zeros(len(hits), dtype=int)
    owner_of_group[group] = owner
    error = np.sqrt((np.bincount(owner_of_group, scores) ** 2).sum()) / information
    telling = (hits > 0) & (spread > 1e-12)
    found = coefficients(["recent_contacts"], np.array([slope]), np.array([error]))
    return _as_fatigue(found, "all", int(telling[group].sum()))


def response_by_recent_contacts(contacts: pd.DataFrame, most: int = 6) -> pd.DataFrame:
    """Response rate by number of contacts in the 28 days before, with what the log-linear model expects.

    Parameters
    ----------
    contacts : DataFrame
    most : int
        Larger numbers are counted with this one.

    Returns
    -------
    DataFrame
        ``recent_contacts``, ``contacts``, ``response_rate``, ``low``, ``high`` (95%, Wilson), ``expected``.
    """
    capped = contacts.assign(recent_contacts=contacts["recent_contacts"].clip(upper=most))
    table = response_by(capped, "recent_contacts")
    slope = fatigue(contacts)["fatigue"].iloc[0]
    falls = np.exp(-slope * contacts["recent_contacts"])
    level = contacts["responded"].sum() / falls.sum()
    table["expected"] = level * falls.groupby(capped["recent_contacts"]).mean().to_numpy()
    return table[["recent_contacts", "contacts", "response_rate", "low", "high", "expected"]]
