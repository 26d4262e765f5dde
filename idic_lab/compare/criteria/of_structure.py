"""Criteria of structure: sizes, stability, gaps, profiles, indices, and recovery of what was planted."""

import contextlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import xlogy
from scipy.stats import chi2_contingency, kruskal
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from idic_lab.compare import stability
from idic_lab.compare.customers import ANSWER
from idic_lab.compare.registry import Score, criterion, get_criterion, get_method
from idic_lab.compare.segmentation import Effort, NotApplicable, Segmentation
from idic_lab.compare.study import load
from idic_lab.differentiate import needs
from idic_lab.inference.multiple_tests import holm

MOST = 20  # segments that anybody looks at one by one
ABSOLUTE, RELATIVE = 0.25, 0.50  # differences of means from which a variable marks a segment


@criterion("sizes", main="smallest_share")
def sizes(segmentation) -> Score:
    """How many segments came out, and how small is the smallest?

    >>> from idic_lab import datasets
    >>> from idic_lab.compare import customers_of
    >>> whom = customers_of(datasets.load("cdnow_sample", quiet=True).transactions)
    >>> sizes(Segmentation(get_method("one_segment"), None, whom)).numbers["segments"]
    1.0
    """
    share = np.bincount(segmentation.labels) / len(segmentation.labels)
    values = {"smallest_share": share.min(), "largest_share": share.max(), "segments": len(share)}
    return Score(values, {"transfer": segmentation.transfer, "shares": share.round(4).tolist()[:200]})


@criterion("global_stability", main="adjusted_rand")
def global_stability(segmentation) -> Score:
    """Would another sample of customers have given the same segments?

    Mean adjusted Rand index of pairs of bootstrap solutions, beside its null reference where there is one.
    """
    pairs = stability.global_stability(segmentation.solutions)
    values, compared = {"adjusted_rand": pairs.mean()}, {"customers compared": len(segmentation.shared)}
    extra = {"pairs": pairs.round(4).tolist(), "transfer": segmentation.transfer} | compared
    try:
        null = _null_stability(segmentation)
    except NotApplicable as reason:
        return Score(values, extra | {"no null reference": str(reason)})
    return Score(values | {"null_highest": max(null)}, extra | {"null": np.round(null, 4).tolist()})


def _null_stability(segmentation) -> list[float]:
    return [float(stability.global_stability(crowd.solutions).mean()) for crowd in segmentation.crowds]


@criterion("segment_stability", main="weakest_segment")
def segment_stability(segmentation) -> Score:
    """Which single segments come back, and which were put together anew?

    SLSW of every segment with an interval and the null reference, and SLSA against one segment fewer.
    """
    labels = segmentation.labels[segmentation.shared]
    by_segment = stability.within(labels, segmentation.solutions).groupby("segment")["jaccard"]
    means = by_segment.mean()
    values = {"weakest_segment": means.min(), "strongest_segment": means.max(), "mean_segment": means.mean()}
    extra = {"transfer": segmentation.transfer}
    if len(means) <= MOST:
        extra["jaccard"] = {str(name): group.round(4).tolist() for name, group in by_segment}
    try:
        crowds = [stability.within(crowd.labels, crowd.solutions) for crowd in segmentation.crowds]
        null = [crowd.groupby("segment")["jaccard"].mean() for crowd in crowds]
        strongest = [float(one.max()) for one in null]
        values["null_strongest"] = max(strongest)
        extra["null_strongest"] = [round(one, 4) for one in strongest]
        extra["null_segments"] = [round(float(value), 4) for one in null for value in one]
    except NotApplicable as reason:
        extra["no null reference"] = str(reason)
    with contextlib.suppress(NotApplicable):
        tree = stability.flows({1: np.zeros(len(segmentation.labels), int)} | segmentation.by_number)
        values["least_stable_across"] = tree.loc[tree["number"] == segmentation.k, "stability"].min()
        extra["tree"] = tree[tree["number"] > 2].round(4).to_numpy().tolist()
    return Score(values, extra)


_BINS = np.linspace(0, 1, 21)
_POINTS = 400  # customers in a separation plot


