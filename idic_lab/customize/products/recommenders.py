"""Recommenders: from who bought what to what to show whom, each with ``fit`` and ``recommend``."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from idic_lab.customize.products.purchases import PurchaseMatrix, purchase_matrix
from idic_lab.errors import DataError, UnknownName


class Recommender:
    """What all recommenders share: a fitted purchase matrix and the ranking of scores.

    Attributes
    ----------
    matrix_ : PurchaseMatrix
    popularity_ : ndarray, shape (products,)
        Share of customers who bought the product.
    """

    matrix_: PurchaseMatrix

    def fit(self, order_lines: pd.DataFrame) -> Recommender:
        """Learn from order lines (``order_id``, ``customer_id``, ``product_id``, ``quantity``)."""
        self.matrix_ = purchase_matrix(order_lines)
        bought = self.matrix_.counts > 0
        self.popularity_ = np.asarray(bought.sum(axis=0)).ravel() / bought.shape[0]
        self._learn(bought.astype(float))
        return self

    def _learn(self, bought: sparse.csr_array) -> None:
        """Learn from the matrix of ones; popularity alone has nothing more to learn."""

    def scores(self, customers: pd.Index) -> np.ndarray:
        """Score of every product for every customer, higher is better, shape (customers, products).

        A customer without purchases is scored by popularity.
        """
        rows = self.matrix_.rows(customers)
        scores = np.tile(self.popularity_, (len(rows), 1))
        known = rows >= 0
        if known.any():
            scores[known] = self._scores(rows[known])
        return scores

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return np.tile(self.popularity_, (len(rows), 1))

    def recommend(self, customers, k: int = 10, new_only: bool = True) -> pd.DataFrame:
        """The k best products for each customer.

        Parameters
        ----------
        customers : sequence of str
        k : int
        new_only : bool, default=True
            Leave out what the customer has bought.

        Returns
        -------
        DataFrame
            ``customer_id``, ``product_id``, ``rank`` (1 is best), ``score``.
        """
        customers = pd.Index(customers)
        rows, scores = self.matrix_.rows(customers), self.scores(customers)
        if new_only:
            known = rows >= 0
            scores[known] = np.where(self.matrix_.counts[rows[known]].toarray() > 0, -np.inf, scores[known])
        k = min(k, scores.shape[1])
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        table = pd.DataFrame(
            {
                "customer_id": np.repeat(customers.to_numpy(), k),
                "product_id": self.matrix_.products.to_numpy()[best.ravel()],
                "rank": np.tile(np.arange(1, k + 1), len(customers)),
                "score": np.take_along_axis(scores, best, axis=1).ravel(),
            }
        ).astype({"customer_id": "str", "product_id": "str"})
        return table[np.isfinite(table["score"])].reset_index(drop=True)


class Popularity(Recommender):
    """The same list for everybody: what most customers bought. The baseline to beat.

    Examples
    --------
    >>> lines = pd.DataFrame({"order_id": ["1", "2", "2"], "customer_id": ["a", "b", "b"],
    ...                       "product_id": ["x", "x", "y"], "quantity": 1.0})
    >>> Popularity().fit(lines).recommend(["a"], k=1)["product_id"].tolist()
    ['y']
    """


class ItemToItem(Recommender):
    """Products bought by the customers who bought the same products.

    Parameters
    ----------
    similarity : {"cosine", "jaccard"}
    shrinkage : float
        A similarity seen in n customers is multiplied by ``n / (n + shrinkage)``, since a rare pair looks alike by
        chance.

    Notes
    -----
    Source: Linden, Smith & York (2003), Amazon.com Recommendations, IEEE Internet Computing 7(1); Sarwar et al. (2001).
    """

    def __init__(self, similarity: str = "cosine", shrinkage: float = 10.0):
        self.similarity, self.shrinkage = similarity, shrinkage

    def _learn(self, bought: sparse.csr_array) -> None:
        both = (bought.T @ bought).toarray()
        own = np.diag(both)
        if self.similarity == "cosine":
            size = np.sqrt(np.outer(own, own))
        elif self.similarity == "jaccard":
            size = own[:, None] + own - both
        else:
            raise UnknownName("similarity", self.similarity, ["cosine", "jaccard"])
        self.similarity_ = both / size * both / np.maximum(both + self.shrinkage, 1e-12)
        np.fill_diagonal(self.similarity_, 0.0)

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return (self.matrix_.counts[rows] > 0).astype(float) @ self.similarity_


class RuleBased(Recommender):
    """Association rules of one product to another, mined with mlxtend over all that a customer bought.

    The score of a product is the sum of the confidences of the rules that lead to it, and popularity decides ties.

    Parameters
    ----------
    min_support : float
        Smallest share of customers who bought both.

    Notes
    -----
    Source: Agrawal & Srikant (1994), Fast algorithms for mining association rules.
    """

    def __init__(self, min_support: float = 0.005):
        self.min_support = min_support

    def _learn(self, bought: sparse.csr_array) -> None:
        from mlxtend.frequent_patterns import association_rules, fpgrowth

        table = pd.DataFrame.sparse.from_spmatrix(bought.astype(bool))
        # mlxtend takes a sparse table only when its columns are numbered 0, 1, 2 ...; names come back afterwards.
        sets = fpgrowth(table, min_support=self.min_support, max_len=2)
        if not (sets["itemsets"].map(len) == 2).any():
            raise DataError(
                f"No two products are bought by {self.min_support:.1%} of customers; lower min_support."
            )
        rules = association_rules(sets, metric="confidence", min_threshold=0.0, return_metrics=["confidence"])
        start, end = (
            np.array([next(iter(items)) for items in rules[side]]) for side in ("antecedents", "consequents")
        )
        shape = (bought.shape[1],) * 2
        self.confidence_ = sparse.coo_array((rules["confidence"], (start, end)), shape=shape).toarray()

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        known = (self.matrix_.counts[rows] > 0).astype(float)
        return known @ self.confidence_ + 1e-6 * self.popularity_


class ImplicitFactorisation(Recommender):
    """Tastes of customers and products as short vectors, by weighted alternating least squares.

    Having bought is a one, not having bought a zero of little weight, since it may mean "does not know it".

    Parameters
    ----------
    n_factors : int
    confidence : float
        Extra weight of a one, times the logarithm of one plus the number of orders.
    regularisation : float
    n_iterations : int
    random_state : int

    Notes
    -----
    Source: Hu, Koren & Volinsky (2008), Collaborative filtering for implicit feedback datasets, ICDM, equation 4.
    """

    def __init__(
        self,
        n_factors: int = 8,
        confidence: float = 10.0,
        regularisation: float = 20.0,
        n_iterations: int = 10,
        random_state: int = 0,
    ):
        self.n_factors, self.confidence, self.regularisation = n_factors, confidence, regularisation
        self.n_iterations, self.random_state = n_iterations, random_state

    def _learn(self, bought: sparse.csr_array) -> None:
        extra = self.matrix_.counts.copy()
        extra.data = self.confidence * np.log1p(extra.data)
        rng = np.random.default_rng(self.random_state)
        self.product_factors_ = rng.normal(0, 0.1, (bought.shape[1], self.n_factors))
        columns = extra.T.tocsr()
        for _ in range(self.n_iterations):
            self.customer_factors_ = self._solve(self.product_factors_, extra)
            self.product_factors_ = self._solve(self.customer_factors_, columns)

    def _solve(self, other: np.ndarray, extra: sparse.csr_array) -> np.ndarray:
        """Best vectors of the one side given those of the other; one small linear system per row."""
        k = other.shape[1]
        products_of_pairs = (other[:, :, None] * other[:, None, :]).reshape(len(other), k * k)
        left = (
            other.T @ other + self.regularisation * np.eye(k) + (extra @ products_of_pairs).reshape(-1, k, k)
        )
        ones = extra.copy()
        ones.data = 1 + ones.data
        return np.linalg.solve(left, (ones @ other)[..., None])[..., 0]

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        return self.customer_factors_[rows] @ self.product_factors_.T


class NeedPopularity(Recommender):
    """What is popular among customers of the same need: a list for customers who have bought nothing yet.

    Parameters
    ----------
    segments : DataFrame
        ``customer_id``, ``segment``; customers who are not in it get the popularity of all.
    shrinkage : float
        Weight of the popularity of all, in customers.
    """

    def __init__(self, segments: pd.DataFrame, shrinkage: float = 20.0):
        self.segments, self.shrinkage = segments, shrinkage

    def _learn(self, bought: sparse.csr_array) -> None:
        self._segment_of = self.segments.drop_duplicates("customer_id").set_index("customer_id")["segment"]
        of_row = self._segment_of.reindex(self.matrix_.customers)
        self.segment_popularity_ = {}
        for segment in sorted(of_row.dropna().unique()):
            members = bought[np.flatnonzero(of_row == segment)]
            weighted = np.asarray(members.sum(axis=0)).ravel() + self.shrinkage * self.popularity_
            self.segment_popularity_[segment] = weighted / (members.shape[0] + self.shrinkage)

    def scores(self, customers: pd.Index) -> np.ndarray:
        """Popularity of every product within the customer's need segment, shape (customers, products)."""
        segment = self._segment_of.reindex(customers)
        return np.array([self.segment_popularity_.get(name, self.popularity_) for name in segment])


