"""How many segments there are, if any: fit against size, and stability against data known to have no segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from idic_lab.differentiate.needs.methods import LatentClasses, segmenter
from idic_lab.errors import DataError


@dataclass(frozen=True)
class Choice:
    """The number of segments chosen, and why; 1 means that there are none."""

    n_segments: int
    reason: str


def global_stability(
    X, n_segments: int, method: str = "k_means", n_pairs: int = 20, random_state: int = 0, **options
) -> np.ndarray:
    """How alike two solutions are that were found on two resamples of the same customers.

    Two bootstrap samples are segmented independently; both solutions then place all the original customers; the
    adjusted Rand index (1 = the same grouping, 0 = no more alike than by chance) says how well they agree.

    Parameters
    ----------
    method : str
        A method of :func:`segmenter`.
    n_pairs : int
        Pairs of bootstrap samples.
    **options
        Passed to the method.

    Returns
    -------
    ndarray of shape (n_pairs,)
        Adjusted Rand indices.

    Source: Dolnicar & Leisch (2010), Evaluation of structure and reproducibility of cluster solutions using the
    bootstrap, Marketing Letters 21(1).

    Examples
    --------
    >>> X = np.repeat([[0.0, 0, 0, 1], [1, 1, 1, 0]], 30, axis=0)
    >>> float(global_stability(X, 2, n_pairs=5).min())
    1.0
    """
    X = np.asarray(X, dtype="float64")
    rng = np.random.default_rng(random_state)
    agreement = []
    for _ in range(n_pairs):
        placed = [
            segmenter(method, n_segments, int(rng.integers(2**31)), **options)
            .fit(X[rng.integers(0, len(X), len(X))])
            .predict(X)
            for _ in range(2)
        ]
        agreement.append(adjusted_rand_score(*placed))
    return np.array(agreement)


def without_segments(X, random_state: int = 0) -> np.ndarray:
    """The same answers with each question shuffled over customers: every average kept, every segment gone.

    Returns
    -------
    ndarray of the same shape

    Examples
    --------
    >>> without_segments([[1, 0], [0, 1]], random_state=1).sum(axis=0).tolist()
    [1.0, 1.0]
    """
    return np.random.default_rng(random_state).permuted(np.asarray(X, dtype="float64"), axis=0)


def number_of_segments(
    answers,
    numbers: Iterable[int] = range(1, 8),
    n_pairs: int = 15,
    n_null: int = 10,
    random_state: int = 0,
) -> pd.DataFrame:
    """What speaks for each number of segments: BIC of latent classes, and stability of k-means beside a null reference.

    Two methods that know nothing of each other judge. BIC weighs the fit of a latent class model against its size.
    Stability is :func:`global_stability` of k-means; the null reference is the same measure on `n_null` shuffled
    copies of the answers (:func:`without_segments`), which have no segments by construction. Even there two segments
    may come out "stable", for a method asked for two segments will draw some line; only stability above the null
    speaks for segments.

    Parameters
    ----------
    answers : DataFrame or array of shape (n_customers, n_questions)
        1, 0 or missing; for k-means a missing answer takes the question's average.
    numbers : iterable of int
        Must hold 1, for one crowd is an answer too.
    n_pairs : int
        Pairs of bootstrap samples.
    n_null : int
        Shuffled copies; two pairs are drawn on each.

    Returns
    -------
    DataFrame
        ``n_segments``, ``log_likelihood``, ``bic``, ``smallest_share``, ``stability`` (mean adjusted Rand index),
        ``stability_low``, ``stability_high`` (5% and 95% of the pairs), ``null_stability`` (highest mean over the
        shuffled copies). With one segment everybody agrees, so stability is 1 and so is its null.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, sections 7.5.3 and 7.5.4.
    """
    numbers = sorted(set(numbers))
    if not numbers or numbers[0] != 1:
        raise DataError(f"numbers must hold 1 (no segments at all), found {numbers}.")
    X = np.asarray(answers, dtype="float64")
    filled = np.where(np.isnan(X), np.nanmean(X, axis=0), X)
    shuffled = [without_segments(filled, random_state + copy) for copy in range(n_null)]
    rows = []
    for k in numbers:
        classes = LatentClasses(k, n_init=4, random_state=random_state).fit(X)
        row = {
            "n_segments": k,
            "log_likelihood": classes.log_likelihood_,
            "bic": classes.bic(X),
            "smallest_share": np.bincount(classes.labels_, minlength=k).min() / len(X),
        }
        rows.append(row | _stability_beside_null(filled, shuffled, k, n_pairs, random_state))
    return pd.DataFrame(rows)


def _stability_beside_null(X, shuffled, k, n_pairs, random_state) -> dict[str, float]:
    if k == 1:
        return dict.fromkeys(("stability", "stability_low", "stability_high", "null_stability"), 1.0)
    pairs = global_stability(X, k, n_pairs=n_pairs, random_state=random_state, n_init=5)
    null = [
        global_stability(copy, k, n_pairs=2, random_state=i, n_init=5).mean()
        for i, copy in enumerate(shuffled)
    ]
    low, high = np.quantile(pairs, [0.05, 0.95])
    return {
        "stability": pairs.mean(),
        "stability_low": low,
        "stability_high": high,
        "null_stability": max(null),
    }


def choose_number(evidence: pd.DataFrame) -> Choice:
    """The number of segments that :func:`number_of_segments` speaks for, by a rule stated beforehand.

    A number of segments is admitted when its BIC is lower than that of one segment and its stability is above the
    null reference. Of those admitted the one with the lowest BIC is chosen; when none is admitted there are no
    segments, and the answer is 1.

    Parameters
    ----------
    evidence : DataFrame
        As :func:`number_of_segments` gives.

    Examples
    --------
    >>> evidence = pd.DataFrame({"n_segments": [1, 2, 3], "bic": [900.0, 910, 930], "stability": [1.0, 0.4, 0.2],
    ...     "null_stability": [1.0, 0.5, 0.3]})
    >>> choose_number(evidence).n_segments
    1
    """
    evidence = evidence.set_index("n_segments")
    better = evidence["bic"] < evidence["bic"].loc[1]
    stable = evidence["stability"] > evidence["null_stability"]
    admitted = evidence[better & stable]
    if admitted.empty:
        because = (
            "no number of classes describes the answers better than one crowd, by BIC"
            if not better.any()
            else "no number of segments is more stable than on answers shuffled so that they hold none"
        )
        return Choice(1, f"There are no segments in these answers: {because}.")
    chosen = int(admitted["bic"].idxmin())
    row = admitted.loc[chosen]
    return Choice(
        chosen,
        f"{chosen} segments: the lowest BIC of those more stable ({row['stability']:.2f}) than answers without "
        f"segments ever were ({row['null_stability']:.2f}).",
    )