@criterion("structure", main="separation")
def structure(segmentation) -> Score:
    """Are the segments natural, reproducible or constructed?

    One minus the mean shadow value, gorge histograms in both variants, and the verdict.
    """
    if segmentation.n_segments < 2:
        raise NotApplicable("one segment lies apart from nothing.")
    X = segmentation.features
    to_centres = stability.distances(X, stability.centroids(X, segmentation.labels))
    shadow, rows = stability.shadow_values(to_centres), segmentation.shared
    values, extra = {"separation": float(1 - shadow.mean())}, {"shadow": _binned(shadow)}
    for variant in stability.VARIANTS if segmentation.n_segments <= MOST else ():
        similar = stability.similarities(to_centres[rows], variant=variant)
        extra[f"gorge_{variant}"] = [_binned(column) for column in similar.T]
    extra |= _projection(segmentation)
    try:
        null, found = _null_stability(segmentation), stability.global_stability(segmentation.solutions)
        apart = [1 - crowd.shadow for crowd in segmentation.crowds]
        values["null_separation"] = max(apart)
        extra["null"] = np.round(apart, 4).tolist()
        extra["verdict"] = stability.verdict(float(found.mean()), null, values["separation"], apart)
    except NotApplicable as reason:
        extra["no null reference"] = str(reason)
    return Score(values, extra)


def _binned(shares) -> list[int]:
    return np.bincount(np.digitize(shares, _BINS[1:-1]), minlength=20).tolist()


def _projection(segmentation) -> dict:
    """A few customers on the two main axes of the features, for a separation plot; no ids."""
    X = segmentation.features
    rng = np.random.default_rng(segmentation.split_seed)
    rows = np.sort(rng.choice(len(X), min(_POINTS, len(X)), replace=False))
    plane = PCA(2, random_state=0).fit(X)
    centres = plane.transform(stability.centroids(X, segmentation.labels)) if segmentation.n_segments <= MOST else []
    return {
        "points": plane.transform(X[rows]).round(3).tolist(),
        "point_segments": segmentation.labels[rows].tolist(),
        "centres": np.round(centres, 3).tolist(),
        "explained": plane.explained_variance_ratio_.round(4).tolist(),
        "axes": plane.components_.T.round(4).tolist(),
        "variables": [name.removeprefix(ANSWER) for name in segmentation.space.columns],
    }


@criterion("profile", main="marker_share")
def profile(segmentation) -> Score:
    """In what do the segments differ, and is it more than chance?

    Tests are corrected for the number of variables. A variable marks a segment when the segment's mean differs from
    everybody's by 0.25 (of a yes/no answer) or by half.
    """
    if segmentation.n_segments < 2:
        raise NotApplicable("one segment differs from nobody.")
    if segmentation.n_segments > MOST:
        raise NotApplicable(f"a profile of {segmentation.n_segments} segments is not read by anybody.")
    columns = list(segmentation.space.columns)
    table = segmentation.customers.measures[columns].reset_index(drop=True)
    binary = segmentation.space.binary
    overall, means = table.mean(), table.groupby(segmentation.labels).mean()
    difference = means - overall
    marker = difference.abs() >= RELATIVE * overall.abs()
    if binary:
        marker |= difference.abs() >= ABSOLUTE
    p = holm([_p_value(table[name], segmentation.labels, binary) for name in columns])
    values = {"marker_share": marker.to_numpy().mean(), "segments_with_marker": marker.any(axis=1).mean()}
    extra = {
        "variables": [name.removeprefix(ANSWER) for name in columns],
        "overall": overall.round(4).tolist(),
        "means": means.round(4).to_numpy().tolist(),
        "marker": marker.to_numpy().tolist(),
        "p_corrected": p.tolist(),
        "binary": binary,
    }
    return Score(values | {"variables_that_differ": (p < 0.05).mean()}, extra)


