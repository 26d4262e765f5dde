"""Whether segments are there and come back: stability of solutions and of single segments, distances, and the verdict.

The functions work on labels, so they serve any method: a scikit-learn clusterer, a rule, a table of somebody's own.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import entropy
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import ThreadpoolController

from idic_lab.errors import DataError, pick

_libraries = cache(ThreadpoolController)  # to look for them takes longer than many a fit


def one_thread():
    """A block in which numerical libraries use one thread, so that sums, and so ties, do not depend on the machine.

    >>> with one_thread():
    ...     crosstab([0], [0]).tolist()
    [[1]]
    """
    return _libraries().limit(limits=1)


def crosstab(first, second) -> np.ndarray:
    """Counts of customers by segment in two labellings, rows and columns in the order of the sorted labels.

    >>> crosstab([0, 0, 1], ["a", "b", "b"]).tolist()
    [[1, 1], [0, 1]]
    """
    if len(first) != len(second):
        raise DataError(f"Two labellings of {len(first):,} and {len(second):,} customers cannot be compared.")
    return contingency_matrix(first, second)


def jaccard(first, second) -> np.ndarray:
    """Customers in both segments over those in at least one, for every segment of two labellings, shape (n_first, n_second).

    >>> jaccard([0, 0, 1, 1], [0, 1, 1, 1]).round(2).tolist()
    [[0.5, 0.25], [0.0, 0.67]]
    """
    both = crosstab(first, second)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return both / either


def within(labels, solutions) -> pd.DataFrame:
    """Segment-level stability within solutions (SLSW): does each segment come back in the `solutions` found on resamples?

    For every one of them and every segment, the largest Jaccard index with any segment of it.

    Returns:
        DataFrame: ``segment``, ``solution`` (int from 0), ``jaccard`` (0 to 1).

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, section 7.5.3; Hennig (2007), Cluster-wise
    assessment of cluster stability, Computational Statistics & Data Analysis 52(1).

    >>> within([0, 0, 1, 1], [[1, 1, 0, 0], [0, 0, 0, 0]])["jaccard"].tolist()
    [1.0, 1.0, 0.5, 0.5]
    """
    names = np.unique(np.asarray(labels))
    tables = [
        pd.DataFrame({"segment": names, "solution": number, "jaccard": jaccard(labels, other).max(axis=1)})
        for number, other in enumerate(solutions)
    ]
    if not tables:
        raise DataError("SLSW needs at least one other solution.")
    return pd.concat(tables, ignore_index=True)


def matched(labels, reference) -> np.ndarray:
    """The same segments under the numbers of a reference labelling, by the assignment with the most common customers.

    Segments without a partner get the next free numbers.

    >>> matched([1, 1, 0, 2], [0, 0, 1, 1]).tolist()
    [0, 0, 1, 2]
    """
    names, inverse = np.unique(np.asarray(labels), return_inverse=True)
    targets = np.unique(np.asarray(reference))
    rows, columns = linear_sum_assignment(-crosstab(labels, reference))
    new = np.full(len(names), -1, dtype=int)
    new[rows] = targets[columns]
    alone = new < 0
    new[alone] = targets.max() + 1 + np.arange(alone.sum())
    return new[inverse]


def across(before, after) -> pd.DataFrame:
    """Segment-level stability across two numbers of segments (SLSA): where did each new segment come from?

    One minus the entropy of the old segments of a new segment's customers, over the largest entropy possible. 1: all
    come from one old segment; 0: they come from all in equal parts, so the segment was put together anew.

    Returns:
        DataFrame: ``segment`` (of `after`) and ``stability`` (0 to 1; 1 where there was one old segment).

    Source: Dolnicar & Leisch (2017), Using segment level stability to select target segments in data-driven market
    segmentation studies, Marketing Letters 28(3).

    >>> across([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 2])["stability"].tolist()
    [1.0, 1.0, 1.0]
    >>> across([0, 1], [5, 5])["stability"].tolist()
    [0.0]
    """
    counts = crosstab(after, before)
    share = counts / counts.sum(axis=1, keepdims=True)
    most = np.log(counts.shape[1])
    disorder = entropy(share, axis=1) / most if most else np.zeros(len(counts))
    return pd.DataFrame({"segment": np.unique(np.asarray(after)), "stability": np.clip(1 - disorder, 0.0, 1.0)})


def flows(labels_by_number: dict[int, np.ndarray]) -> pd.DataFrame:
    """How customers move between solutions with more and more segments: the numbers behind the SLSA tree.

    Returns:
        DataFrame: ``number`` (of segments), ``segment``, ``from_segment`` (in the solution before), ``customers``,
            ``stability`` (SLSA of `segment`). Segments carry the numbers of the solution before where they match.

    >>> flows({2: [0, 0, 1, 1], 3: [2, 2, 0, 1]})[["number", "segment", "from_segment", "customers"]].values.tolist()
    [[3, 0, 0, 2], [3, 1, 1, 1], [3, 2, 1, 1]]
    """
    numbers = sorted(labels_by_number)
    before, tables = np.unique(labels_by_number[numbers[0]], return_inverse=True)[1], []
    for number in numbers[1:]:
        after = matched(labels_by_number[number], before)
        moved = pd.DataFrame({"number": number, "segment": after, "from_segment": before})
        moved = moved.groupby(list(moved)).size().rename("customers").reset_index()
        tables.append(moved.merge(across(before, after), on="segment"))
        before = after
    if not tables:
        raise DataError(f"SLSA compares at least two numbers of segments, found {numbers}.")
    return pd.concat(tables, ignore_index=True)


def place(estimator, seen, X) -> np.ndarray:
    """Segment of each row of X by a fitted estimator; when it cannot predict, by the nearest row of what it has `seen`."""
    if hasattr(estimator, "predict"):
        return np.asarray(estimator.predict(X))
    neighbour = KNeighborsClassifier(1).fit(np.asarray(seen, dtype="float32"), estimator.labels_)
    return neighbour.predict(np.asarray(X, dtype="float32"))


def bootstrap_labels(estimator, X, n_solutions: int = 20, random_state: int = 0) -> list[np.ndarray]:
    """Labels of the same customers by solutions found on bootstrap samples of them.

    Parameters:
        estimator: A clusterer, cloned for every sample, with a ``random_state`` of its own where it has one.

    >>> from sklearn.cluster import KMeans
    >>> X = np.repeat([[0.0], [9.0]], 30, axis=0)
    >>> solutions = bootstrap_labels(KMeans(2, n_init=1), X, n_solutions=4)
    >>> global_stability(solutions).tolist()
    [1.0, 1.0]
    """
    X, rng, found = np.asarray(X), np.random.default_rng(random_state), []
    for _ in range(n_solutions):
        sample = X[rng.integers(0, len(X), len(X))]
        one = clone(estimator)
        if "random_state" in one.get_params():
            one.set_params(random_state=int(rng.integers(2**31)))
        found.append(place(one.fit(sample), sample, X))
    return found


def global_stability(solutions) -> np.ndarray:
    """Adjusted Rand index of the first and second solution, the third and fourth, and so on.

    1 is the same grouping of customers, 0 agreement no better than by chance.

    Parameters:
        solutions: Labels by solutions on independent bootstrap samples, an even number of them.

    Source: Dolnicar & Leisch (2010), Evaluation of structure and reproducibility of cluster solutions using the
    bootstrap, Marketing Letters 21(1); Hubert & Arabie (1985), Journal of Classification 2.
    """
    if len(solutions) < 2 or len(solutions) % 2:
        raise DataError(f"Global stability compares pairs of solutions; found {len(solutions)}.")
    pairs = zip(solutions[::2], solutions[1::2], strict=True)
    return np.array([adjusted_rand_score(first, second) for first, second in pairs])


VARIANTS = ("book", "flexclust")


def centroids(X, labels) -> np.ndarray:
    """Mean of the features of each segment, shape (n_segments, n_features), in the order of the sorted labels."""
    names, inverse, size = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    X = np.asarray(X, dtype=float)
    sums = np.zeros((len(names), X.shape[1]))
    np.add.at(sums, inverse, X)
    return sums / size[:, None]


def distances(X, centres) -> np.ndarray:
    """Euclidean distance of each customer to each centre, shape (n_customers, n_segments)."""
    X, centres = np.asarray(X, dtype="float32"), np.asarray(centres, dtype="float32")
    return np.stack([np.linalg.norm(X - centre, axis=1) for centre in centres], axis=1)


def similarities(to_centres, gamma: float = 1.0, variant: str = "book") -> np.ndarray:
    """Similarity of each customer to each segment: exp(-distance^gamma), divided by the sum over segments.

    Parameters:
        gamma: Sharpness: the larger, the more of the similarity goes to the nearest segment.
        variant ({"book", "flexclust"}): The R package flexclust takes the square root of what the book defines.
    Returns:
        ndarray (n_customers, n_segments): 0 to 1; of clear segments they pile up at both ends of a gorge plot.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, section 7.5.1.

    >>> similarities([[0.0, 0.0]]).tolist(), similarities([[0.0, 0.0]], variant="flexclust").round(3).tolist()
    ([[0.5, 0.5]], [[0.707, 0.707]])
    """
    pick("variant of the gorge plot", variant, VARIANTS)
    power = np.asarray(to_centres, dtype=float) ** gamma
    near = np.exp(power.min(axis=1, keepdims=True) - power)  # the nearest is 1, so nothing underflows to 0 / 0
    share = near / near.sum(axis=1, keepdims=True)
    return np.sqrt(share) if variant == "flexclust" else share


def shadow_values(to_centres) -> np.ndarray:
    """Twice the distance to the nearest centre over the sum of the distances to the two nearest.

    0: the customer is the centre of a segment; 1: the customer lies halfway between two.

    Source: Leisch (2010), Neighborhood graphs, stripes and shadow plots for cluster visualization, Statistics and
    Computing 20(4).

    >>> shadow_values([[0.0, 5.0], [3.0, 3.0], [9.0, 3.0]]).tolist()
    [0.0, 1.0, 0.5]
    """
    ordered = np.sort(np.asarray(to_centres, dtype=float), axis=1)
    if ordered.shape[1] < 2:
        raise DataError("Shadow values need at least two segments.")
    total = ordered[:, 0] + ordered[:, 1]
    return 2 * ordered[:, 0] / np.where(total > 0, total, 1.0)


NATURAL_FROM = 0.75  # adjusted Rand index from which two solutions are as good as the same


def null_bound(null: Sequence[float]) -> float:
    """What stability without segments stays below at the 95% level; with few null data sets, their highest.

    >>> null_bound([0.1, 0.3, 0.2])
    0.3
    """
    if not len(null):
        raise DataError("A null reference needs at least one data set without segments.")
    return float(np.quantile(null, 0.95, method="higher"))


def verdict(
    stability: float, null_stability: Sequence[float], separation: float, null_separation: Sequence[float]
) -> str:
    """What kind of segmentation it is.

    *Constructive*: no more stable than where there are no segments; any division is as good as another, and one may
    still be useful, but nobody discovered it. *Natural*: more stable than that, nearly the same on every resample
    (adjusted Rand index of at least 0.75) and further apart than without segments. *Reproducible*: between the two.

    Parameters:
        separation: One minus the mean shadow value.

    Source: the three kinds are those of Dolnicar & Leisch (2010), Marketing Letters 21(1); the rule is ours.

    >>> verdict(0.95, [0.3, 0.4], 0.5, [0.1, 0.2]), verdict(0.35, [0.3, 0.4], 0.5, [0.1, 0.2])
    ('natural', 'constructive')
    """
    if stability <= null_bound(null_stability):
        return "constructive"
    apart = separation > null_bound(null_separation)
    return "natural" if apart and stability >= NATURAL_FROM else "reproducible"


def verdicts(results: pd.DataFrame) -> pd.DataFrame:
    """The verdict on every data set, method and number of segments of a study, seeds taken together.

    The data sets without segments of all seeds are pooled. Against so many, chance alone finds segments in one case of as
    many and one more, so that a verdict at the 5% level takes 19 of them: five seeds of four.

    Returns:
        DataFrame: ``dataset``, ``method``, ``k``, ``stability``, ``null_bound``, ``excess`` (stability less its null
            bound), ``separation``, ``null_separation_bound``, ``verdict``. Without a null reference the verdict is "by
            rule".
    """
    rows, criteria = [], ("global_stability", "structure")
    wanted = results[results["criterion"].isin(criteria) & results["status"].eq("ok")]
    for place, group in wanted.groupby(["dataset", "method", "k"], dropna=False):
        means = group.groupby("measure")["value"].mean()
        if not {"adjusted_rand", "separation"} <= set(means.index):
            continue
        stability, separation = means["adjusted_rand"], means["separation"]
        extras = [group.loc[group["criterion"] == name, "extra"] for name in criteria]
        null = [[value for extra in of for value in extra.get("null", ())] for of in extras]
        bounds, kind = (np.nan, np.nan), "by rule"
        if all(null):
            bounds, kind = tuple(map(null_bound, null)), verdict(stability, null[0], separation, null[1])
        rows.append((*place, stability, bounds[0], stability - bounds[0], separation, bounds[1], kind))
    columns = ["dataset", "method", "k", "stability", "null_bound", "excess", "separation"]
    return pd.DataFrame(rows, columns=[*columns, "null_separation_bound", "verdict"])


def preferred_number(table: pd.DataFrame) -> pd.DataFrame:
    """The number of segments to prefer for every data set and method: the stablest of those beyond the null.

    Stability falls with the number of segments even where there are none, so numbers are compared by how far they lie above
    their own null reference, as a share of what there is above it: two that come back every time are equal, whatever their nulls.

    Returns:
        DataFrame: ``dataset``, ``method``, ``k``: 1 when no number lies above its null reference.
    """
    table = table.assign(beyond=table["excess"] / (1 - table["null_bound"])).dropna(subset=["excess", "k"])
    rows = []
    for place, group in table.groupby(["dataset", "method"]):
        found = group[group["verdict"] != "constructive"]
        rows.append((*place, int(found.loc[found["beyond"].idxmax(), "k"]) if len(found) else 1))
    return pd.DataFrame(rows, columns=["dataset", "method", "k"])
