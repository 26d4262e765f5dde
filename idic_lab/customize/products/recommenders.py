"""Recommenders: from who bought what to what to show whom, judged on what customers bought afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from idic_lab import figures
from idic_lab.dataframes import given_day
from idic_lab.errors import DataError
from idic_lab.inference.intervals import mean
from idic_lab.inference.resampling import draws_of

MOST_PRODUCTS = 3_000  # an assortment of more is cut to those that most customers bought: products by products must fit


class PurchaseMatrix(NamedTuple):
    """Order lines as a matrix: in how many orders each customer (row) bought each product (column), both sorted."""

    counts: sparse.csr_array
    customers: pd.Index
    products: pd.Index


def purchase_matrix(order_lines: pd.DataFrame, most_products: int = MOST_PRODUCTS) -> PurchaseMatrix:
    """In how many orders each customer bought each product; returns are left out.

    Parameters:
        order_lines: ``order_id``, ``customer_id``, ``product_id`` and, where known, ``quantity`` (units, negative for a
            return) or ``amount`` (currency, likewise).
        most_products: Of a larger assortment, those that most customers bought are kept.

    >>> lines = pd.DataFrame({"order_id": ["1", "1", "2"], "customer_id": ["a", "a", "a"],
    ...                       "product_id": ["x", "y", "x"], "quantity": [1.0, 2.0, 1.0]})
    >>> purchase_matrix(lines).counts.toarray()
    array([[2., 1.]])
    """
    bought = purchases(order_lines).drop_duplicates(["order_id", "customer_id", "product_id"])
    customers, products = (pd.Index(np.sort(bought[name].unique())) for name in ("customer_id", "product_id"))
    if len(products) > most_products:
        buyers = bought.groupby("product_id")["customer_id"].nunique()
        products = buyers.sort_values(ascending=False, kind="stable").index[:most_products].sort_values()
        bought = bought[bought["product_id"].isin(products)]
    row, column = customers.get_indexer(bought["customer_id"]), products.get_indexer(bought["product_id"])
    counts = sparse.coo_array((np.ones(len(bought)), (row, column)), shape=(len(customers), len(products)))
    return PurchaseMatrix(counts.tocsr(), customers, products)


def purchases(order_lines: pd.DataFrame) -> pd.DataFrame:
    """The order lines that are purchases: of a quantity, or else an amount, above 0; DataError when there is none."""
    known = next((name for name in ("quantity", "amount") if name in order_lines), None)
    bought = order_lines if known is None else order_lines[order_lines[known] > 0]
    if bought.empty:
        raise DataError("order_lines holds no purchase (a line with a quantity or an amount above 0).")
    return bought


def pairs_together(bought: sparse.csr_array, least: float) -> pd.DataFrame:
    """Pairs of columns (``one``, ``other``) that share at least so many rows (``both``).

    Where none shares so many, pairs that share as many as the commonest one.
    """
    both = sparse.triu(bought.T @ bought, 1).tocoo()
    least = min(least, both.data.max(initial=0))
    found = pd.DataFrame({"one": both.coords[0], "other": both.coords[1], "both": both.data})
    return found[found["both"] >= max(least, 1)].reset_index(drop=True)


def split_in_time(order_lines: pd.DataFrame, cut: str | pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Order lines before a day, to learn from, and from it on, to judge on; without one, at three quarters of the time.

    >>> lines = pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-02-01"])})
    >>> [len(part) for part in split_in_time(lines, "2024-02-01")]
    [1, 1]
    """
    first, last = order_lines["date"].min(), order_lines["date"].max()
    cut = given_day(cut, "cut") if cut else (first + 0.75 * (last - first)).normalize()
    before, after = order_lines[order_lines["date"] < cut], order_lines[order_lines["date"] >= cut]
    if before.empty or after.empty:
        period = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        raise DataError(f"The cut {cut:%Y-%m-%d} leaves one part without order lines; they run from {period}.")
    return before, after


