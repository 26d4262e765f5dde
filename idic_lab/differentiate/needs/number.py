"""How many segments there are, if any: fit against size, and stability against people of one crowd."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab.differentiate.needs.methods import LatentClasses, segmenter
from idic_lab.errors import DataError
from idic_lab.inference.nulls import one_crowd

SIZE = 0.05  # how often one crowd may be taken for segments


class Choice(NamedTuple):
    """The number of segments chosen, and why; 1 means that there are none."""

    n_segments: int
    reason: str


def global_stability(
    X, n_segments: int, method: str = "k_means", n_pairs: int = 20, random_state: int = 0, **options
) -> np.ndarray:
    """Adjusted Rand indices of pairs of solutions, found on two resamples of the same customers, who are all placed by both.

    Source: Dolnicar & Leisch (2010), Evaluation of structure and reproducibility of cluster solutions using the
    bootstrap, Marketing Letters 21(1).

    >>> X = np.repeat([[0.0, 0, 0, 1], [1, 1, 1, 0]], 30, axis=0)
    >>> float(global_stability(X, 2, n_pairs=5).min())
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    X, rng = np.asarray(X, dtype="float64"), np.random.default_rng(random_state)

    def placed():
        found = segmenter(method, n_segments, int(rng.integers(2**31)), **options)
        return found.fit(X[rng.integers(0, len(X), len(X))]).predict(X)

    return np.array([adjusted_rand_score(placed(), placed()) for _ in range(n_pairs)])


def number_of_segments(
    answers, numbers: Iterable[int] = range(1, 8), n_pairs: int = 15, n_null: int = 19, random_state: int = 0
) -> pd.DataFrame:
    """What speaks for each number of segments: BIC of latent classes, and stability of k-means beside a null reference.

    Two methods that know nothing of each other judge. BIC weighs the fit of a latent class model against its size.
    Stability is :func:`global_stability` of k-means; the null reference is the same measure on sets of people of one
    crowd (:func:`idic_lab.inference.nulls.one_crowd`), whose answers have the averages and correlations of these and no
    segments. Two segments always come out "stable" there, for a method asked for two cuts the strongest trait in the
    middle; only stability above the null speaks for segments.

    Parameters:
        answers (DataFrame or array of shape (n_customers, n_questions)): 1, 0 or missing; for k-means a missing answer
            takes the question's average.
        numbers: Must hold 1, for one crowd is an answer too.
        n_null: Sets of people of one crowd; two pairs are drawn on each. It takes 19 for a verdict at the 5% level.
    Returns:
        DataFrame: ``n_segments``, ``log_likelihood``, ``bic``, ``smallest_share``, ``stability`` (mean adjusted Rand
            index), ``stability_low``, ``stability_high`` (5% and 95% of the pairs), ``null_stability`` (highest mean
            over the null sets), ``p_value`` (the same in every row: chance that one crowd stands out as much at any
            number of segments). With one segment everybody agrees, so stability is 1 and so is its null.

    On 93 simulated sets of 400 people, whose 20 answers follow one continuous trait, it found segments in one, and in 92 of
    93 sets with four classes. The price is power: two classes that are each other's opposite on every question lie along
    one line, as people on one trait do, and the test can hardly tell the two apart.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, sections 7.5.3 and 7.5.4.

    >>> rng = np.random.default_rng(1)
    >>> yes = np.kron(np.eye(3), np.full(4, 0.8)) + 0.1
    >>> evidence = number_of_segments(rng.random((300, 12)) < yes[rng.integers(0, 3, 300)], range(1, 5), n_pairs=5)
    >>> choose_number(evidence).n_segments, float(evidence["p_value"].iloc[0])
    (3, 0.05)
    """
    numbers = sorted(set(numbers))
    if not numbers or numbers[0] != 1:
        raise DataError(f"numbers must hold 1 (no segments at all), found {numbers}.")
    X = np.asarray(answers, dtype="float64")
    gaps, average = np.isnan(X), np.nanmean(X, axis=0)

    def stability(people, k, pairs, seed):  # everybody leaves out the questions that were left out
        return global_stability(np.where(gaps, average, people), k, n_pairs=pairs, random_state=seed, n_init=5)

    rows = []
    for k in numbers:
        classes = LatentClasses(k, n_init=4, random_state=random_state).fit(X)
        pairs = np.ones(1) if k == 1 else stability(X, k, n_pairs, random_state)
        smallest = np.bincount(classes.labels_, minlength=k).min() / len(X)
        fit = (k, classes.log_likelihood_, classes.bic(X), smallest)
        rows.append((*fit, pairs.mean(), *np.quantile(pairs, [0.05, 0.95]), 1.0))
    columns = "n_segments log_likelihood bic smallest_share stability stability_low stability_high null_stability"
    evidence, more, crowd = pd.DataFrame(rows, columns=columns.split()), numbers[1:], one_crowd(X)
    drawn = [crowd.draw(random_state=random_state + copy) for copy in range(n_null)]
    by_chance = [[stability(people, k, 2, copy).mean() for k in more] for copy, people in enumerate(drawn)]
    by_chance = np.reshape(by_chance, (n_null, len(more)))
    evidence.loc[evidence["n_segments"].gt(1), "null_stability"] = by_chance.max(axis=0)
    if not more:
        return evidence.assign(p_value=1.0)
    # how often a null set stands out at least as much, at whichever number of segments suits it best
    everything = np.vstack([evidence.loc[evidence["n_segments"].gt(1), "stability"], by_chance])
    spread = np.maximum(everything.std(axis=0), 1e-9)
    highest = ((everything - everything.mean(axis=0)) / spread).max(axis=1)
    return evidence.assign(p_value=float((highest >= highest[0]).mean()))


