"""Behaviour: how often, how regularly and at what price customers buy, who has fallen silent, and who only looks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import beta

from idic_lab import figures
from idic_lab.dataframes import collected, given_day, of_customers
from idic_lab.errors import DataError, FitError

KINDS = ("frequent", "occasional", "one-time", "lapsed")
SURPRISE = 0.05  # a silence less likely than this, by the customer's own rhythm, counts as having lapsed


def rhythm(transactions: pd.DataFrame, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """How often each customer buys, estimated from their own gaps and, where these are few, from everybody's.

    The gaps between a customer's purchase days are taken as exponential with a rate of the customer's own; rates
    differ over customers by a gamma distribution, fitted to all gaps. A customer with x gaps that add up to s days
    then has the expected rate (r + x) / (alpha + s): with few gaps nearly everybody's, with many their own. The
    chance that such a customer stays silent for t days or more is ((alpha + s) / (alpha + s + t))^(r + x).

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``, of any engine; of one that is not pandas these three
            columns are collected. Negative amounts (returns) are not purchases.
        observation_end: Last day observed; by default the last date in the table.
    Returns:
        DataFrame: ``customer_id``; ``purchase_days`` (count); ``first``, ``last`` (dates); ``days_since_last``;
            ``own_gap_days`` (days between purchases expected of the customer); ``silence_probability`` (of being silent
            at least this long while still a customer).

    Long gaps still open at the end are not among the gaps, so rhythms come out a little fast and a lapse is called a
    little early. The probability of being alive in ``customer_value`` weighs this properly.

    Source: the gamma mixture of exponential gaps is Ehrenberg's NBD model, (1959) Applied Statistics 8(1).

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-21", "2024-01-01", "2024-04-10", "2024-01-01"])
    >>> buys = pd.DataFrame({"customer_id": ["a", "a", "a", "b", "b", "c"], "date": days, "amount": 10.0})
    >>> rhythm(buys, "2024-05-01")[["purchase_days", "days_since_last"]].to_numpy().T.tolist()
    [[3, 2, 1], [101, 21, 121]]
    """
    days = purchase_days(transactions, observation_end)
    end = given_day(observation_end, "observation_end") if observation_end is not None else days["date"].max()
    by = days.groupby("customer_id")["date"]
    table = by.agg(purchase_days="size", first="min", last="max").reset_index()
    table["days_since_last"] = (end - table["last"]).dt.days
    gaps = (table["purchase_days"] - 1).to_numpy()
    spanned = (table["last"] - table["first"]).dt.days.to_numpy()
    if not (gaps > 0).any():
        raise DataError("rhythm: nobody bought on two different days, so there are no gaps between purchases.")
    shape, rate = _gamma_of_rates(gaps[gaps > 0], spanned[gaps > 0])
    table["own_gap_days"] = (rate + spanned) / (shape + gaps)
    remaining = (rate + spanned) / (rate + spanned + table["days_since_last"].to_numpy())
    return table.assign(silence_probability=remaining ** (shape + gaps))


def purchase_days(transactions: pd.DataFrame, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """The different days on which each customer bought, in order: ``customer_id``, ``date``.

    >>> day = pd.Timestamp("2024-01-01")
    >>> len(purchase_days(pd.DataFrame({"customer_id": ["a", "a"], "date": [day, day], "amount": [1.0, 2.0]})))
    1
    """
    transactions = collected(transactions, ("customer_id", "date", "amount"))
    bought = transactions.loc[transactions["amount"].ge(0), ["customer_id", "date"]]
    if observation_end is not None:
        bought = bought[bought["date"].le(given_day(observation_end, "observation_end"))]
    if bought.empty:
        raise DataError("There is no purchase (amount of 0 or more) in the transactions.")
    return bought.drop_duplicates().sort_values(["customer_id", "date"], ignore_index=True)


def _gamma_of_rates(gaps: np.ndarray, spanned: np.ndarray) -> tuple[float, float]:
    """Shape and rate of the gamma distribution of purchase rates, by maximum likelihood."""
    pairs, weight = np.unique(np.column_stack([gaps, spanned]), axis=0, return_counts=True)
    x, s = pairs.T.astype("float64")

    def loss(log_parameters):
        shape, rate = np.exp(log_parameters)
        each = gammaln(shape + x) - gammaln(shape) + shape * np.log(rate) - (shape + x) * np.log(rate + s)
        return -(weight @ each) / weight.sum()

    start = np.log([1.0, spanned.sum() / gaps.sum()])
    within = [(-5, 6), (-5, 16)]
    found = minimize(loss, start, method="L-BFGS-B", bounds=within)
    if not found.success:  # where all customers buy at one rate the likelihood is flat, and its slope leads nowhere
        found = minimize(loss, found.x, method="Nelder-Mead", bounds=within)
    if not found.success:
        raise FitError(f"rhythm: the distribution of purchase rates was not found ({found.message}).")
    shape, rate = np.exp(found.x)
    return float(shape), float(rate)


def behaviour_segments(rhythms: pd.DataFrame, surprise: float = SURPRISE) -> pd.DataFrame:
    """Frequent, occasional, one-time and lapsed buyers, by rules that the data set their measure.

    One-time: bought on one day only. Lapsed: bought on two days or more, and has been silent for so long that the own
    rhythm would explain it less than one time in twenty. Frequent: neither, and the own gap is at most that of the
    typical such customer (the median). Occasional: the rest.

    Parameters:
        surprise: Probability below which a silence counts as a lapse.
    Returns:
        DataFrame: What :func:`rhythm` gives with ``segment`` and, for one-time buyers, ``too_early`` (flag): the first purchase is so
            recent that no second one is to be expected yet (silence still likelier than not).

    >>> rhythms = pd.DataFrame({"customer_id": list("abcd"), "purchase_days": [9, 3, 1, 6], "days_since_last": [3, 9, 400, 300],
    ...     "own_gap_days": [8.0, 60.0, 90.0, 10.0], "silence_probability": [0.7, 0.9, 0.2, 0.0001]})
    >>> behaviour_segments(rhythms)["segment"].tolist()
    ['frequent', 'occasional', 'one-time', 'lapsed']
    """
    once = rhythms["purchase_days"].eq(1)
    lapsed = ~once & rhythms["silence_probability"].lt(surprise)
    frequent = rhythms["own_gap_days"].le(rhythms.loc[~once & ~lapsed, "own_gap_days"].median())
    named = np.select([once, lapsed, frequent], ["one-time", "lapsed", "frequent"], "occasional")
    return rhythms.assign(segment=pd.array(named, dtype="str"), too_early=once & rhythms["silence_probability"].gt(0.5))


def behaviour_summary(behaviour: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """What each kind of buyer is and brings.

    Returns:
        DataFrame: ``segment`` (in the order of `KINDS`), ``customers``, ``share_of_customers``, ``revenue`` (currency),
            ``share_of_revenue``, ``median_gap_days`` (own gap), ``median_days_since_last``.

    >>> kinds = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["frequent", "lapsed"], "own_gap_days": [9.0, 9.0],
    ...     "days_since_last": [3, 300]})
    >>> buys = pd.DataFrame({"customer_id": ["a", "b"], "amount": [30.0, 10.0]})
    >>> behaviour_summary(kinds, buys)["share_of_revenue"].tolist()
    [0.75, 0.25]
    """
    spent = behaviour["customer_id"].map(transactions.groupby("customer_id")["amount"].sum())
    each = behaviour.assign(revenue=spent).groupby("segment")
    table = each["revenue"].agg(customers="size", revenue="sum")
    table.insert(1, "share_of_customers", table["customers"] / table["customers"].sum())
    table["share_of_revenue"] = table["revenue"] / table["revenue"].sum()
    medians = each[["own_gap_days", "days_since_last"]].median()
    table[["median_gap_days", "median_days_since_last"]] = medians
    return table.reindex([kind for kind in KINDS if kind in table.index]).reset_index()


FEWEST = 30


@dataclass(frozen=True)
class Regularity:
    """The regularity k of a customer base: 1 is random, more is regular, less is in bursts.

    Attributes:
        low, high: 95% interval by resampling customers.
        customers: Those with the three purchase days it takes.
        ratios: First gap as a share of it and the next, one per customer; what k is read from.
    """

    k: float
    low: float
    high: float
    customers: int
    ratios: np.ndarray


def regularity(transactions: pd.DataFrame, random_state: int = 0) -> Regularity:
    """How regular the gaps between purchases are, without knowing anybody's rate.

    If gaps have a gamma distribution of shape k, two neighbouring gaps of one customer, the first as a share of both,
    have a Beta(k, k) distribution whatever the customer's rate; its variance, 1 / (4 (2k + 1)), gives k. Each customer
    with at least three purchase days gives one ratio, from the last two gaps. With fewer than 30 such customers k is missing.

    Source: Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing
    Research 27(1); used by Platzer & Reutterer (2016), Ticking away the moments, Marketing Science 35(5).

    >>> days = pd.to_datetime([f"2024-{month:02d}-01" for month in range(1, 7)])
    >>> buys = pd.DataFrame({"customer_id": np.repeat([f"c{i}" for i in range(40)], 6), "date": list(days) * 40, "amount": 1.0})
    >>> bool(regularity(buys).k > 100)
    True
    """
    days = purchase_days(transactions)
    gap = days.groupby("customer_id")["date"].diff().dt.days
    two = days[["customer_id"]].assign(gap=gap, before=gap.groupby(days["customer_id"]).shift())
    last = two.dropna().drop_duplicates("customer_id", keep="last")
    ratios = (last["before"] / (last["before"] + last["gap"])).to_numpy()
    if len(last) < FEWEST:
        return Regularity(np.nan, np.nan, np.nan, len(ratios), ratios)
    rng = np.random.default_rng(random_state)
    again = [_shape(ratios[rng.integers(0, len(ratios), len(ratios))]) for _ in range(200)]
    return Regularity(_shape(ratios), *np.quantile(again, [0.025, 0.975]).tolist(), len(ratios), ratios)


def _shape(ratios: np.ndarray) -> float:
    variance = max(float(np.mean((ratios - 0.5) ** 2)), 1e-6)  # the mean is one half by symmetry
    return max((1 / (4 * variance) - 1) / 2, 0.0)


TIERS = ("budget", "standard", "premium")
SURE = 0.80  # probability from which a leaning counts
PRIOR = 4.0  # how many lines, or visits, everybody's average counts for


def _above(hits: pd.Series, tries: pd.Series) -> np.ndarray:
    """Probability that each one's share of hits lies above everybody's; one half where all tries came out alike."""
    everybody = float(hits.sum() / tries.sum())
    if not 0 < everybody < 1:
        return np.full(len(hits), 0.5)
    return beta.sf(everybody, hits + PRIOR * everybody, tries - hits + PRIOR * (1 - everybody))


def product_tiers(order_lines: pd.DataFrame, products: pd.DataFrame | None = None) -> pd.DataFrame:
    """``product_id``, ``tier``: as the catalogue says, else by thirds of the prices paid in the product's category.

    >>> lines = pd.DataFrame({"product_id": list("abc"), "unit_price": [1.0, 2.0, 9.0], "quantity": [1.0, 1.0, 1.0]})
    >>> product_tiers(lines)["tier"].tolist()
    ['budget', 'standard', 'premium']
    """
    if products is not None and "tier" in products and products["tier"].notna().any():
        return products.loc[products["tier"].notna(), ["product_id", "tier"]].reset_index(drop=True)
    sold = order_lines[order_lines["quantity"].gt(0)]
    price = sold["unit_price"] if "unit_price" in sold else sold["amount"] / sold["quantity"]
    prices = price[price.gt(0)].groupby(sold["product_id"]).median().rename("unit_price").reset_index()
    catalogue = prices[["product_id"]].assign(category="") if products is None else products
    prices = prices.merge(catalogue[["product_id", "category"]], on="product_id", how="left")
    rank = prices.groupby("category", dropna=False)["unit_price"].rank(pct=True, method="average")
    third = np.minimum((rank * 3).to_numpy() - 1e-9, 2.999).astype(int)
    return prices[["product_id"]].assign(tier=pd.array(np.array(TIERS)[third], dtype="str"))


def price_tier(order_lines: pd.DataFrame, products: pd.DataFrame | None = None) -> pd.DataFrame:
    """Who buys premium, who buys budget, and who does neither more than everybody.

    Each customer's share of premium lines is compared with everybody's. Few lines say little, so the comparison is
    made in probability: from a Beta distribution that starts at everybody's average, worth four lines, and learns from
    the customer's own. "premium" needs a probability of 80% that the customer's premium share lies above everybody's,
    "budget" likewise; "mixed" is neither, for want of a leaning or for want of purchases.

    Parameters:
        order_lines: ``customer_id``, ``product_id``, ``quantity``, and ``unit_price`` or ``amount`` (currency); returns
            (negative quantity) do not count.
        products: ``product_id`` and where known ``category``, ``tier``; see :func:`product_tiers`.
    Returns:
        DataFrame: ``customer_id``, ``lines``, ``budget_share``, ``premium_share``, ``probability_budget``,
            ``probability_premium`` (of lying above everybody's share), ``segment``.

    >>> lines = pd.DataFrame({"customer_id": ["ann"] * 9 + ["bob"] * 9, "product_id": ["p"] * 9 + ["b"] * 9,
    ...     "quantity": 1.0, "unit_price": [9.0] * 9 + [1.0] * 9})
    >>> catalogue = pd.DataFrame({"product_id": ["p", "b"], "tier": ["premium", "budget"]})
    >>> price_tier(lines, catalogue)["segment"].tolist()
    ['premium', 'budget']
    """
    kept = order_lines.loc[order_lines["quantity"].gt(0), ["customer_id", "product_id"]]
    lines = kept.merge(product_tiers(order_lines, products), on="product_id")
    if lines.empty:
        raise DataError("price_tier: no order line is of a product with a price tier.")
    counts = pd.crosstab(lines["customer_id"], lines["tier"]).reindex(columns=list(TIERS), fill_value=0)
    total = counts.sum(axis=1)
    table = pd.DataFrame({"customer_id": counts.index.astype("str"), "lines": total.to_numpy()})
    for tier in ("budget", "premium"):
        table[f"{tier}_share"] = (counts[tier] / total).to_numpy()
    budget, premium = sure = [_above(counts[tier], total) for tier in ("budget", "premium")]
    table["probability_budget"], table["probability_premium"] = sure
    leans = [(premium >= SURE) & (premium >= budget), budget >= SURE]
    return table.assign(segment=pd.array(np.select(leans, ["premium", "budget"], "mixed"), dtype="str"))


def browsing(web_events: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Visits of each customer and what came of them.

    "buys when visiting" and "looks more than buys" are customers whose share of visits with an order lies above or
    below everybody's with a probability of at least 80%; with few visits neither can be said ("in between").

    Parameters:
        web_events: ``session_id``, ``record_id``, ``event`` (view, basket, checkout).
        identity_links: ``record_id``, ``customer_id``.
    Returns:
        DataFrame: ``customer_id``, ``visits``, ``with_basket``, ``with_order`` (counts of visits), ``order_share``
            (with_order / visits), ``segment``. Customers never seen logged in are not in it.

    >>> events = pd.DataFrame({"session_id": ["s1", "s1", "s2"], "record_id": "r", "event": ["view", "checkout", "view"]})
    >>> links = pd.DataFrame({"record_id": ["r"], "customer_id": ["ann"]})
    >>> browsing(events, links)[["visits", "with_order", "order_share"]].values.tolist()
    [[2.0, 1.0, 0.5]]
    """
    events = of_customers(web_events, identity_links)
    if events.empty:
        raise DataError("browsing: no visit belongs to a record that is linked to a customer.")
    events = events.assign(basket=events["event"].eq("basket"), order=events["event"].eq("checkout"))
    happened = events.groupby(["customer_id", "session_id"], as_index=False)[["basket", "order"]].any()
    counts = {"visits": ("session_id", "size"), "with_basket": ("basket", "sum"), "with_order": ("order", "sum")}
    table = happened.groupby("customer_id", as_index=False).agg(**counts)
    table["order_share"] = table["with_order"] / table["visits"]
    above = _above(table["with_order"], table["visits"])
    named = np.select([above >= SURE, above <= 1 - SURE], ["buys when visiting", "looks more than buys"], "in between")
    return table.assign(segment=pd.array(named, dtype="str"))


_LOOKS = {"frequent": (figures.BLUE, "o"), "occasional": (figures.ORANGE, "s"), "lapsed": (figures.BLACK, "x")}
_BESIDE = figures.BESIDE | {"markerscale": 1.6}


def plot_rhythm(behaviour: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Silence against the own rhythm, one point per customer, by kind of buyer (:func:`behaviour_segments`).

    >>> kinds = pd.DataFrame({"segment": ["frequent", "lapsed"], "own_gap_days": [9.0, 9.0], "days_since_last": [3, 300]})
    >>> plot_rhythm(kinds).get_title()
    '50% of repeat buyers are silent beyond their own rhythm'
    """
    ax = figures.axes(ax, figsize=(8.6, 5.4))
    repeat = behaviour[behaviour["segment"].ne("one-time")]
    shown = repeat if len(repeat) <= 3_000 else repeat.sample(3_000, random_state=0)
    for name, (colour, mark) in _LOOKS.items():
        rows = shown[shown["segment"].eq(name)]
        look = {"color": colour, "alpha": 0.55, "markersize": 4}
        label = f"{name} ({repeat['segment'].eq(name).sum():,})"
        ax.plot(rows["own_gap_days"], rows["days_since_last"] + 1, mark, label=label, **look)
    span = np.array([shown["own_gap_days"].min(), shown["own_gap_days"].max()])
    ax.plot(span, span, color="#555555", linestyle="--", linewidth=1.2, label="silent for\none own gap")
    ax.set(xscale="log", yscale="log")
    title = f"{repeat['segment'].eq('lapsed').mean():.0%} of repeat buyers are silent beyond their own rhythm"
    x, y = "own gap between purchases (days, expected)", "days since the last purchase, plus 1"
    return figures.finish(ax, title, x, y, "count", "count", legend=_BESIDE)


def plot_behaviour(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers and of revenue by kind of buyer (:func:`behaviour_summary`).

    >>> summary = pd.DataFrame({"segment": ["frequent", "lapsed"], "share_of_customers": [0.2, 0.8],
    ...     "share_of_revenue": [0.6, 0.4]})
    >>> plot_behaviour(summary).get_title()
    'Frequent buyers: 20% of customers, 60% of revenue'
    """
    ax = figures.axes(ax)
    x = np.arange(len(summary))
    for offset, of, colour in ((-0.2, "of customers", figures.SKY), (0.2, "of revenue", figures.BLUE)):
        shares = summary[f"share_{of.replace(' ', '_')}"]
        bars = ax.bar(x + offset, shares, width=0.38, color=colour, label=of)
        ax.bar_label(bars, [f"{value:.0%}" for value in shares], padding=2, fontsize=9)
    ax.set_xticks(x, summary["segment"])
    ax.margins(y=0.12)
    top = summary.loc[summary["share_of_revenue"].idxmax()]
    shares = f"{top['share_of_customers']:.0%} of customers, {top['share_of_revenue']:.0%} of revenue"
    title, legend = f"{top['segment'].capitalize()} buyers: {shares}", {"loc": "upper right"}
    return figures.finish(ax, title, "kind of buyer", "share", y_format="percent", legend=legend)


def plot_regularity(found: Regularity, ax: figures.Axes | None = None) -> figures.Axes:
    """The ratios of neighbouring gaps, beside what random buying and the fitted k would give.

    >>> plot_regularity(Regularity(2.0, 1.5, 2.6, 3, np.array([0.4, 0.5, 0.6]))).get_title()
    'Buying is steadier than chance: k = 2.00 (95% 1.50 to 2.60)'
    """
    ax = figures.axes(ax)
    label = f"gaps of {found.customers:,} customers"
    ax.hist(found.ratios, bins=20, range=(0, 1), density=True, color=figures.SKY, label=label)
    x = np.linspace(0.01, 0.99, 197)
    ax.plot(x, beta.pdf(x, 1, 1), color="#555555", linestyle="--", label="buying at random (k = 1)")
    if np.isnan(found.k):
        title = f"Too few to tell: {found.customers} customers with three purchase days, {FEWEST} are needed"
    else:
        label = f"these customers, fitted (k = {found.k:.2f})"
        ax.plot(x, beta.pdf(x, found.k, found.k), color=figures.VERMILION, label=label)
        beside_chance = "is steadier than chance" if found.k > 1 else "comes in bursts"
        what = "looks like chance" if found.low <= 1 <= found.high else beside_chance
        title = f"Buying {what}: k = {found.k:.2f} (95% {found.low:.2f} to {found.high:.2f})"
    legend = {"loc": "lower center", "frameon": True, "framealpha": 0.9}
    x = "earlier of two neighbouring gaps, as a share of both"
    return figures.finish(ax, title, x, "density", legend=legend, ylim=(0, None))


def plot_browsing(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Visits against the share of them that ended in an order (:func:`browsing`).

    >>> table = pd.DataFrame({"visits": [9, 9], "with_order": [1, 8], "order_share": [1 / 9, 8 / 9],
    ...     "segment": ["looks more than buys", "buys when visiting"]})
    >>> plot_browsing(table).get_title()
    '50% of visitors look more than buy; 50% of visits end in an order'
    """
    ax, rng = figures.axes(ax), np.random.default_rng(0)
    names = ("looks more than buys", "in between", "buys when visiting")
    for name, colour, mark in zip(names, (figures.ORANGE, figures.GREY, figures.BLUE), "vo^", strict=True):
        rows = table[table["segment"].eq(name)]
        # moved a little, so that points do not hide each other
        x = rows["visits"] * np.exp(rng.uniform(-0.06, 0.06, len(rows)))
        look = {"color": colour, "alpha": 0.5, "markersize": 4, "label": f"{name} ({len(rows):,})"}
        ax.plot(x, rows["order_share"], mark, **look)
    overall = table["with_order"].sum() / table["visits"].sum()
    ax.axhline(overall, color="black", linewidth=1, linestyle="--")
    ax.set(xscale="log")
    share = table["segment"].eq("looks more than buys").mean()
    title = f"{share:.0%} of visitors look more than buy; {overall:.0%} of visits end in an order"
    return figures.finish(ax, title, "visits", "share of visits with an order", "count", "percent", legend=_BESIDE)
