"""Pricing: how sensitive each segment is, the price that earns most, and what personal prices would mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from idic_lab import figures
from idic_lab.errors import DataError, FitError
from idic_lab.inference.intervals import mean

SEVERAL_PRICES = 3
ROUNDS = 8  # after which the top is found to the last digits, each bringing it some ten times nearer


def demand(
    price_tests: pd.DataFrame, unit_cost: float, groups: pd.DataFrame | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Price sensitivity and profit-best price per segment, from prices shown at random.

    The log odds of buying are ``intercept - slope * price``. Profit per showing is greatest at ``unit_cost + (1 +
    W(exp(intercept - slope * unit_cost - 1))) / slope`` with Lambert's W; its interval follows from the covariance of
    intercept and slope (delta method, on the logarithm of the price's margin).

    Segments that were estimated hold some customers of others, which makes sensitivities look more alike than they are.
    Where `groups` says how probable each customer's segment is, the fit allows for it: a customer belongs to the segment
    with that probability, and to the others in proportion to their sizes. It is then a mixture of likelihoods, with
    standard errors from the outer product of the scores; customers who differ within a segment make them short (87%).

    Parameters:
        price_tests: ``customer_id``, ``price`` (currency), ``bought`` (flag).
        groups: ``customer_id``, ``segment`` and, if the segments were estimated, ``probability``; without it all
            customers are one segment "all".
    Returns:
        DataFrame: ``segment``, ``showings``, ``bought`` (share); ``intercept``, ``slope``, ``best_price`` (currency),
            each with ``_low`` and ``_high``; ``chance`` of buying at the best price, ``profit`` per showing there
            (currency).

    Source: Phillips (2005), Pricing and Revenue Optimization, chapter 3, for logit demand; Berndt, Hall, Hall & Hausman
    (1974) for the standard errors of the mixture.

    >>> shown = pd.DataFrame({"customer_id": range(300), "price": [5.0, 10.0, 15.0] * 100})
    >>> shown["bought"] = shown.index % 100 < 90 - 5 * shown["price"]  # falls from two in three to one in seven
    >>> demand(shown, unit_cost=2.0)[["segment", "best_price"]].round(1).to_numpy().tolist()
    [['all', 9.4]]
    """
    joined = price_tests.assign(segment="all")
    if groups is not None:
        wanted = [name for name in ("customer_id", "segment", "probability") if name in groups]
        joined = price_tests.merge(groups[wanted], on="customer_id")
    if joined.empty:
        raise DataError("None of the customers who were shown a price is in a segment.")
    z, rows = stats.norm.ppf(0.5 + confidence / 2), []
    for (name, part), (values, covariance) in zip(joined.groupby("segment"), _fit(joined), strict=True):
        row = {"segment": name, "showings": len(part), "bought": part["bought"].mean()}
        rows.append(row | _described(name, values, covariance, unit_cost, z))
    return pd.DataFrame(rows).astype({"segment": "str"})


def priced_product(price_tests: pd.DataFrame, products: pd.DataFrame) -> pd.Series:
    """The product whose price was tested, with its ``unit_cost`` and ``list_price`` (currency).

    >>> shelf = pd.DataFrame({"product_id": ["a", "b"], "unit_cost": [2.0, 4.0], "list_price": [5.0, 9.0]})
    >>> priced_product(pd.DataFrame({"product_id": ["b", "b"]}), shelf)["list_price"].item()
    9.0
    """
    return products.set_index("product_id").loc[price_tests["product_id"].iloc[0]]