class Recommender:
    """What all share: a fitted purchase matrix, ``popularity_`` (share of customers who bought), and ranking by score."""

    matrix_: PurchaseMatrix

    def fit(self, order_lines: pd.DataFrame) -> Recommender:
        """Learn from order lines, as :func:`purchase_matrix` takes them."""
        self.matrix_ = purchase_matrix(order_lines)
        bought = self.matrix_.counts > 0
        self.popularity_ = np.asarray(bought.sum(axis=0)).ravel() / bought.shape[0]
        self._learn(bought.astype(float))
        return self

    def _learn(self, bought: sparse.csr_array) -> None:
        """Learn from the matrix of ones; popularity alone has nothing more to learn."""

    def scores(self, customers: pd.Index) -> np.ndarray:
        """Score of every product for every customer, shape (customers, products); of newcomers, its popularity."""
        rows = self.matrix_.customers.get_indexer(customers)
        scores = np.tile(self.popularity_, (len(rows), 1))
        scores[rows >= 0] = self._scores(rows[rows >= 0])
        return scores

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return np.tile(self.popularity_, (len(rows), 1))

    def recommend(self, customers, k: int = 10) -> pd.DataFrame:
        """The k best products not yet bought: ``customer_id``, ``product_id``, ``rank``, ``score``."""
        rows, scores = self.matrix_.customers.get_indexer(customers), self.scores(customers)
        known = rows >= 0
        scores[known] = np.where(self.matrix_.counts[rows[known]].toarray() > 0, -np.inf, scores[known])
        k = min(k, scores.shape[1])
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        found = {"product_id": self.matrix_.products.to_numpy()[best.ravel()]}
        found |= {"rank": np.tile(np.arange(1, k + 1), len(customers))}
        found |= {"score": np.take_along_axis(scores, best, axis=1).ravel()}
        table = pd.DataFrame({"customer_id": np.repeat(np.asarray(customers, dtype=object), k), **found})
        table = table[np.isfinite(table["score"])].reset_index(drop=True)
        return table.astype({"customer_id": "str", "product_id": "str"})


class Popularity(Recommender):
    """The same list for everybody: what most customers bought. The baseline to beat.

    >>> lines = pd.DataFrame({"order_id": ["1", "2", "2"], "customer_id": ["a", "b", "b"],
    ...                       "product_id": ["x", "x", "y"], "quantity": 1.0})
    >>> Popularity().fit(lines).recommend(["a"], k=1)["product_id"].tolist()
    ['y']
    """


class ItemToItem(Recommender):
    """Products bought by the customers who bought the same products.

    A similarity seen in n customers is multiplied by ``n / (n + shrinkage)``, since a rare pair looks alike by chance.

    Source: Linden, Smith & York (2003), Amazon.com Recommendations, IEEE Internet Computing 7(1); Sarwar et al. (2001).
    """

    def __init__(self, shrinkage: float = 10.0):
        self.shrinkage = shrinkage

    def _learn(self, bought: sparse.csr_array) -> None:
        both = (bought.T @ bought).toarray()
        size = np.sqrt(np.outer(np.diag(both), np.diag(both)))
        self.similarity_ = both / size * both / np.maximum(both + self.shrinkage, 1e-12)
        np.fill_diagonal(self.similarity_, 0.0)

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return (self.matrix_.counts[rows] > 0).astype(float) @ self.similarity_


class RuleBased(Recommender):
    """Association rules of one product to another, over all that a customer bought.

    The score of a product is the sum of the confidences of the rules that lead to it, and popularity decides ties. Where
    no two products reach ``min_support`` (share of customers who bought both), that of the commonest pair is taken.

    Source: Agrawal & Srikant (1994), Fast algorithms for mining association rules.
    """

    def __init__(self, min_support: float = 0.005):
        self.min_support = min_support

    def _learn(self, bought: sparse.csr_array) -> None:
        together = pairs_together(bought, self.min_support * bought.shape[0])
        own = np.asarray(bought.sum(axis=0)).ravel()
        confidence = np.concatenate([together["both"] / own[together[side]] for side in ("one", "other")])
        ends = np.concatenate([together[["one", "other"]], together[["other", "one"]]]).T
        self.confidence_ = sparse.coo_array((confidence, tuple(ends)), shape=(len(own), len(own))).toarray()

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        known = (self.matrix_.counts[rows] > 0).astype(float)
        return known @ self.confidence_ + 1e-6 * self.popularity_


