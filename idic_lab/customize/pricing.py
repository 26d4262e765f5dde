"""Pricing: how sensitive each segment is, the price that earns most, and what personal prices would mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special, stats

from idic_lab import figures
from idic_lab.errors import DataError, FitError
from idic_lab.inference.intervals import mean

SEVERAL_PRICES = 3


def demand(
    price_tests: pd.DataFrame, unit_cost: float, groups: pd.DataFrame | None = None, confidence: float = 0.95
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

    Parameters:
        price_tests: ``customer_id``, ``price`` (currency), ``bought`` (flag).
        unit_cost: Cost of what is sold, currency.
        groups: ``customer_id``, ``segment`` and, if the segments were estimated, ``probability``; without it all
            customers are one segment "all".
    Returns:
        DataFrame: ``segment``, ``showings``, ``bought`` (share); ``intercept``, ``slope``, ``best_price`` (currency),
            each with ``_low`` and ``_high``; ``chance`` of buying at the best price, ``profit`` per showing there
            (currency).
    Raises:
        FitError: When a segment saw too few prices, or its demand does not fall with the price.

    Source: Phillips (2005), Pricing and Revenue Optimization, chapter 3, for logit demand; Dempster, Laird & Rubin
    (1977) for the mixture; Berndt, Hall, Hall & Hausman (1974) for its standard errors.

    >>> shown = pd.DataFrame({"customer_id": range(300), "price": [5.0, 10.0, 15.0] * 100})
    >>> shown["bought"] = shown.index % 100 < 90 - 5 * shown["price"]  # falls from two in three to one in seven
    >>> demand(shown, unit_cost=2.0)[["segment", "best_price"]].round(1).to_numpy().tolist()
    [['all', 9.4]]
    """
    joined = _joined(price_tests, groups)
    names = sorted(joined["segment"].unique())
    for name, part in joined.groupby("segment"):
        _check(name, part)
    customer, prior = _priors(joined, names)
    price, bought = joined["price"].to_numpy(float), joined["bought"].to_numpy(float)
    found, covariances = _fit(price, bought, customer, prior, names)
    z = stats.norm.ppf(0.5 + confidence / 2)
    by_segment = joined.groupby("segment")["bought"]
    rows = [
        {"segment": name, "showings": int(by_segment.size()[name]), "bought": by_segment.mean()[name]}
        | _described(name, found[number], covariances[number], unit_cost, z)
        for number, name in enumerate(names)
    ]
    return pd.DataFrame(rows).astype({"segment": "str"})


def priced_product(price_tests: pd.DataFrame, products: pd.DataFrame) -> pd.Series:
    """The product whose price was tested, with its ``unit_cost`` and ``list_price`` (currency).

    >>> shelf = pd.DataFrame({"product_id": ["a", "b"], "unit_cost": [2.0, 4.0], "list_price": [5.0, 9.0]})
    >>> priced_product(pd.DataFrame({"product_id": ["b", "b"]}), shelf)["list_price"].item()
    9.0
    """
    return products.set_index("product_id").loc[price_tests["product_id"].iloc[0]]