def option_prices(utilities: pd.DataFrame, product_options: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """What to charge for each option of a product beyond the plain one of its module, by what customers were seen to give up for it.

    Parameters:
        utilities: A row per customer, a column per option and one for ``price``: added log odds of being chosen.
    Returns:
        DataFrame: ``module``, ``option``, ``extra_cost``, and today and at the ``best_price``: price beyond the plain option, ``share`` of
            customers who take it, ``gain`` per customer (``..._today``: ``price_today``, ``share_today``, ``gain_today``).

    >>> options = pd.DataFrame({"option_id": ["a", "b"], "product_id": "p", "module": "lid", "option": ["plain", "steel"],
    ...     "extra_price": [0.0, 10.0], "extra_cost": [0.0, 4.0]})
    >>> option_prices(pd.DataFrame({"a": [0.0], "b": [2.0], "price": [-0.1]}), options, "p")["best_price"].tolist()
    [22.0]
    """
    options = product_options[product_options["product_id"] == product_id]
    plain = options.loc[options.groupby("module")["extra_price"].idxmin()].set_index("module")
    rows, slope = [], -utilities["price"].to_numpy()[:, None]
    for row in options[~options["option_id"].isin(plain["option_id"])].itertuples():
        base = plain.loc[row.module]
        cost, today = row.extra_cost - base["extra_cost"], row.extra_price - base["extra_price"]
        prices = np.append(np.arange(max(cost, 0.0), max(cost, 0.0) + 200, 0.5), today)
        apart = (utilities[row.option_id] - utilities[base["option_id"]]).to_numpy()[:, None]
        share = special.expit(apart - slope * prices).mean(axis=0)
        gain = share * (prices - cost)
        best = gain[:-1].argmax()
        rows.append((row.module, row.option, cost, *(held[at] for at in (-1, best) for held in (prices, share, gain))))
    columns = "module option extra_cost price_today share_today gain_today best_price share gain"
    return pd.DataFrame(rows, columns=columns.split())


def groups_of(price_tests: pd.DataFrame, segments: pd.DataFrame | None) -> pd.DataFrame:
    """The segments of customers, or everybody who was shown a price as one segment "all" where there are none.

    >>> groups_of(pd.DataFrame({"customer_id": ["a", "a", "b"]}), None)["segment"].tolist()
    ['all', 'all']
    """
    if segments is not None:
        return segments
    return price_tests[["customer_id"]].drop_duplicates().assign(segment="all", probability=1.0)


def _fit(joined: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Intercept and slope of each segment with their covariance, segments in order of name."""
    for name, part in joined.groupby("segment"):
        prices, bought = part["price"].unique(), part["bought"].mean()
        answers = [part.loc[part["bought"].eq(said), "price"] for said in (True, False)]
        if len(prices) < SEVERAL_PRICES or not 0 < bought < 1 or answers[0].max() <= answers[1].min():
            found = f"{len(part):,} showings at {len(prices)} prices, {bought:.0%} bought"
            needed = f"At least {SEVERAL_PRICES} prices are needed, and one buyer at more than another refused to pay."
            raise FitError(f"Segment {name!r} cannot be fitted: {found}. {needed}")
    prior = _priors(joined)
    alone = [_logit(part) for _, part in joined.groupby("segment")]
    if np.all((prior == 0) | (prior == 1)):
        return alone
    customer, _ = pd.factorize(joined["customer_id"])
    design = np.column_stack([np.ones(len(joined)), -joined["price"]])
    bought, shape = joined["bought"].to_numpy(float)[:, None], (len(prior), len(alone))

    def by_customer(columns) -> np.ndarray:
        return np.column_stack([np.bincount(customer, column, len(prior)) for column in columns.T])

    def scores(values) -> tuple[float, np.ndarray]:
        """The log likelihood, and each customer's part of its derivatives by the intercepts and the slopes."""
        log_odds = design @ values.reshape(2, -1)
        told = by_customer(bought * log_odds - np.logaddexp(0, log_odds))
        weight = special.softmax(told + np.log(np.maximum(prior, 1e-300)), axis=1)
        missed = bought - special.expit(log_odds)
        likelihood = special.logsumexp(told, axis=1, b=prior).sum()
        return likelihood, np.hstack([weight * by_customer(missed * column[:, None]) for column in design.T])

    def loss(values) -> tuple[float, np.ndarray]:
        likelihood, parts = scores(values)
        return -likelihood / len(prior), -parts.sum(axis=0) / len(prior)

    start = np.column_stack([values for values, _ in alone]).ravel()
    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-8}).x
    for _ in range(ROUNDS):
        _, parts = scores(found)
        information = parts.T @ parts  # of full rank unless a segment's buyers and others part at one price
        found = found + np.linalg.lstsq(information, parts.sum(axis=0))[0]
    if np.abs(parts.sum(axis=0)).max() / len(prior) > 1e-5 or np.linalg.cond(information) > 1e12:
        raise FitError("The segments' prices did not settle: too few showings, or segments too alike to be told apart.")
    covariance = np.linalg.inv(information)
    own = np.arange(2 * shape[1]).reshape(2, -1).T  # intercept and slope of each segment
    return [(found[each], covariance[np.ix_(each, each)]) for each in own]