def bivariate_residuals(classes: LatentClasses, answers, n_bootstrap: int = 19, random_state: int = 0) -> pd.DataFrame:
    """Pairs of questions whose answers hang together more, or less, than belonging to the same class explains.

    Parameters:
        n_bootstrap: Sets of answers drawn from the classes and fitted anew; the largest residual of each is the reference.
    Returns:
        DataFrame: ``first``, ``second`` (questions), ``residual`` (Pearson's chi-squared of the pair), ``p_value`` (corrected for the
            number of pairs); largest first.

    Source: Vermunt & Magidson (2005), Technical Guide for Latent GOLD 4.0, section 8.3; the bootstrap: Oberski, van Kollenburg
    & Vermunt (2013), Advances in Data Analysis and Classification 7(3).
    """
    X = np.asarray(answers, dtype="float64")
    one, other = np.triu_indices(X.shape[1], 1)

    def residuals(people, model) -> np.ndarray:
        total, yes, given = 0.0, model.probabilities_, (~np.isnan(people)).astype(float)
        for a, b in itertools.product((0, 1), repeat=2):
            one_says, other_says = (yes if answer else 1 - yes for answer in (a, b))
            expected = (given.T @ given) * ((one_says.T * model.weights_) @ other_says)
            seen = (people == a).T.astype(float) @ (people == b)
            total = total + (seen - expected) ** 2 / np.maximum(expected, 1e-9)
        return total[one, other]

    found, largest = residuals(X, classes), []
    for drawn in _answers_of(classes, X, n_bootstrap, random_state):
        largest.append(residuals(drawn, LatentClasses(classes.n_segments, 4, random_state).fit(drawn)).max())
    p_value = (1 + (np.array(largest)[:, None] >= found).sum(axis=0)) / (1 + n_bootstrap)
    names = getattr(answers, "columns", np.arange(X.shape[1]))
    table = pd.DataFrame({"first": names[one], "second": names[other], "residual": found, "p_value": p_value})
    return table.sort_values("residual", ascending=False, ignore_index=True)


def likelihood_ratio(answers, n_segments: int, n_bootstrap: int = 19, random_state: int = 0) -> dict[str, float]:
    """Do so many latent classes describe the answers better than one class fewer, beyond what chance gains?

    Parameters:
        n_bootstrap: Sets of answers drawn from the smaller model, to which both are fitted anew; 19 can tell at 5%, 99 at 1%.
    Returns:
        dict: ``statistic`` (twice the gain in log-likelihood), ``p_value`` (of the parametric bootstrap). It is small too where
            classes stand in for a continuous trait: then :func:`number_of_segments` says that there are none.

    Source: McLachlan & Peel (2000), Finite Mixture Models, section 6.6; Nylund, Asparouhov & Muthén (2007), Structural Equation
    Modeling 14(4).

    >>> rng = np.random.default_rng(0)
    >>> yes = np.kron(np.eye(2), np.full(4, 0.6)) + 0.2
    >>> likelihood_ratio(rng.random((200, 8)) < yes[rng.integers(0, 2, 200)], 2)["p_value"]
    0.05
    """
    X = np.asarray(answers, dtype="float64")

    def gained(people) -> tuple[LatentClasses, float]:
        smaller, larger = (LatentClasses(k, 4, random_state).fit(people) for k in (n_segments - 1, n_segments))
        return smaller, 2 * (larger.log_likelihood_ - smaller.log_likelihood_)

    smaller, found = gained(X)
    by_chance = sum(gained(drawn)[1] >= found for drawn in _answers_of(smaller, X, n_bootstrap, random_state))
    return {"statistic": found, "p_value": (1 + by_chance) / (1 + n_bootstrap)}


def _answers_of(classes: LatentClasses, X: np.ndarray, n: int, random_state: int) -> Iterator[np.ndarray]:
    """Sets of answers drawn from fitted classes, with the gaps of X."""
    rng = np.random.default_rng(random_state)
    for _ in range(n):
        who = rng.choice(len(classes.weights_), len(X), p=classes.weights_ / classes.weights_.sum())
        yield np.where(np.isnan(X), np.nan, rng.random(X.shape) < classes.probabilities_[who])


def choose_number(evidence: pd.DataFrame) -> Choice:
    """The number of segments that :func:`number_of_segments` speaks for, by a rule stated beforehand.

    There are segments when people of one crowd would stand out as much in at most one of twenty cases (``p_value``).
    A number of segments is then admitted when its BIC is lower than that of one segment and its stability above the
    null reference. Of those admitted the one with the lowest BIC is chosen; otherwise the answer is 1.

    >>> evidence = pd.DataFrame({"n_segments": [1, 2, 3], "bic": [900.0, 810, 830], "stability": [1.0, 0.4, 0.2],
    ...     "null_stability": [1.0, 0.5, 0.3], "p_value": 0.6})
    >>> choose_number(evidence).n_segments
    1
    """
    evidence = evidence.set_index("n_segments")
    better = evidence["bic"] < evidence["bic"].loc[1]
    admitted = evidence[better & (evidence["stability"] > evidence["null_stability"])]
    by_chance = evidence["p_value"].iloc[0]
    if by_chance > SIZE + 1e-9 or admitted.empty:
        because = "no number of classes describes the answers better than one crowd, by BIC"
        if better.any():
            because = f"people of one crowd, with the same correlations, come out as stable in {by_chance:.0%} of cases"
        return Choice(1, f"There are no segments in these answers: {because}.")
    chosen = int(admitted["bic"].idxmin())
    stable, null = admitted.loc[chosen, ["stability", "null_stability"]]
    beside = f"more stable ({stable:.2f}) than people of one crowd ever were ({null:.2f})"
    return Choice(chosen, f"{chosen} segments: the lowest BIC of those {beside}.")