@criterion("descriptors", main="differ")
def descriptors(segmentation) -> Score:
    """Who are the members, by what is known of them beside what divided them?

    Share of descriptors in which segments differ (corrected tests), and a tree that tells segments by descriptors.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, steps 7 and 8.

    >>> from idic_lab import datasets
    >>> from idic_lab.compare import customers_of
    >>> whom = customers_of(datasets.load("cdnow_sample", quiet=True).transactions)
    >>> descriptors(Segmentation(get_method("random_segments"), 4, whom)).numbers
    {'differ': 0.0}
    """
    customers, labels = segmentation.customers, segmentation.labels
    known = customers.descriptors if customers.described is None else customers.described
    if known is None:
        raise NotApplicable("these data have no descriptors.")
    if not 2 <= segmentation.n_segments <= MOST:
        raise NotApplicable(f"nobody describes {segmentation.n_segments} segments by what their members are.")
    texts = list(known.select_dtypes("category"))
    p = dict(zip(known, holm([_p_value(known[name], labels, name in texts) for name in known]).tolist(), strict=True))
    numbers = known.drop(columns=texts).groupby(labels).quantile([0.05, 0.25, 0.5, 0.75, 0.95])
    extra = {
        "p_corrected": p,
        "boxes": {name: numbers[name].unstack().round(4).to_numpy().tolist() for name in numbers},  # noqa: PD010
        "mosaics": {
            name: [[str(value), row.tolist()] for value, row in pd.crosstab(known[name], labels).iterrows()]
            for name in texts
        },
        "tree": _tree(pd.get_dummies(known, prefix_sep=" = ", dtype=float), labels),
    }
    if customers.evaluate:
        parts = {part: _evaluated(known, named) for part, named in customers.evaluate.items()}
        means = {part: values.groupby(labels).mean().round(4).tolist() for part, values in parts.items()}
        extra["evaluation"] = {"names": customers.evaluate} | means
    return Score({"differ": np.mean([value < 0.05 for value in p.values()])}, extra)


def _evaluated(known: pd.DataFrame, named: str) -> pd.Series:
    """A descriptor as a number: itself, its place in the order of its values, or (``Gender=Female``) whether it is so."""
    name, _, value = named.partition("=")
    if value:
        return known[name].astype("str").eq(value).astype(float)
    return known[name].cat.codes + 1.0 if isinstance(known[name].dtype, pd.CategoricalDtype) else known[name]


def _tree(known: pd.DataFrame, labels: np.ndarray) -> dict:
    """scikit-learn's tree of the segment on the descriptors, as :func:`idic_lab.compare.plots.plot_rule` draws it."""
    least = max(20, len(labels) // 40)
    fitted = DecisionTreeClassifier(max_depth=3, min_samples_leaf=least, ccp_alpha=0.002, random_state=0)
    known = known.fillna(known.median())
    right = cross_val_predict(fitted, known, labels, cv=KFold(5, shuffle=True, random_state=0)) == labels
    if right.mean() - 2 * right.std() / np.sqrt(len(labels)) <= np.bincount(labels).max() / len(labels):
        return {"text": "descriptors tell no more than the sizes", "group": 0}
    tree = fitted.fit(known, labels).tree_

    def below(node: int) -> dict:
        shares, people = tree.value[node][0], int(tree.n_node_samples[node])
        most = int(shares.argmax())
        leaf = {"text": f"segment {fitted.classes_[most]}\n{shares[most]:.0%} of {people:,}", "group": most}
        if tree.feature[node] < 0:
            return leaf
        no, yes = below(tree.children_left[node]), below(tree.children_right[node])
        if "group" in no and no["group"] == yes.get("group"):
            return leaf
        name, border = known.columns[tree.feature[node]], tree.threshold[node]
        return {"question": name if " = " in name else f"{name} > {border:.4g}", "no": no, "yes": yes}

    return below(0)


def _p_value(values: pd.Series, labels: np.ndarray, binary: bool) -> float:
    """Chi-squared test of a yes/no answer, Kruskal-Wallis test of a number; 1 where nothing varies."""
    known = values.notna().to_numpy()
    values, labels = values[known], labels[known]
    if values.nunique() < 2 or len(np.unique(labels)) < 2:
        return 1.0
    if binary:
        return float(chi2_contingency(pd.crosstab(values, labels)).pvalue)
    return float(kruskal(*(group for _, group in values.groupby(labels))).pvalue)


@criterion("class_fit", main="entropy")
def class_fit(segmentation) -> Score:
    """How sure are latent classes of their members, would one class fewer do, and which answers do they not explain?

    ``one_fewer_p`` is the bootstrap likelihood ratio test, ``pairs_unexplained`` the share of pairs of questions whose residual is
    beyond chance (5%).
    """
    model = getattr(segmentation.estimator, "model_", None)
    if not isinstance(model, needs.LatentClasses) or model.n_segments < 2:
        raise NotApplicable("it is no latent class model of answers with two classes or more.")
    answers, k = segmentation.customers.measures.filter(regex=f"^{ANSWER}"), model.n_segments
    chance = model.predict_proba(answers)
    values = {"entropy": 1 + xlogy(chance, chance).sum() / len(chance) / np.log(k), "bic": model.bic(answers)}
    values["one_fewer_p"] = needs.likelihood_ratio(answers, k)["p_value"]
    values["pairs_unexplained"] = (needs.bivariate_residuals(model, answers)["p_value"] < 0.05 + 1e-9).mean()
    return Score(values)


WARNING = (
    "These indices reward compact groups that lie apart, however useless. On CDNOW the method that the silhouette puts "
    "first finds the least future spend of all; do not choose a segmentation by it."
)
_SAMPLE = 3_000


@criterion("internal_indices", main="silhouette", warning=WARNING)
def internal_indices(segmentation) -> Score:
    """Are the groups compact and apart?

    Silhouette, Davies-Bouldin (lower is better) and Calinski-Harabasz on the common features.

    Source: Rousseeuw (1987); Davies & Bouldin (1979); Caliński & Harabasz (1974).
    """
    rows = segmentation.shared
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(segmentation.split_seed).choice(rows, _SAMPLE, replace=False))
    X, labels = segmentation.features[rows].astype("float32"), segmentation.labels[rows]
    if not 2 <= len(np.unique(labels)) < len(labels):
        raise NotApplicable("internal indices need at least two segments.")
    indices = metrics.silhouette_score, metrics.davies_bouldin_score, metrics.calinski_harabasz_score
    with stability.one_thread():
        values = {index.__name__.removesuffix("_score"): index(X, labels) for index in indices}
    return Score(values, {"customers": len(rows)})