class ImplicitFactorisation(Recommender):
    """Tastes of customers and products as short vectors, by weighted alternating least squares.

    Having bought is a one, not having bought a zero of little weight, since it may mean "does not know it".

    Parameters:
        confidence: Extra weight of a one, times the logarithm of one plus the number of orders.

    Source: Hu, Koren & Volinsky (2008), Collaborative filtering for implicit feedback datasets, ICDM, equation 4.
    """

    def __init__(
        self, n_factors: int = 8, confidence: float = 10.0, regularisation: float = 20.0, random_state: int = 0
    ):
        self.n_factors, self.confidence, self.regularisation = n_factors, confidence, regularisation
        self.random_state = random_state

    def _learn(self, bought: sparse.csr_array) -> None:
        extra = self.matrix_.counts.copy()
        extra.data = self.confidence * np.log1p(extra.data)
        rng = np.random.default_rng(self.random_state)
        self.product_factors_ = rng.normal(0, 0.1, (bought.shape[1], self.n_factors))
        columns = extra.T.tocsr()
        for _ in range(10):
            self.customer_factors_ = self._solve(self.product_factors_, extra)
            self.product_factors_ = self._solve(self.customer_factors_, columns)

    def _solve(self, other: np.ndarray, extra: sparse.csr_array) -> np.ndarray:
        k = other.shape[1]
        products_of_pairs = (other[:, :, None] * other[:, None, :]).reshape(len(other), k * k)
        left = other.T @ other + self.regularisation * np.eye(k) + (extra @ products_of_pairs).reshape(-1, k, k)
        ones = extra.copy()
        ones.data = 1 + ones.data
        return np.linalg.solve(left, (ones @ other)[..., None])[..., 0]

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return self.customer_factors_[rows] @ self.product_factors_.T


class NeedPopularity(Recommender):
    """What is popular among customers of the same need: a list for customers who have bought nothing yet.

    Customers without a segment get the popularity of all, which weighs as much as ``shrinkage`` customers in a need.
    """

    def __init__(self, segments: pd.DataFrame, shrinkage: float = 20.0):
        self.segments, self.shrinkage = segments, shrinkage

    def _learn(self, bought: sparse.csr_array) -> None:
        self._segment_of = self.segments.drop_duplicates("customer_id").set_index("customer_id")["segment"]
        member = pd.get_dummies(self._segment_of.reindex(self.matrix_.customers), dtype=float)
        weighted = member.T.to_numpy() @ bought + self.shrinkage * self.popularity_
        sizes = member.sum().to_numpy()[:, None] + self.shrinkage
        self.segment_popularity_ = pd.DataFrame(weighted / sizes, member.columns)

    def scores(self, customers: pd.Index) -> np.ndarray:
        found = self.segment_popularity_.reindex(self._segment_of.reindex(customers)).to_numpy()
        return np.where(np.isnan(found), self.popularity_, found)


def recommendations(
    order_lines: pd.DataFrame, needs: pd.DataFrame | None = None, k: int = 10, random_state: int = 0
) -> pd.DataFrame:
    """The table ``recommendations``: k products for each customer, newcomers too where `needs` gives their segment.

    Buyers get theirs by factorisation, newcomers by popularity within the need.

    >>> lines = pd.DataFrame({"order_id": ["1", "2", "2"], "customer_id": ["a", "b", "b"], "product_id": ["x", "x", "y"],
    ...     "amount": 1.0})
    >>> recommendations(lines, pd.DataFrame({"customer_id": ["new"], "segment": ["advice"]}))["product_id"].tolist()
    ['y', 'x', 'y']
    """
    known = ImplicitFactorisation(random_state=random_state).fit(order_lines)
    parts = [known.recommend(known.matrix_.customers, k).assign(method="factorisation")]
    if needs is not None:
        newcomers = pd.Index(needs["customer_id"]).difference(known.matrix_.customers)
        by_need = NeedPopularity(needs).fit(order_lines).recommend(newcomers, k)
        parts.append(by_need.assign(method="popularity in the need"))
    table = pd.concat(parts).sort_values(["customer_id", "rank"], ignore_index=True)
    return table.astype({"method": "str"})


