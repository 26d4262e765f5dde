"""Price sensitivity per segment, and the price that earns most, from prices shown at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special, stats

from idic_lab.errors import DataError, FitError

SEVERAL_PRICES = 3


def demand(
    price_tests: pd.DataFrame, unit_cost: float, groups: pd.DataFrame | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Price sensitivity and profit-best price per segment, from prices shown at random.

    The log odds of buying are ``intercept - slope * price``. Profit per showing is greatest at the price where
    ``1 = slope * (price - unit_cost) * (1 - chance)``, which is ``unit_cost + (1 + W(exp(intercept - slope *
    unit_cost - 1))) / slope`` with Lambert's W. Its interval follows from the covariance of intercept and slope
    (delta method, on the logarithm of the price's margin).

    Segments that were estimated hold some customers of other segments, which makes sensitivities look more alike than
    they are. Where `groups` says how probable each customer's segment is, the fit allows for it: a customer belongs to
    the segment with that probability, and to the others in proportion to their sizes. It is then a mixture, fitted by
    expectation and maximisation, with standard errors from the outer product of the scores.

    Parameters
    ----------
    price_tests : DataFrame
        ``customer_id``, ``price`` (currency), ``bought`` (flag).
    unit_cost : float
        Cost of what is sold, currency.
    groups : DataFrame, optional
        ``customer_id``, ``segment`` and, if the segments were estimated, ``probability``; without it all customers
        are one segment "all".
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``segment``, ``showings``, ``bought`` (share); ``intercept``, ``slope``, ``best_price`` (currency), each with
        ``_low`` and ``_high``; ``chance`` of buying at the best price, ``profit`` per showing there (currency).

    Raises
    ------
    FitError
        When a segment saw too few prices, or its demand does not fall with the price.

    Notes
    -----
    Source: Phillips (2005), Pricing and Revenue Optimization, chapter 3, for logit demand; Dempster, Laird & Rubin
    (1977) for the mixture; Berndt, Hall, Hall & Hausman (1974) for its standard errors.
    """
    joined = _joined(price_tests, groups)
    names = sorted(joined["segment"].unique())
    for name, part in joined.groupby("segment"):
        _check(name, part)
    customer, prior = _priors(joined, names)
    price, bought = joined["price"].to_numpy(float), joined["bought"].to_numpy(float)
    found, covariances = _fit(price, bought, customer, prior, names)
    z = stats.norm.ppf(0.5 + level / 2)
    by_segment = joined.groupby("segment")["bought"]
    rows = [
        {"segment": name, "showings": int(by_segment.size()[name]), "bought": by_segment.mean()[name]}
        | _described(name, found[number], covariances[number], unit_cost, z)
        for number, name in enumerate(names)
    ]
    return pd.DataFrame(rows).astype({"segment": "str"})


def _joined(price_tests: pd.DataFrame, groups: pd.DataFrame | None) -> pd.DataFrame:
    if groups is None:
        return price_tests.assign(segment="all")
    wanted = [name for name in ("customer_id", "segment", "probability") if name in groups]
    joined = price_tests.merge(groups[wanted], on="customer_id")
    if joined.empty:
        raise DataError("None of the customers who were shown a price is in a segment.")
    return joined


def _check(name: str, part: pd.DataFrame) -> None:
    prices, bought = part["price"].unique(), part["bought"].mean()
    if len(prices) < SEVERAL_PRICES or not 0 < bought < 1:
        raise FitError(
            f"Segment {name!r} cannot be fitted: {len(part):,} showings at {len(prices)} prices, {bought:.0%} bought. "
            f"At least {SEVERAL_PRICES} prices, and both answers, are needed."
        )


