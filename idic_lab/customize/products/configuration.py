"""Mass customization: products put together from modules, to a need, under the rules of what goes with what."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from scipy import special

from idic_lab import figures
from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError, UnknownName
from idic_lab.inference.intervals import mean

MOST_COMBINATIONS = 200_000
MOST_OPTIONS = 15  # subsets of up to so many extra options are all tried


def options_of(product_options: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """The options of one product; UnknownName when it cannot be configured."""
    options = product_options[product_options["product_id"] == product_id]
    if options.empty:
        raise UnknownName("configurable product", product_id, product_options["product_id"].unique())
    return options.reset_index(drop=True)


def choices(product_options: pd.DataFrame, product_id: str) -> dict[str, list[tuple[str, str]]]:
    """For each module of a product the names of its options with their numbers, for a menu.

    >>> choices(pd.DataFrame({"option_id": ["a"], "product_id": "p", "module": "lid", "option": "steel"}), "p")
    {'lid': [('steel', 'a')]}
    """
    modules = options_of(product_options, product_id).groupby("module", sort=False)
    return {module: list(zip(part["option"], part["option_id"], strict=True)) for module, part in modules}


def refusals(product_options: pd.DataFrame, chosen: Collection[str]) -> list[str]:
    """Why a choice of option numbers of one product cannot be made, a sentence for each reason; empty when it can.

    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "product_id": "p", "module": ["size", "size", "lid"],
    ...                         "option": ["small", "large", "steel"], "not_with": [None, "c", None]})
    >>> refusals(options, ["b", "c"])
    ['large does not go with steel.']
    >>> refusals(options, ["a", "c"])
    []
    """
    known = product_options.set_index("option_id")
    for option in chosen:
        if option not in known.index:
            raise UnknownName("option", option, known.index)
    picked = known.loc[list(chosen)]
    if len(picked["product_id"].unique()) > 1:
        return ["These options belong to different products."]
    reasons = []
    for module in known.loc[known["product_id"].isin(picked["product_id"]), "module"].unique():
        names = picked.loc[picked["module"] == module, "option"].tolist()
        if not names:
            reasons.append(f"Nothing is chosen for {module}.")
        if len(names) > 1:
            reasons.append(f"Only one of {' and '.join(names)} can be had as {module}.")
    for option, other in picked["not_with"].dropna().items():
        if other in picked.index:
            reasons.append(f"{known.loc[option, 'option']} does not go with {known.loc[other, 'option']}.")
    return reasons


def combinations(product_options: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """Every way to put a product together that the rules allow.

    Returns:
        DataFrame: One column per module with the option number; ``extra_price``, ``extra_cost`` (currency).

    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "product_id": "p", "module": ["size", "size", "lid"],
    ...     "not_with": [None, "c", None], "extra_price": [0.0, 5.0, 2.0], "extra_cost": 1.0})
    >>> combinations(options, "p").to_dict("records")
    [{'size': 'a', 'lid': 'c', 'extra_price': 2.0, 'extra_cost': 2.0}]
    """
    options = options_of(product_options, product_id)
    modules = {name: group["option_id"].tolist() for name, group in options.groupby("module", sort=False)}
    size = int(np.prod([len(choices) for choices in modules.values()]))
    if size > MOST_COMBINATIONS:
        raise DataError(f"Product {product_id} has {size:,} combinations; at most {MOST_COMBINATIONS:,} are tried.")
    table = pd.DataFrame(list(itertools.product(*modules.values())), columns=list(modules))
    holds = _contains(table, options)
    allowed = np.ones(len(table), dtype=bool)
    position = pd.Index(options["option_id"])
    for row, other in options.get("not_with", pd.Series(dtype="str")).dropna().items():
        if other in position:
            allowed &= ~(holds[:, row] & holds[:, position.get_loc(other)])
    extra = {name: holds @ options[name].to_numpy() for name in ("extra_price", "extra_cost")}
    return table.assign(**extra)[allowed].reset_index(drop=True)


def _contains(table: pd.DataFrame, options: pd.DataFrame) -> np.ndarray:
    """Whether each combination holds each option, shape (combinations, options)."""
    chosen = table[options["module"].unique()].to_numpy()
    return np.column_stack([(chosen == option).any(axis=1) for option in options["option_id"]])


def answers_by_customer(survey_responses: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Answers with the customer who gave them; of several to one question the latest.

    >>> said = pd.DataFrame({"record_id": "r1", "date": pd.to_datetime(["2025-01-01", "2025-02-01"]), "question_id": "N01",
    ...     "answer": [0.0, 1.0]})
    >>> answers_by_customer(said, pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]}))["answer"].tolist()
    [1.0]
    """
    joined = of_customers(survey_responses, identity_links).sort_values("date", kind="stable")
    columns = ["customer_id", "question_id", "answer"]
    latest = joined.drop_duplicates(columns[:2], keep="last")
    return latest.sort_values(columns[:2])[columns].reset_index(drop=True)