def evaluate(
    recommenders: Mapping[str, Recommender],
    before: pd.DataFrame,
    after: pd.DataFrame,
    k: int = 10,
    newcomers: bool = False,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> pd.DataFrame:
    """Fit recommenders on the order lines before a day and judge them by the products newly bought after it.

    Parameters:
        newcomers: Judge customers who had bought nothing before instead of those who had.
    Returns:
        DataFrame: One row per recommender, popularity first: ``recommender``, ``customers``; ``recall`` (share of what a
            customer went on to buy, k at most, that the list holds) and ``recall_gain`` over popularity, each with ``_low``
            and ``_high`` (95%, by customer).

    >>> bought = {"a": "x", "b": "x", "c": "xy", "d": "xy"}
    >>> lines = pd.DataFrame([(who, who, what, 1.0) for who, all_ in bought.items() for what in all_],
    ...     columns=["order_id", "customer_id", "product_id", "amount"])
    >>> later = pd.DataFrame({"order_id": ["5", "6"], "customer_id": ["a", "b"], "product_id": "y", "amount": 1.0})
    >>> evaluate({"item-to-item": ItemToItem()}, lines, later, k=1)[["recommender", "recall"]].to_numpy().tolist()
    [['popularity', 1.0], ['item-to-item', 1.0]]
    """
    matrix, later = purchase_matrix(before), purchase_matrix(after)
    judged = later.customers[later.customers.isin(matrix.customers) != newcomers]
    judged, own, wanted = _own_and_wanted(matrix, later, judged)
    fitted = {"popularity": Popularity(), **recommenders}
    recall = {name: _recall(one.fit(before).scores(judged), own, wanted, k) for name, one in fitted.items()}
    weights, rows = draws_of(len(judged), n_bootstrap, random_state) / len(judged), []
    for name, mine in recall.items():
        row = {"recommender": name, "customers": len(judged)}
        for measure, values in {"recall": mine, "recall_gain": mine - recall["popularity"]}.items():
            low, high = np.quantile(weights @ values, [0.025, 0.975])
            row |= {measure: values.mean(), f"{measure}_low": low, f"{measure}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _own_and_wanted(matrix: PurchaseMatrix, later: PurchaseMatrix, customers: pd.Index):
    """The customers who newly buy a product known before; what they had, and what they newly buy: (customers, products)."""
    rows, column = matrix.customers.get_indexer(customers), later.products.get_indexer(matrix.products)
    own = (matrix.counts[rows].toarray() > 0) & (rows >= 0)[:, None]
    wanted = (later.counts[later.customers.get_indexer(customers)].toarray()[:, column] > 0) & (column >= 0) & ~own
    some = wanted.any(axis=1)
    if not some.any():
        raise DataError("No customer bought a product after the cut that a list could have held.")
    return customers[some], own[some], wanted[some]


def _recall(scores: np.ndarray, own: np.ndarray, wanted: np.ndarray, k: int) -> np.ndarray:
    """Of each customer, what share of the products wanted (k at most) is among the k not owned that score highest."""
    best = np.argsort(np.where(own, np.inf, -scores), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(wanted, best, axis=1).sum(axis=1) / np.minimum(wanted.sum(axis=1), k)


LIKE_ALL = 20.0  # customers who buy as all do, added to those who bought the same: a chance pair counts for little


def community_knowledge(
    before: pd.DataFrame,
    after: pd.DataFrame,
    products: pd.DataFrame,
    sizes: Sequence[int] = (),
    k: int = 5,
    n_draws: int = 10,
    random_state: int = 0,
) -> pd.DataFrame:
    """How well the next products of customers with one order are foretold by what others bought, and by how many others.

    Parameters:
        before, after: Order lines; of an assortment of over 3,000, the products that most customers bought.
        products: ``product_id``, ``category``.
        sizes: Numbers of other customers to learn from, each drawn `n_draws` times; all of them come last.
    Returns:
        DataFrame: ``customers`` (learnt from), ``judged``; recall of lists of `k`: ``best_sellers``, ``same_shelf`` (best sellers of the
            categories bought from), ``bought_the_same`` (what those bought too who bought the same); ``gain`` of the last over the
            first and ``beyond_shelf``, each with ``_low`` and ``_high`` (95%, by customer judged).

    >>> lines = pd.DataFrame([(who, who, what, 1.0) for who in range(60) for what in ("ab" if who % 3 else "cd")],
    ...     columns=["order_id", "customer_id", "product_id", "amount"])
    >>> after = pd.DataFrame({"order_id": [91], "customer_id": [0], "product_id": ["d"], "amount": [1.0]})
    >>> shelf = pd.DataFrame({"product_id": list("abcd"), "category": "all"})
    >>> community_knowledge(lines.drop(index=1), after, shelf, k=1)[["best_sellers", "bought_the_same"]].to_numpy().tolist()
    [[0.0, 1.0]]
    """
    matrix, later, rng, rows = purchase_matrix(before), purchase_matrix(after), np.random.default_rng(random_state), []
    orders = purchases(before).groupby("customer_id")["order_id"].nunique()
    once, own, wanted = _own_and_wanted(matrix, later, later.customers.intersection(orders.index[orders == 1]))
    bought = (matrix.counts[~matrix.customers.isin(once)] > 0).astype(float)
    shelf = (
        products.drop_duplicates("product_id").set_index("product_id")["category"].reindex(matrix.products).to_numpy()
    )
    everybody = bought.shape[0]
    for size in (*(n for n in sizes if n < 0.8 * everybody), everybody):
        draws = []
        for _ in range(n_draws if size < everybody else 1):
            learnt = bought[rng.choice(everybody, size, replace=False)]
            both = (learnt.T @ learnt).toarray()
            sells = np.diag(both) / size
            same = own @ ((both + LIKE_ALL * sells) / (np.diag(both) + LIKE_ALL)[:, None])
            scores = sells + 0 * own, sells + own @ (shelf[:, None] == shelf), same
            draws.append([_recall(score, own, wanted, k) for score in scores])
        found = np.mean(draws, axis=0)
        gains = *mean(found[2] - found[0]), *mean(found[2] - found[1])
        rows.append((size, len(once), *found.mean(axis=1), *gains))
    names = [f"{name}{end}" for name in ("gain", "beyond_shelf") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["customers", "judged", "best_sellers", "same_shelf", "bought_the_same", *names])


def plot_community(known: dict[str, pd.DataFrame], ax: figures.Axes | None = None) -> figures.Axes:
    """What others bought adds to the best sellers, by how many others; tables of `community_knowledge` by name.

    >>> known = pd.DataFrame({"customers": [50, 400], "gain": [0.01, 0.08], "gain_low": [0.0, 0.05], "gain_high": [0.02, 0.11],
    ...     "best_sellers": 0.1, "bought_the_same": [0.11, 0.18]})
    >>> plot_community({"this shop": known}).get_title()
    '400 others foretell 18% of the next products, best sellers 10%'
    """
    ax, last = figures.axes(ax), next(iter(known.values())).iloc[-1]
    figures.lines(ax, known, "customers", "gain")
    title = "What others bought foretells the next product no better than the best sellers"
    if last["gain_low"] > 0:
        found = f"{last['bought_the_same']:.0%} of the next products, best sellers {last['best_sellers']:.0%}"
        title = f"{last['customers']:,.0f} others foretell {found}"
    x, y = "other customers to learn from (band: 95% interval)", "more of the next products than by best sellers"
    ax.set_xscale("log", base=2)
    return figures.finish(ax, title, x, y, "count", "percent")


def plot_evaluation(table: pd.DataFrame, k: int = 10, ax: figures.Axes | None = None) -> figures.Axes:
    """Recall of each recommender with its interval, from `evaluate` with lists of `k`; popularity is marked.

    >>> table = pd.DataFrame({"recommender": ["popularity", "factorisation"], "recall": [0.2, 0.4], "recall_low": [0.15, 0.3],
    ...     "recall_high": [0.25, 0.5]})
    >>> plot_evaluation(table).get_title()
    'Factorisation finds 40% of later purchases, popularity 20%'
    """
    ax = figures.axes(ax, figsize=(8, 0.55 * len(table) + 1.4))
    ordered = table.sort_values("recall", ignore_index=True)
    place = np.arange(len(ordered))
    colour = [figures.GREY if name == "popularity" else figures.BLUE for name in ordered["recommender"]]
    look = {"capsize": 3, "error_kw": {"lw": 1}}
    ax.barh(place, ordered["recall"], 0.62, color=colour, xerr=figures.spread(ordered, "recall", "recall_"), **look)
    ax.set_yticks(place, ordered["recommender"])
    ax.grid(axis="y", visible=False)
    baseline = float(table.loc[table["recommender"] == "popularity", "recall"].iloc[0])
    ax.axvline(baseline, color=figures.BLACK, lw=1, ls="--")
    best = ordered.iloc[-1]
    beaten = "" if best["recommender"] == "popularity" else f", popularity {baseline:.0%}"
    title = f"{best['recommender'].capitalize()} finds {best['recall']:.0%} of later purchases{beaten}"
    x = f"recall in a list of {k} (share of later purchases; lines: 95% intervals)"
    return figures.finish(ax, title, x, x_format="percent")