def _priors(joined: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Number of each showing's customer, and each customer's probability of every segment."""
    customer, _ = pd.factorize(joined["customer_id"])
    people = joined.drop_duplicates("customer_id")
    own = pd.Index(names).get_indexer(people["segment"])
    prior = np.zeros((len(people), len(names)))
    sure = people["probability"].to_numpy(float) if "probability" in people else np.ones(len(people))
    share = np.bincount(own, minlength=len(names)) / len(own)
    rest = np.tile(share, (len(people), 1))
    rest[np.arange(len(people)), own] = 0
    total = rest.sum(axis=1, keepdims=True)
    prior += np.divide(rest, total, out=np.zeros_like(rest), where=total > 0) * (1 - sure)[:, None]
    prior[np.arange(len(people)), own] = sure if len(names) > 1 else 1.0
    return customer, prior


def _fit(price, bought, customer, prior, names) -> tuple[np.ndarray, list[np.ndarray]]:
    """Intercept and slope of each segment, shape (segments, 2), and their covariances."""
    design = np.column_stack([np.ones(len(price)), -price])
    found = np.array([_weighted(design, bought, prior[customer, number]) for number in range(len(names))])
    if np.all((prior == 0) | (prior == 1)):
        covariances = []
        for number, values in enumerate(found):
            used = prior[customer, number][:, None] * design * _variance(design @ values)[:, None]
            covariances.append(np.linalg.inv(used.T @ design))
        return found, covariances
    for _ in range(300):
        weight = _posterior(design, bought, customer, prior, found)
        moved = np.array(
            [
                _weighted(design, bought, weight[customer, number], found[number])
                for number in range(len(names))
            ]
        )
        change, found = np.abs(moved - found).max(), moved
        if change < 1e-6:
            break
    else:
        raise FitError("The segments' prices did not settle; the segments may be too alike to be told apart.")
    weight = _posterior(design, bought, customer, prior, found)
    scores = []
    for number, values in enumerate(found):
        slope = (bought - special.expit(design @ values))[:, None] * design
        summed = np.column_stack([np.bincount(customer, column, len(prior)) for column in slope.T])
        scores.append(weight[:, [number]] * summed)
    scores = np.hstack(scores)
    covariance = np.linalg.inv(scores.T @ scores)
    blocks = [slice(2 * number, 2 * number + 2) for number in range(len(names))]
    return found, [covariance[block, block] for block in blocks]


def _weighted(design, bought, weight, start=None, steps: int = 60) -> np.ndarray:
    """Weighted logistic regression by Newton's method, each step halved until the fit is no worse."""

    def loss(values):
        return weight @ (np.logaddexp(0, design @ values) - bought * (design @ values))

    values = np.zeros(2) if start is None else start
    for _ in range(steps):
        chance = special.expit(design @ values)
        gradient = design.T @ (weight * (chance - bought))
        step = np.linalg.solve((design * (weight * _variance(design @ values))[:, None]).T @ design, gradient)
        before = loss(values)
        while loss(values - step) > before + 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        values = values - step
        if np.abs(step).max() < 1e-10:
            break
    return values


def _posterior(design, bought, customer, prior, found) -> np.ndarray:
    """Probability of every segment given the customer's purchases at the prices shown, shape (customers, segments)."""
    log_odds = design @ found.T
    logarithm = bought[:, None] * log_odds - np.logaddexp(0, log_odds)
    summed = np.column_stack([np.bincount(customer, column, len(prior)) for column in logarithm.T])
    weight = prior * np.exp(summed - summed.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


def _described(name: str, found: np.ndarray, covariance: np.ndarray, unit_cost: float, z: float) -> dict:
    intercept, slope = found
    if slope <= 0:
        raise FitError(
            f"Segment {name!r} bought no less at higher prices, so no price is best. "
            "Join it with another segment, or test more prices."
        )
    margin, gradient = best_margin(intercept, slope, unit_cost)
    error = np.sqrt(gradient @ covariance @ gradient)
    row = {}
    for label, value, spread in zip(("intercept", "slope"), found, np.sqrt(np.diag(covariance)), strict=True):
        row |= {label: value, f"{label}_low": value - z * spread, f"{label}_high": value + z * spread}
    factor = np.exp(z * error / margin)
    chance = special.expit(intercept - slope * (unit_cost + margin))
    return row | {
        "best_price": unit_cost + margin,
        "best_price_low": unit_cost + margin / factor,
        "best_price_high": unit_cost + margin * factor,
        "chance": chance,
        "profit": chance * margin,
    }


def _variance(log_odds: np.ndarray) -> np.ndarray:
    chance = special.expit(log_odds)
    return chance * (1 - chance)


def best_margin(intercept: float, slope: float, unit_cost: float) -> tuple[float, np.ndarray]:
    """Best price less unit cost (currency), and its derivatives by intercept and slope.

    Examples
    --------
    >>> margin, _ = best_margin(intercept=2.0, slope=0.25, unit_cost=4.0)
    >>> around = [special.expit(2 - 0.25 * (4 + m)) * m for m in (margin - 0.1, margin, margin + 0.1)]
    >>> int(np.argmax(around))
    1
    """
    lambert = special.lambertw(np.exp(intercept - slope * unit_cost - 1)).real
    grown = lambert / (1 + lambert)
    by_slope = -unit_cost * grown / slope - (1 + lambert) / slope**2
    return (1 + lambert) / slope, np.array([grown / slope, by_slope])


def profit_at(model: pd.DataFrame, prices, unit_cost: float) -> pd.DataFrame:
    """Profit per showing at any price, per segment.

    Parameters
    ----------
    model : DataFrame
        From `demand`.
    prices : sequence of float
    unit_cost : float

    Returns
    -------
    DataFrame
        ``segment``, ``price``, ``chance``, ``profit`` (currency per showing).
    """
    grid = model[["segment", "intercept", "slope"]].merge(pd.DataFrame({"price": prices}), how="cross")
    chance = special.expit(grid["intercept"] - grid["slope"] * grid["price"])
    return grid[["segment", "price"]].assign(chance=chance, profit=chance * (grid["price"] - unit_cost))