def price_limits(order_lines: pd.DataFrame, products: pd.DataFrame, groups: pd.DataFrame | None = None) -> pd.Series:
    """How far above the usual price of a kind of product customers of each need go.

    Parameters:
        products: ``product_id``, ``category``: what is paid is compared with the median of its category.
        groups: ``customer_id``, ``segment``; without it every customer is in the one segment "all".
    Returns:
        Series: By segment, as a multiple of the usual price, what three quarters of its purchases do not exceed.

    >>> lines = pd.DataFrame({"customer_id": list("abc"), "product_id": "p", "amount": [20.0, 80.0, 80.0], "quantity": [1, 2, 2]})
    >>> price_limits(lines, pd.DataFrame({"product_id": ["p"], "category": ["travel"]})).to_dict()
    {'all': 1.0}
    """
    bought = order_lines[order_lines["amount"] > 0].merge(products[["product_id", "category"]], on="product_id")
    paid = bought["amount"] / bought["quantity"] if "quantity" in bought else bought["amount"]
    times = paid / paid.groupby(bought["category"]).transform("median")
    if groups is None:
        return pd.Series({"all": times.quantile(0.75)})
    segment = groups.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    return times.groupby(bought["customer_id"].map(segment)).quantile(0.75)


def option_fit(
    product_options: pd.DataFrame, answers: pd.DataFrame, groups: pd.DataFrame | None = None
) -> pd.DataFrame:
    """How much more, or less, a need segment wants what an option answers to than customers in general do.

    Parameters:
        answers: From `answers_by_customer`; 1 yes, 0 no.
        groups: ``customer_id``, ``segment``; without it every customer is in the one segment "all".
    Returns:
        DataFrame: ``segment``, ``option_id``, ``fit``: share of yes in the segment less that among all who answered (in
            the one segment "all", less one half); 0 for an option that answers to no question.

    >>> options = pd.DataFrame({"option_id": ["a"], "serves": ["N01"]})
    >>> said = pd.DataFrame({"customer_id": ["ann", "bob"], "question_id": "N01", "answer": [1.0, 0.0]})
    >>> groups = pd.DataFrame({"customer_id": ["ann", "bob"], "segment": ["quality", "price"]})
    >>> option_fit(options, said, groups).set_index("segment")["fit"].to_dict()
    {'price': -0.5, 'quality': 0.5}
    """
    asked = answers[answers["question_id"].isin(product_options["serves"].dropna())]
    if groups is None:
        groups = pd.DataFrame({"customer_id": asked["customer_id"].unique(), "segment": "all"})
    joined = asked.merge(groups[["customer_id", "segment"]], on="customer_id")
    if joined.empty:
        raise DataError("Nobody in a need segment has answered a question that an option serves.")
    share = joined.groupby(["segment", "question_id"])["answer"].mean()
    overall = joined.groupby("question_id")["answer"].mean() if len(joined["segment"].unique()) > 1 else 0.5
    lift = (share - overall).rename("fit").reset_index()
    every = pd.DataFrame({"segment": sorted(joined["segment"].unique())})
    every = every.merge(product_options[["option_id", "serves"]].rename(columns={"serves": "question_id"}), how="cross")
    found = every.merge(lift, on=["segment", "question_id"], how="left")
    return found.fillna({"fit": 0.0})[["segment", "option_id", "fit"]]


