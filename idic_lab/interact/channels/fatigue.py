"""Fatigue: what each contact of the last four weeks takes from the response to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.errors import DataError
from idic_lab.inference.regression import coefficients, regression
from idic_lab.interact.channels.contacts import response_by


def fatigue(contacts: pd.DataFrame) -> pd.DataFrame:
    """Fall of the log response rate per contact of the 28 days before; the first row is the one to plan with.

    An estimate of 0.25 says that each recent contact multiplies the chance of a response by exp(-0.25) = 0.78.

    *Within customers*: conditional Poisson regression compares each customer on each channel with themselves only:
    given how often a customer reacted, when did they? Whatever is constant about a customer cancels, including a habit
    of contacting those who react more often. *All contacts*: a log-linear model over everybody, right only where how
    often a customer is contacted has nothing to do with how they react; it says so by agreeing with the first. It is
    taken alone where no customer was contacted on one channel both rested and tired. Standard errors are by customer.

    Parameters:
        contacts: ``customer_id``, ``channel``, ``responded``, ``recent_contacts``.
    Returns:
        DataFrame: ``method`` ("within customers", "all contacts"), ``contacts`` that can tell, ``fatigue``, ``low``,
            ``high`` (95%).
    Raises:
        DataError: When all contacts follow equally many others.

    Source: Wooldridge (1999), Distribution-free estimation of some nonlinear panel data models, Journal of
    Econometrics 90(1).

    >>> made = pd.DataFrame({"customer_id": ["ann"] * 4 + ["bob"] * 4, "channel": "email", "recent_contacts": [0, 0, 1, 1] * 2,
    ...     "responded": [True, True, True, False, True, False, False, True]})
    >>> fatigue(made)[["method", "contacts"]].to_numpy().tolist()
    [['within customers', 8], ['all contacts', 8]]
    """
    if contacts["recent_contacts"].nunique() < 2:
        raise DataError("Fatigue needs contacts that follow others within 28 days and contacts that do not.")
    features = pd.get_dummies(contacts["channel"], dtype=float)
    features["recent_contacts"] = contacts["recent_contacts"].astype(float)
    pooled = regression(features, contacts["responded"], contacts["customer_id"], link="log")
    rows = [
        *_within_customers(contacts),
        pooled[pooled["term"] == "recent_contacts"].assign(term="all contacts", contacts=len(contacts)),
    ]
    found = pd.concat(rows, ignore_index=True)
    return pd.DataFrame(
        {
            "method": found["term"],
            "contacts": found["contacts"],
            "fatigue": -found["estimate"],
            "low": -found["high"],
            "high": -found["low"],
        }
    )


def _within_customers(contacts: pd.DataFrame) -> list[pd.DataFrame]:
    """The slope from comparing customers with themselves, as the one item of a list; empty where nobody can be."""
    group = contacts.groupby(["customer_id", "channel"]).ngroup().to_numpy()
    recent, hit = contacts["recent_contacts"].to_numpy(float), contacts["responded"].to_numpy(float)
    hits, slope = np.bincount(group, hit), 0.0
    for _ in range(50):
        weight = np.exp(slope * recent)
        total = np.bincount(group, weight)
        mean = np.bincount(group, weight * recent) / total
        spread = np.bincount(group, weight * recent**2) / total - mean**2
        scores = np.bincount(group, hit * recent) - hits * mean
        information = (hits * spread).sum()
        if not information > 1e-9:
            return []
        step = scores.sum() / information
        slope += step
        if abs(step) < 1e-10:
            break
    else:
        return []  # every response of a customer came when they were most rested: the slope runs away
    owner_of_group = np.zeros(len(hits), dtype=int)
    owner_of_group[group] = pd.factorize(contacts["customer_id"])[0]
    error = np.sqrt((np.bincount(owner_of_group, scores) ** 2).sum()) / information
    telling = (hits > 0) & (spread > 1e-12)
    return [coefficients(["within customers"], [slope], [error]).assign(contacts=int(telling[group].sum()))]


def response_by_recent_contacts(contacts: pd.DataFrame, most: int = 6) -> pd.DataFrame:
    """Response rate by number of contacts in the 28 days before, with what the estimated fatigue expects.

    Parameters:
        most: Larger numbers are counted with this one.
    Returns:
        DataFrame: ``recent_contacts``, ``contacts``, ``response_rate``, ``low``, ``high`` (95%), ``expected``.

    >>> made = pd.DataFrame({"customer_id": ["ann", "bob"] * 2, "channel": "email", "recent_contacts": [0, 1, 1, 0],
    ...     "responded": [True, False, True, True]})
    >>> response_by_recent_contacts(made)["response_rate"].tolist()
    [1.0, 0.5]
    """
    capped = contacts.assign(recent_contacts=contacts["recent_contacts"].clip(upper=most))
    table = response_by(capped, "recent_contacts")
    falls = np.exp(-fatigue(contacts)["fatigue"].iloc[0] * contacts["recent_contacts"])
    level = contacts["responded"].sum() / falls.sum()
    table["expected"] = level * falls.groupby(capped["recent_contacts"]).mean().to_numpy()
    return table[["recent_contacts", "contacts", "response_rate", "low", "high", "expected"]]


def plot_fatigue(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Response rate by contacts in the 28 days before, seen and expected.

    Parameters:
        table: As :func:`response_by_recent_contacts` gives.

    >>> seen = pd.DataFrame({"recent_contacts": [0, 1], "response_rate": [0.3, 0.2], "low": [0.25, 0.1],
    ...     "high": [0.35, 0.3], "expected": [0.31, 0.22]})
    >>> plot_fatigue(seen).get_title()
    'From 30% after four quiet weeks to 20% after many contacts'
    """
    ax = figures.axes(ax)
    x, rate = table["recent_contacts"], table["response_rate"]
    spread = [rate - table["low"], table["high"] - rate]
    ax.errorbar(x, rate, yerr=spread, fmt="o", color=figures.BLUE, capsize=3, label="seen, with 95% interval")
    ax.plot(x, table["expected"], color=figures.VERMILION, linestyle="--", label="expected")
    ax.set_xticks(x, [*(str(number) for number in x[:-1]), f"{x.iloc[-1]} or more"])
    return figures.finish(
        ax,
        f"From {rate.iloc[0]:.0%} after four quiet weeks to {rate.iloc[-1]:.0%} after many contacts",
        x="contacts in the 28 days before",
        y="response rate",
        y_format="percent",
        ylim=(0, None),
        legend=True,
    )