def groups_of(price_tests: pd.DataFrame, segments: pd.DataFrame | None) -> pd.DataFrame:
    """The segments of customers, or everybody who was shown a price as one segment "all" where there are none.

    >>> groups_of(pd.DataFrame({"customer_id": ["a", "a", "b"]}), None)["segment"].tolist()
    ['all', 'all']
    """
    if segments is not None:
        return segments
    return price_tests[["customer_id"]].drop_duplicates().assign(segment="all", probability=1.0)


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
            [_weighted(design, bought, weight[customer, number], found[number]) for number in range(len(names))]
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

    Parameters:
        model: From `demand`.
    Returns:
        DataFrame: ``segment``, ``price``, ``chance``, ``profit`` (currency per showing).

    >>> model = pd.DataFrame({"segment": ["all"], "intercept": [0.0], "slope": [0.0]})
    >>> profit_at(model, [6.0, 8.0], unit_cost=4.0)["profit"].tolist()
    [1.0, 2.0]
    """
    grid = model[["segment", "intercept", "slope"]].merge(pd.DataFrame({"price": prices}), how="cross")
    chance = special.expit(grid["intercept"] - grid["slope"] * grid["price"])
    return grid[["segment", "price"]].assign(chance=chance, profit=chance * (grid["price"] - unit_cost))


def compare_prices(
    model: pd.DataFrame, sizes: pd.Series, unit_cost: float, list_price: float, step: float = 0.1
) -> pd.DataFrame:
    """What one price for all earns, beside a price per segment and discounts that never exceed the list price.

    Parameters:
        model: From `demand`.
        sizes: Customers by segment.
        unit_cost, list_price: Currency.
        step: Between the prices tried for all.
    Returns:
        DataFrame: ``policy``, ``lowest`` and ``highest`` price, ``buyers`` (share), ``profit`` (currency per 1,000
            customers), ``gain`` over one best price.

    >>> model = pd.DataFrame({"segment": ["keen", "thrifty"], "intercept": [3.0, 3.0], "slope": [0.2, 0.4], "best_price": [15, 8]})
    >>> compare_prices(model, pd.Series({"keen": 50, "thrifty": 50}), 4.0, 10.0).set_index("policy")["gain"].round(2).to_dict()
    {'list price': -0.05, 'one best price': 0.0, 'list price with personal discounts': -0.02, 'a price per segment': 0.16}
    """
    shares = (sizes / sizes.sum()).reindex(model["segment"]).fillna(0.0).to_numpy()
    best = model["best_price"].to_numpy()

    def earned(price) -> tuple[float, float]:
        chance = special.expit(model["intercept"] - model["slope"] * price).to_numpy()
        return shares @ chance, 1000 * shares @ (chance * (price - unit_cost))

    tried = np.round(np.arange(unit_cost, max(list_price, best.max()) + step, step), 6)
    one = max(tried, key=lambda price: earned(price)[1])
    policies = {
        "list price": np.full(len(model), list_price),
        "one best price": np.full(len(model), one),
        "list price with personal discounts": np.minimum(best, list_price),
        "a price per segment": best,
    }
    rows = []
    for name, price in policies.items():
        buyers, profit = earned(price)
        rows.append({"policy": name, "lowest": price.min(), "highest": price.max(), "buyers": buyers, "profit": profit})
    table = pd.DataFrame(rows)
    return table.assign(gain=table["profit"] / table["profit"].iloc[1] - 1)


def fairness(
    model: pd.DataFrame, groups: pd.DataFrame, people: pd.DataFrame, by: str, one_price: float
) -> pd.DataFrame:
    """What people of each kind would pay under prices per segment, although prices never looked at the kind.

    Parameters:
        model: From `demand`.
        groups: ``customer_id``, ``segment``.
        people: ``customer_id`` and the column `by`.
        by: Column to compare, as an age band or a channel.
        one_price: The one price they would otherwise all be shown, currency.
    Returns:
        DataFrame: `by`, ``customers``, ``mean_price`` (currency), ``low`` and ``high`` (its 95% interval), ``pay_more``
            (share shown more than the one price).

    >>> model = pd.DataFrame({"segment": ["keen", "thrifty"], "best_price": [15.0, 8.0]})
    >>> groups = pd.DataFrame({"customer_id": list("abc"), "segment": ["keen", "thrifty", "keen"]})
    >>> people = pd.DataFrame({"customer_id": list("abc"), "age_band": ["25-34", "under 25", "25-34"]})
    >>> fairness(model, groups, people, "age_band", 10)[["age_band", "mean_price", "pay_more"]].to_numpy().tolist()
    [['under 25', 8.0, 0.0], ['25-34', 15.0, 1.0]]
    """
    price = groups["segment"].map(model.set_index("segment")["best_price"])
    joined = groups.assign(price=price).dropna(subset="price").merge(people[["customer_id", by]], on="customer_id")
    rows = []
    for kind, part in joined.groupby(by, observed=True):
        value, low, high = mean(part["price"])
        row = {by: kind, "customers": len(part), "mean_price": value, "low": low, "high": high}
        rows.append(row | {"pay_more": (part["price"] > one_price).mean()})

    def in_order(kinds):  # "under 25" comes before "25-34"
        return kinds.astype("str").str.replace("under ", " under ")

    return pd.DataFrame(rows).sort_values(by, key=in_order, ignore_index=True)


def plot_profit_by_price(
    model: pd.DataFrame, unit_cost: float, price: float | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Profit per showing over the price, one line per segment, the best prices marked with their intervals.

    Parameters:
        model: From `demand`.
        price: One price for all, drawn as a vertical line.

    >>> model = pd.DataFrame({"segment": ["all"], "intercept": [3.0], "slope": [0.2], "best_price": [15.0],
    ...     "best_price_low": [13.0], "best_price_high": [17.0], "profit": [5.5]})
    >>> plot_profit_by_price(model, 4.0, price=10.0).get_title()
    'At 10.00 the segment “all” earns 80% of its best'
    """
    ax = figures.axes(ax, figsize=(10, 4.2))
    top = 1.15 * model["best_price_high"].clip(upper=2 * model["best_price"].max()).max()
    styles = ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3))]
    for number, row in enumerate(model.itertuples()):
        curve = profit_at(model.iloc[[number]], np.linspace(unit_cost, top, 200), unit_cost)
        colour = figures.CYCLE[number % len(figures.CYCLE)]
        ax.plot(curve["price"], curve["profit"], color=colour, ls=styles[number % 6], label=row.segment)
        interval = [row.best_price_low, min(row.best_price_high, top)]
        ax.plot(interval, [row.profit] * 2, color=colour, lw=4, alpha=0.35)
        ax.plot(row.best_price, row.profit, "o", color=colour)
    title = f"The price that earns most runs from {model['best_price'].min():.2f} to {model['best_price'].max():.2f}"
    if len(model) == 1:
        low, high = model[["best_price_low", "best_price_high"]].iloc[0]
        title = f"{model['best_price'].iloc[0]:.2f} earns most (95% interval {low:.2f} to {high:.2f})"
    if price is not None:
        ax.axvline(price, color=figures.BLACK, lw=1)
        kept = profit_at(model, [price], unit_cost)["profit"] / model["profit"].to_numpy()
        worst = model["segment"].iloc[kept.argmin()]
        title = f"At {price:.2f} the segment “{worst}” earns {kept.min():.0%} of its best"
    return figures.finish(
        ax,
        title,
        x="price ({currency}); bars: 95% interval of the best price",
        y="profit per showing ({currency})",
        ylim=(0, None),
        legend={"title": "segment", "loc": "upper left", "bbox_to_anchor": (1.0, 1.0)},
    )