def best_configurations(
    product_options: pd.DataFrame,
    products: pd.DataFrame,
    fit: pd.DataFrame,
    groups: pd.DataFrame | None = None,
    limits: pd.Series | None = None,
) -> pd.DataFrame:
    """For each configurable product and need the allowed combination that fits best; of equals the cheapest.

    Parameters:
        groups: ``customer_id``, ``segment``, to count the customers of each need.
        limits: From :func:`price_limits`: no need is given what costs more than so many times the cheapest combination.
    Returns:
        DataFrame: The table ``configurations``; ``standard_margin`` is that of the cheapest combination.

    >>> options = pd.DataFrame({"option_id": ["a", "b"], "product_id": "p", "module": "shell", "option": ["plain", "steel"],
    ...     "extra_price": [0.0, 40.0], "extra_cost": [0.0, 20.0]})
    >>> goods = pd.DataFrame({"product_id": ["p"], "list_price": [60.0], "unit_cost": [20.0]})
    >>> fit = pd.DataFrame({"segment": "quality", "option_id": ["a", "b"], "fit": [0.0, 0.4]})
    >>> [best_configurations(options, goods, fit, limits=limit)["options"].item()
    ...     for limit in (None, pd.Series({"quality": 1.5}))]
    ['steel', 'plain']
    """
    known, rows = products.set_index("product_id"), []
    weight = fit.set_index(["segment", "option_id"])["fit"]
    counts = {} if groups is None else groups["segment"].value_counts().to_dict()
    for product in product_options["product_id"].unique():
        options = options_of(product_options, product)
        table = combinations(product_options, product)
        holds = _contains(table, options)
        list_price, unit_cost = known.loc[product, ["list_price", "unit_cost"]].astype(float)
        price, cost = list_price + table["extra_price"], unit_cost + table["extra_cost"]
        margin, cheapest = price - cost, table["extra_price"].idxmin()
        for need in fit["segment"].unique():
            total = np.round(holds @ weight.loc[need].reindex(options["option_id"]).to_numpy(), 9)
            limit = np.inf if limits is None else limits.get(need, np.inf)
            within = np.where(price <= max(limit, 1.0) * price[cheapest], total, -np.inf)
            best = np.lexsort((price, -within))[0]
            chosen = {name: " + ".join(options[name[:-1]][holds[best]]) for name in ("option_ids", "options")}
            money = {"price": price[best], "cost": cost[best], "margin": margin[best]}
            money |= {"standard_margin": margin[cheapest], "customers": int(counts.get(need, 0))}
            rows.append({"product_id": product, "need": need, **chosen, "fit": float(total[best]), **money})
    return pd.DataFrame(rows).astype(dict.fromkeys(["product_id", "need", "option_ids", "options"], "str"))