@criterion("recovery", main="adjusted_rand")
def recovery(segmentation) -> Score:
    """Are the segments those that were planted?"""
    planted = segmentation.customers.planted
    if planted is None:
        raise NotApplicable("nothing is known to be planted in these data.")
    rand, information = metrics.adjusted_rand_score, metrics.adjusted_mutual_info_score
    scores = {"adjusted_rand": rand, "adjusted_mutual_information": information}
    return Score({name: score(planted, segmentation.labels) for name, score in scores.items()})


def _crowd(respondents: int, **knobs: object):
    # About half of the people simulated answer the survey.
    return load({"name": "planted", "basis": "needs", "simulate": {"n": 2 * respondents, "seed": 5} | knobs})


def recovered(
    methods: Sequence[str], separations: Sequence[float], respondents: int = 700, random_state: int = 0
) -> pd.DataFrame:
    """How much of five planted need segments each method finds, by how far apart they were planted.

    Returns:
        DataFrame: ``method``, ``separation``, ``value`` (adjusted Rand index with the truth).

    >>> table = recovered(["random_segments"], [1.15], respondents=150)
    >>> bool(table["value"].abs().max() < 0.1)
    True
    """
    rows, recovery = [], get_criterion("recovery")
    for separation in separations:
        crowd = _crowd(respondents, separation=separation)
        for name in methods:
            found = recovery(Segmentation(get_method(name), 5, crowd, random_state))
            rows.append((name, separation, found.numbers["adjusted_rand"]))
    return pd.DataFrame(rows, columns=["method", "separation", "value"])


def planted_verdict(
    respondents: int = 700, effort: Effort | None = None, random_state: int = 0, **knobs: object
) -> str:
    """The verdict on k-means with five segments where it is known what was planted: natural, reproducible or constructive.

    Parameters:
        **knobs: What is planted: ``segments=False`` for none, ``separation=1.15`` for segments far apart.

    >>> planted_verdict(150, Effort(pairs=2, null_sets=4, null_pairs=1), segments=False)
    'constructive'
    """
    crowd = _crowd(respondents, **knobs)
    found = Segmentation(get_method("k_means"), 5, crowd, random_state, effort or Effort())
    return get_criterion("structure")(found).extra["verdict"]
