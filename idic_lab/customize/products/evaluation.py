"""How good recommendations are: judged on what customers bought afterwards, beside the popularity list."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from idic_lab.customize.products.purchases import purchase_matrix
from idic_lab.customize.products.recommenders import Popularity, Recommender
from idic_lab.errors import DataError

MEASURES = ("recall", "ndcg")


def evaluate(
    recommenders: Mapping[str, Recommender],
    before: pd.DataFrame,
    after: pd.DataFrame,
    k: int = 10,
    new_only: bool = True,
    newcomers: bool = False,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> pd.DataFrame:
    """Fit recommenders on the order lines before a day and judge them on those after it.

    - recall@k: share of what a customer went on to buy (k products at most) that the list of k holds.
    - NDCG@k: the same, with more credit for hits near the top; 1 is a perfect list.
    - coverage: share of all products that appear in somebody's list.
    - novelty: mean of -log2(share of customers who had bought it); 0 would be a product that everybody has.

    Parameters
    ----------
    recommenders : mapping of str to Recommender
    before, after : DataFrame
        From `split_in_time`.
    k : int
    new_only : bool
        Recommend, and count as hits, only products that the customer had not bought before.
    newcomers : bool
        Judge customers who had bought nothing before instead of those who had.
    n_bootstrap : int
        Resamples of the customers for the 95% intervals.
    random_state : int

    Returns
    -------
    DataFrame
        One row per recommender, popularity first: ``recommender``, ``customers``, ``recall``, ``ndcg``, each with
        ``_low`` and ``_high``; ``recall_gain`` over popularity with its interval (paired by customer); ``coverage``,
        ``novelty`` (bits).

    Notes
    -----
    Source: Järvelin & Kekäläinen (2002) for NDCG; Vargas & Castells (2011) for novelty.
    """
    fitted = {"popularity": Popularity(), **recommenders}
    known = pd.Index(before.loc[before["quantity"] > 0, "customer_id"].unique())
    later = purchase_matrix(after)
    judged = later.customers[later.customers.isin(known) != newcomers]
    per_customer, rows = {}, []
    for name, recommender in fitted.items():
        recommender.fit(before)
        relevant = _relevant(recommender, later, judged, new_only)
        some = relevant.any(axis=1)
        if not some.any():
            raise DataError("No customer bought a product after the cut that a list could have held.")
        lists = recommender.recommend(judged[some], k, new_only)
        hits = _hits(lists, relevant[some], recommender, judged[some], k)
        per_customer[name] = _per_customer(hits, relevant[some].sum(axis=1), k)
        share = recommender.popularity_[recommender.matrix_.products.get_indexer(lists["product_id"])]
        rows.append(
            {
                "recommender": name,
                "customers": int(some.sum()),
                "coverage": lists["product_id"].nunique() / len(recommender.matrix_.products),
                "novelty": float(-np.log2(share).mean()),
            }
        )
    return _with_intervals(rows, per_customer, n_bootstrap, random_state)


def _relevant(recommender, later, judged, new_only) -> np.ndarray:
    """What each customer went on to buy among the products known before, shape (customers, products)."""
    products = recommender.matrix_.products
    column = later.products.get_indexer(products)
    bought = later.counts[later.rows(judged)].toarray()[:, column] > 0
    bought[:, column < 0] = False
    rows = recommender.matrix_.rows(judged)
    if new_only and (rows >= 0).any():
        bought[rows >= 0] &= recommender.matrix_.counts[rows[rows >= 0]].toarray() == 0
    return bought


def _hits(lists, relevant, recommender, judged, k) -> np.ndarray:
    """Whether the product at each rank was bought, shape (customers, k)."""
    row = judged.get_indexer(lists["customer_id"])
    column = recommender.matrix_.products.get_indexer(lists["product_id"])
    hits = np.zeros((len(judged), k), dtype=bool)
    hits[row, lists["rank"].to_numpy() - 1] = relevant[row, column]
    return hits


def _per_customer(hits: np.ndarray, wanted: np.ndarray, k: int) -> pd.DataFrame:
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(wanted, k) - 1]
    return pd.DataFrame({"recall": hits.sum(axis=1) / np.minimum(wanted, k), "ndcg": hits @ discount / ideal})


def _with_intervals(rows, per_customer, n_bootstrap, random_state) -> pd.DataFrame:
    rng = np.random.default_rng(random_state)
    n = len(per_customer["popularity"])
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap) / n
    for row in rows:
        mine = per_customer[row["recommender"]]
        measured = {measure: mine[measure] for measure in MEASURES}
        measured["recall_gain"] = mine["recall"] - per_customer["popularity"]["recall"]
        for measure, values in measured.items():
            low, high = np.quantile(weights @ values.to_numpy(), [0.025, 0.975])
            row |= {measure: values.mean(), f"{measure}_low": low, f"{measure}_high": high}
    order = ["recommender", "customers"]
    order += [f"{name}{end}" for name in (*MEASURES, "recall_gain") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows)[[*order, "coverage", "novelty"]]