def plot_fairness(table: pd.DataFrame, by: str, one_price: float, ax: figures.Axes | None = None) -> figures.Axes:
    """Mean price shown to each kind of people, beside the one price.

    Parameters:
        table: From `fairness`.

    >>> table = pd.DataFrame({"age_band": ["under 25", "25-34"], "mean_price": [10, 12], "low": [9, 11], "high": [11, 13]})
    >>> plot_fairness(table, "age_band", 11).get_title()
    'Prices per segment differ by 20% between age bands'
    """
    ax = figures.axes(ax)
    place = np.arange(len(table))
    spread = table[["low", "high"]].sub(table["mean_price"], axis=0).abs().to_numpy().T
    ax.errorbar(place, table["mean_price"], yerr=spread, fmt="o", color=figures.VERMILION, capsize=4)
    ax.axhline(one_price, color=figures.BLACK, lw=1, ls="--", label="one price for all")
    ax.set_xticks(place, table[by].astype(str))
    gap, spoken = table["mean_price"].max() / table["mean_price"].min() - 1, by.replace("_", " ")
    return figures.finish(
        ax,
        f"Prices per segment differ by {gap:.0%} between {spoken}s",
        x=spoken,
        y="mean price shown\n({currency}; bars: 95% interval)",
        y_format="{x:.2f}",
        xlim=(-0.5, len(table) - 0.5),
        legend={"loc": "best"},
    )