def coverage(product_options: pd.DataFrame, answers: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """How many customers a growing set of options serves as well as the whole set would.

    The cheapest option of each module is always there. A customer is *covered* when some allowed combination of the
    options kept meets as many wishes (questions answered with yes) as the best of all. All sets are tried.

    Returns:
        DataFrame: ``extra_options`` (0, 1, ...), ``covered`` (share of customers), ``combinations`` (that can be made),
            ``options`` (names of the extra options kept, joined by commas).

    >>> options = pd.DataFrame({"option_id": ["a", "b"], "product_id": "p", "module": "shell", "option": ["plain", "steel"],
    ...     "serves": [None, "N01"], "extra_price": [0.0, 40.0], "extra_cost": [0.0, 20.0]})
    >>> said = pd.DataFrame({"customer_id": ["ann", "bob"], "question_id": "N01", "answer": [1.0, 0.0]})
    >>> coverage(options, said, "p")["covered"].tolist()
    [0.5, 1.0]
    """
    options, table = options_of(product_options, product_id), combinations(product_options, product_id)
    holds = _contains(table, options)
    asked = answers[answers["question_id"].isin(options["serves"].dropna())]
    wishes = asked.pivot_table("answer", "customer_id", "question_id", "max", fill_value=0)
    wanted = wishes.reindex(columns=options["serves"].fillna("")).fillna(0).to_numpy()
    met = wanted @ holds.T
    best = met.max(axis=1)
    base = options.groupby("module", sort=False)["extra_price"].idxmin().to_numpy()
    extra = np.setdiff1d(np.arange(len(options)), base)
    if len(extra) > MOST_OPTIONS:
        raise DataError(f"Product {product_id} has {len(extra)} extra options; at most {MOST_OPTIONS} can be tried.")
    rows = []
    for size in range(len(extra) + 1):
        found = []
        for kept in itertools.combinations(extra, size):
            possible = ~holds[:, np.setdiff1d(extra, kept)].any(axis=1)
            share = (met[:, possible].max(axis=1) >= best).mean()
            found.append((share, int(possible.sum()), kept))
        share, possible, kept = max(found, key=lambda entry: (entry[0], entry[1]))
        rows.append((size, float(share), possible, ", ".join(options["option"].iloc[list(kept)])))
    return pd.DataFrame(rows, columns=["extra_options", "covered", "combinations", "options"])


def ways_to_customize(
    utilities: pd.DataFrame, product_options: pd.DataFrame, product: pd.Series, known: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """What a product made from modules earns when all get one combination, each of a group gets another, or customers set it.

    A group gets what earns most from its *other* customers, so that nobody's own choices make the firm look clever.

    Parameters:
        utilities: A row per customer, a column per option, ``none`` and ``price`` (a unit beyond the plain product's): added log odds.
        product: ``product_id``, ``list_price`` and ``unit_cost`` of the plain combination.
        known: For each way that the firm makes it, the group in which it sees each customer of `utilities`.
    Returns:
        DataFrame: ``way`` ("one for all", those known, "adaptive": customers set it), ``options`` (kept beyond one per module), ``earned``
            (margin per customer who considers it, currency), ``gain`` over one for all, with ``low`` and ``high`` (95%).

    Source: Gilmore & Pine (1997), The four faces of mass customization, Harvard Business Review 75(1).

    >>> options = pd.DataFrame({"option_id": ["a", "b"], "product_id": "p", "module": "shell", "extra_price": [0.0, 10.0], "extra_cost": 0.0})
    >>> likes = pd.DataFrame({"a": 0.0, "b": [9.0, 9.0, -9.0, -9.0], "none": 0.0, "price": -0.1})
    >>> case = pd.Series({"product_id": "p", "list_price": 20.0, "unit_cost": 10.0})
    >>> ways_to_customize(likes, options, case, {"asked": pd.Series(list("xxyy"))})["gain"].round(1).tolist()
    [0.0, 2.5, 2.5]
    """
    options, table = (
        options_of(product_options, product["product_id"]),
        combinations(product_options, product["product_id"]),
    )
    holds, price, each = _contains(table, options), table["extra_price"].to_numpy(), np.arange(len(utilities))
    margin = product["list_price"] - product["unit_cost"] + price - table["extra_cost"].to_numpy()
    value = utilities[options["option_id"]].to_numpy() @ holds.T + np.outer(utilities["price"], price)
    earns = pd.DataFrame(special.expit(value - utilities[["none"]].to_numpy()) * margin)
    seen = {"one for all": np.zeros(len(each)), **known}
    chosen = {
        way: (earns.groupby(np.asarray(group)).transform("sum") - earns).to_numpy().argmax(axis=1)
        for way, group in seen.items()
    }
    chosen["adaptive"], rows = value.argmax(axis=1), []
    for way, choice in chosen.items():
        kept = (holds if way == "adaptive" else holds[choice]).any(axis=0).sum() - len(options["module"].unique())
        earned = earns.to_numpy()[each, choice]
        rows.append((way, kept, earned.mean(), *mean(earned - earns.to_numpy()[each, chosen["one for all"]])))
    return pd.DataFrame(rows, columns=["way", "options", "earned", "gain", "low", "high"])


def plot_ways(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each ``way`` to customize earns beyond one for all (``net``, currency per customer), by how much customers differ.

    >>> plot_ways(pd.DataFrame({"way": "adaptive", "difference": [0.0, 0.5, 1.0], "net": [-4.0, 1.0, 9.0]})).get_title()
    'Adaptive earns +9.00; nothing pays below 50% of differences'
    """
    ax, pays, best = figures.axes(ax), table.loc[table["net"] > 0, "difference"], table.sort_values("net").iloc[-1]
    figures.lines(ax, {way: part for way, part in table.groupby("way") if way != "one for all"}, "difference", "net")
    ax.annotate("one for all", (0, 0), xytext=(2, 4), textcoords="offset points")
    title = "No way to customize earns its cost"
    if len(pays):
        title = (
            f"{best['way'].capitalize()} earns {best['net']:+z.2f}; nothing pays below {pays.min():.0%} of differences"
        )
    y = "earned beyond one for all, cost deducted\n({currency} per customer)"
    return figures.finish(ax, title, "how much customers differ (100%: as found)", y, "percent")


def plot_coverage(table: pd.DataFrame, name: str = "", ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers served as well as by all options, by the number of extra options kept, from `coverage`.

    >>> table = pd.DataFrame({"extra_options": [0, 1, 2], "covered": [0.4, 0.85, 1.0], "combinations": [1, 2, 4]})
    >>> plot_coverage(table, "Case").get_title()
    'Case: 1 of 2 extra options suit 85% of customers'
    """
    ax = figures.axes(ax)
    ax.plot(table["extra_options"], table["covered"], "o-", color=figures.BLUE)
    for row in table.itertuples():
        at, below = (row.extra_options, row.covered), {"xytext": (0, -16), "textcoords": "offset points"}
        ax.annotate(f"{row.combinations:,}", at, ha="center", **below)
    enough = table[table["covered"] >= 0.8].iloc[0]
    few = f"{enough['extra_options']:.0f} of {table['extra_options'].max()} extra options"
    title = f"{name}{': ' if name else ''}{few} suit {enough['covered']:.0%} of customers"
    x, y = "extra options kept (number below a point: combinations they make)", "customers served as well as by all"
    return figures.finish(ax, title, x, y, y_format="percent", ylim=(min(0, table["covered"].min() - 0.1), 1.05))


def plot_configuration(
    product_options: pd.DataFrame,
    product: pd.Series,
    fit: pd.DataFrame,
    chosen: list[str],
    limits: pd.Series | None = None,
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """A chosen combination: how well it fits each need, its price and margin; or why it cannot be had.

    `product` is a row of the products; needs whose `price_limits` the combination exceeds are hatched.

    >>> options = pd.DataFrame({"option_id": ["a"], "product_id": "p", "module": "shell", "option": "steel", "not_with": None,
    ...     "extra_price": 40.0, "extra_cost": 20.0})
    >>> case = pd.Series({"product_id": "p", "name": "Case", "list_price": 60.0, "unit_cost": 20.0})
    >>> fit = pd.DataFrame({"segment": ["quality"], "option_id": ["a"], "fit": [0.4]})
    >>> plot_configuration(options, case, fit, ["a"]).get_title()
    'Case at 100.00, margin 60.00: best for “quality”'
    """
    ax = figures.axes(ax, figsize=(8, 3.4))
    reasons = refusals(product_options, chosen)
    if reasons:
        ax.axis("off")
        ax.text(0.02, 0.8, textwrap.fill(" ".join(reasons), 70), transform=ax.transAxes, va="top")
        return figures.finish(ax, f"{product['name']}: this combination is refused")
    options = options_of(product_options, product["product_id"])
    plain = product["list_price"] + options.groupby("module")["extra_price"].min().sum()
    options = options.set_index("option_id").loc[chosen]
    price = product["list_price"] + options["extra_price"].sum()
    margin = price - product["unit_cost"] - options["extra_cost"].sum()
    total = fit[fit["option_id"].isin(chosen)].groupby("segment")["fit"].sum().sort_values()
    dear = pd.Series(False, index=total.index) if limits is None else limits.reindex(total.index) * plain < price
    colours = np.where(dear, "white", np.where(total > 0, figures.GREEN, figures.GREY))
    hatches = ["//" if too else "" for too in dear]
    ax.barh(total.index, total, color=colours, edgecolor=figures.GREY, hatch=hatches, height=0.6)
    ax.axvline(0, color=figures.BLACK, lw=1)
    ax.grid(axis="y", visible=False)
    theirs = total[~dear]
    best = f"best for “{theirs.index[-1]}”" if len(theirs) else "too dear for every need"
    hatched = "; hatched: too dear" if dear.any() else ""
    meaning = f"fit (wishes met more, or less, than among customers in general{hatched})"
    x = textwrap.fill(f"{meaning}: {', '.join(options['option'])}", 95)
    return figures.finish(ax, f"{product['name']} at {price:,.2f}, margin {margin:,.2f}: {best}", x)