class Hybrid(Recommender):
    """One recommender for customers with purchases, another for those without.

    Parameters
    ----------
    known : Recommender
    newcomers : Recommender
    """

    def __init__(self, known: Recommender, newcomers: Recommender):
        self.known, self.newcomers = known, newcomers

    def fit(self, order_lines: pd.DataFrame) -> Hybrid:
        """Fit both."""
        self.known.fit(order_lines)
        self.newcomers.fit(order_lines)
        self.matrix_, self.popularity_ = self.known.matrix_, self.known.popularity_
        return self

    def scores(self, customers: pd.Index) -> np.ndarray:
        """Scores of the first recommender where it knows the customer, of the second where not."""
        is_known = (self.matrix_.rows(customers) >= 0)[:, None]
        return np.where(is_known, self.known.scores(customers), self.newcomers.scores(customers))


def recommendations(
    order_lines: pd.DataFrame, needs: pd.DataFrame | None = None, k: int = 10, random_state: int = 0
) -> pd.DataFrame:
    """The k products to show each customer: factorisation for buyers, popularity within the need for newcomers.

    Parameters
    ----------
    order_lines : DataFrame
        ``order_id``, ``customer_id``, ``product_id``, ``quantity``.
    needs : DataFrame, optional
        ``customer_id``, ``segment``; customers in it who have bought nothing get a list as well.
    k : int
    random_state : int

    Returns
    -------
    DataFrame
        The table ``recommendations``: ``customer_id``, ``product_id``, ``rank``, ``score``, ``method``.
    """
    newcomers = Popularity() if needs is None else NeedPopularity(needs)
    model = Hybrid(ImplicitFactorisation(random_state=random_state), newcomers).fit(order_lines)
    buyers = model.matrix_.customers
    customers = buyers if needs is None else buyers.union(pd.Index(needs["customer_id"]))
    table = model.recommend(customers, k)
    method = np.where(table["customer_id"].isin(buyers), "factorisation", "popularity in the need")
    return table.assign(method=pd.array(method, dtype="str"))