def _logit(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope of demand among customers of one segment, with their covariance."""
    from statsmodels.api import Logit

    design = np.column_stack([np.ones(len(part)), -part["price"]])
    found = Logit(part["bought"].to_numpy(float), design).fit(disp=False)
    return found.params, found.cov_params()


def _priors(joined: pd.DataFrame) -> np.ndarray:
    """Each customer's probability of every segment, in order of first showing; doubt is divided by size of segment."""
    people = joined.drop_duplicates("customer_id")
    own = pd.get_dummies(people["segment"], dtype=float).to_numpy()
    if "probability" not in people or own.shape[1] == 1:
        return own
    sure, rest = people["probability"].to_numpy(float)[:, None], (1 - own) * own.mean(axis=0)
    return own * sure + (1 - sure) * rest / rest.sum(axis=1, keepdims=True)


def _described(name: str, found: np.ndarray, covariance: np.ndarray, unit_cost: float, z: float) -> dict:
    intercept, slope = found
    if slope <= 0:
        why = f"Segment {name!r} bought no less at higher prices, so no price is best."
        raise FitError(f"{why} Join it with another segment, or test more prices.")
    margin, gradient = _best_margin(intercept, slope, unit_cost)
    factor = np.exp(z * np.sqrt(gradient @ covariance @ gradient) / margin)
    row, half = {}, z * np.sqrt(np.diag(covariance))
    for label, value, away in zip(("intercept", "slope"), found, half, strict=True):
        row |= {label: value, f"{label}_low": value - away, f"{label}_high": value + away}
    row |= {"best_price": unit_cost + margin, "best_price_low": unit_cost + margin / factor}
    chance = special.expit(intercept - slope * (unit_cost + margin))
    return row | {"best_price_high": unit_cost + margin * factor, "chance": chance, "profit": chance * margin}


def _best_margin(intercept: float, slope: float, unit_cost: float) -> tuple[float, np.ndarray]:
    """Best price less unit cost (currency), and its derivatives by intercept and slope."""
    lambert = special.lambertw(np.exp(intercept - slope * unit_cost - 1)).real
    grown = lambert / (1 + lambert)
    by_slope = -unit_cost * grown / slope - (1 + lambert) / slope**2
    return (1 + lambert) / slope, np.array([grown / slope, by_slope])


def compare_prices(model: pd.DataFrame, sizes: pd.Series, unit_cost: float, list_price: float) -> pd.DataFrame:
    """What one price for all earns, beside a price per segment and discounts that never exceed the list price.

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

    tried = np.round(np.arange(unit_cost, max(list_price, best.max()) + 0.1, 0.1), 6)
    one = max(tried, key=lambda price: earned(price)[1])
    policies = {"list price": list_price + 0 * best, "one best price": one + 0 * best}
    policies |= {"list price with personal discounts": np.minimum(best, list_price), "a price per segment": best}
    rows = [(name, price.min(), price.max(), *earned(price)) for name, price in policies.items()]
    table = pd.DataFrame(rows, columns=["policy", "lowest", "highest", "buyers", "profit"])
    return table.assign(gain=table["profit"] / table["profit"].iloc[1] - 1)


def personal_prices(price_tests: pd.DataFrame | None, products: pd.DataFrame | None, segments: pd.DataFrame | None):
    """The price for each customer that earns most by their segment, where a trial can tell it from the list price.

    Nobody pays more than the list price, and it stays where it lies within the interval of the best price: a discount
    would go to those who buy anyway. It stays for all where there is one segment alone, or one that no price moves.

    Returns:
        DataFrame or None: ``customer_id``, ``price``, ``gain`` (per showing, over the list price; 0 at it), in currency; None where
            one of the tables is missing.

    >>> shown = pd.DataFrame({"customer_id": range(600), "price": [5.0, 10.0, 15.0] * 200})
    >>> groups = shown[["customer_id"]].assign(segment=["keen"] * 300 + ["thrifty"] * 300)
    >>> shown["bought"] = shown.index % 100 < [90 - 3 * price if at < 300 else 90 - 6 * price for at, price in shown["price"].items()]
    >>> shelf = pd.DataFrame({"product_id": ["x"], "unit_cost": 2.0, "list_price": 12.0})
    >>> personal_prices(shown.assign(product_id="x"), shelf, groups)["price"].iloc[[0, 599]].round(1).tolist()
    [12.0, 7.0]
    """
    if price_tests is None or products is None or segments is None:
        return None
    item = priced_product(price_tests, products)
    cost, list_price = item["unit_cost"], item["list_price"]
    table = segments[["customer_id", "segment"]].assign(price=list_price, gain=0.0)
    try:
        model = demand(price_tests, cost, segments).set_index("segment")
    except FitError:
        return table.drop(columns="segment")
    for name, row in model[model["best_price_high"] < list_price].iterrows() if len(model) > 1 else ():
        at_list = special.expit(row["intercept"] - row["slope"] * list_price) * (list_price - cost)
        table.loc[table["segment"] == name, ["price", "gain"]] = row["best_price"], row["profit"] - at_list
    return table.drop(columns="segment")


def fairness(
    model: pd.DataFrame, groups: pd.DataFrame, people: pd.DataFrame, by: str, one_price: float
) -> pd.DataFrame:
    """What people of each kind would pay under prices per segment, although prices never looked at the kind.

    Parameters:
        groups: ``customer_id``, ``segment``.
        people: ``customer_id`` and the column `by`, as an age band or a channel.
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
    shown = joined.groupby(by, observed=True)["price"]
    bounds = pd.DataFrame([mean(prices) for _, prices in shown], columns=["mean_price", "low", "high"])
    above = shown.agg(customers="size", pay_more=lambda prices: (prices > one_price).mean()).reset_index()
    table = pd.concat([above[[by, "customers"]], bounds, above["pay_more"]], axis=1)

    def in_order(kinds):  # "under 25" comes before "25-34"
        return kinds.astype("str").str.replace("under ", " under ")

    return table.sort_values(by, key=in_order, ignore_index=True)


def plot_profit_by_price(model: pd.DataFrame, unit_cost: float, ax: figures.Axes | None = None) -> figures.Axes:
    """Profit per showing over the price, a line per segment of `demand`, best prices marked with their intervals.

    >>> model = pd.DataFrame({"segment": ["all"], "intercept": [3.0], "slope": [0.2], "best_price": [15.0],
    ...     "best_price_low": [13.0], "best_price_high": [17.0], "profit": [5.5]})
    >>> plot_profit_by_price(model, 4.0).get_title()
    '15.00 earns most (95% interval 13.00 to 17.00)'
    """
    ax = figures.axes(ax, figsize=(10, 4.2))
    top = 1.15 * model["best_price_high"].clip(upper=2 * model["best_price"].max()).max()
    prices, styles = np.linspace(unit_cost, top, 200), ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3))]
    for number, row in enumerate(model.itertuples()):
        profit = special.expit(row.intercept - row.slope * prices) * (prices - unit_cost)
        colour = figures.CYCLE[number % len(figures.CYCLE)]
        ax.plot(prices, profit, color=colour, ls=styles[number % 6], label=row.segment)
        interval = [row.best_price_low, min(row.best_price_high, top)]
        ax.plot(interval, [row.profit] * 2, color=colour, lw=4, alpha=0.35)
        ax.plot(row.best_price, row.profit, "o", color=colour)
    title = f"The price that earns most runs from {model['best_price'].min():.2f} to {model['best_price'].max():.2f}"
    if len(model) == 1:
        low, high = model[["best_price_low", "best_price_high"]].iloc[0]
        title = f"{model['best_price'].iloc[0]:.2f} earns most (95% interval {low:.2f} to {high:.2f})"
    x, y = "price ({currency}); bars: 95% interval of the best price", "profit per showing ({currency})"
    legend = {"title": "segment", "loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    return figures.finish(ax, title, x, y, ylim=(0, None), legend=legend)


def plot_fairness(table: pd.DataFrame, by: str, one_price: float, ax: figures.Axes | None = None) -> figures.Axes:
    """Mean price shown to each kind of people, from `fairness`, beside the one price.

    >>> table = pd.DataFrame({"age_band": ["under 25", "25-34"], "mean_price": [10, 12], "low": [9, 11], "high": [11, 13]})
    >>> plot_fairness(table, "age_band", 11).get_title()
    'Prices per segment differ by 20% between age bands'
    """
    ax = figures.axes(ax)
    place = np.arange(len(table))
    spread = figures.spread(table, "mean_price")
    ax.errorbar(place, table["mean_price"], yerr=spread, fmt="o", color=figures.VERMILION, capsize=4)
    ax.axhline(one_price, color=figures.BLACK, lw=1, ls="--", label="one price for all")
    ax.set_xticks(place, table[by].astype(str))
    gap, spoken = table["mean_price"].max() / table["mean_price"].min() - 1, by.replace("_", " ")
    title, y = (
        f"Prices per segment differ by {gap:.0%} between {spoken}s",
        "mean price shown\n({currency}; bars: 95% interval)",
    )
    form = {"y_format": "{x:.2f}", "xlim": (-0.5, len(table) - 0.5), "legend": {"loc": "best"}}
    return figures.finish(ax, title, spoken, y, **form)
