"""A fitted segmentation and all that criteria ask of it, each piece computed once and only when asked for."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab.compare import stability
from idic_lab.compare.customers import GAIN, Customers, FeatureSpace
from idic_lab.compare.registry import Method
from idic_lab.errors import LabError


class NotApplicable(LabError):
    """A method or a criterion has nothing to say about these data; not a failure."""


@dataclass(frozen=True)
class Effort:
    """How much resampling a cell of a study may cost. Seeds multiply it: five seeds of ten pairs are fifty pairs.

    Attributes:
        pairs: Pairs of bootstrap samples.
        null_sets: Data sets without segments.
        null_pairs: Pairs of bootstrap samples on each of them.
        customers: At most so many customers in a bootstrap sample, and so many on whom solutions are compared.
    """

    pairs: int = 10
    null_sets: int = 4
    null_pairs: int = 2
    customers: int = 5_000


class OnCrowd(NamedTuple):
    """What the same method does on customers without segments: one solution and its bootstrap solutions."""

    labels: np.ndarray
    solutions: list[np.ndarray]
    shadow: float


class Segmentation:
    """One method, fitted to the customers of one data set with one number of segments and one seed.

    Parameters:
        k: Number of segments; None for a method that finds its own.
        seed: Of the method and of the resampling.
        split_seed: Of the folds that criteria judge on: methods with the same one are judged on the same folds. `seed`
            if left out.

    >>> from idic_lab import datasets
    >>> from idic_lab.compare import customers_of, get_method
    >>> customers = customers_of(datasets.load("cdnow_sample", quiet=True).transactions, calibration_end="1997-09-30")
    >>> found = Segmentation(get_method("k_means"), 4, customers, seed=1)
    >>> np.bincount(found.labels).tolist() == sorted(np.bincount(found.labels), reverse=True)
    True
    """

    def __init__(
        self, method: Method, k: int | None, customers: Customers, seed: int = 0, effort=None, split_seed=None
    ):
        self.method, self.k, self.customers, self.seed = method, k, customers, seed
        self.split_seed = seed if split_seed is None else split_seed
        self.effort = effort or Effort()
        lacking = method.lacks(customers.measures)
        if lacking:
            raise NotApplicable(f"it needs {', '.join(lacking)}, which these data do not have.")

    @cached_property
    def _fitted(self):
        return self._fit(self.customers.measures, self._numbers[0])

    @cached_property
    def _numbers(self) -> list[int]:
        return np.random.SeedSequence(self.seed).generate_state(8).tolist()

    @cached_property
    def space(self) -> FeatureSpace:
        return self.customers.space

    @cached_property
    def features(self) -> np.ndarray:
        """Features of every customer, shape (n_customers, n_features)."""
        return self.space.transform(self.customers.measures)

    @cached_property
    def _codes(self) -> dict:
        names, size = np.unique(self._placed(self._fitted, self.customers.measures), return_counts=True)
        return {names[row]: number for number, row in enumerate(np.argsort(-size, kind="stable"))}

    @cached_property
    def labels(self) -> np.ndarray:
        """Segment of each customer: 0 is the largest."""
        return self.place(self.customers.measures)

    @property
    def n_segments(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def estimator(self):
        """The method's, fitted to all customers."""
        return self._fitted[0]

    @property
    def transfer(self) -> str:
        """How customers who were not fitted are placed."""
        by_itself = "predict" if hasattr(self.estimator, "predict") else "nearest neighbour"
        return getattr(self.estimator, "transfer_", by_itself)

    def place(self, measures: pd.DataFrame) -> np.ndarray:
        """Segment of each row of a table of measures; a segment nobody was in before gets the next number."""
        found = pd.Series(self._placed(self._fitted, measures))
        codes = dict(self._codes)
        for name in found.unique():
            codes.setdefault(name, len(codes))
        return found.map(codes).to_numpy(dtype=int)

    def again_on(self, measures: pd.DataFrame) -> np.ndarray:
        """Labels of a fresh fit, with the same number of segments, to another table of the same customers."""
        return self._placed(self._fit(measures, self._numbers[1]), measures)

    @property
    def learns_from_campaign(self) -> bool:
        """Whether the method sees what the campaign changed: it is then judged by customers of whom it did not."""
        return GAIN in self.method.needs

    def without_gains_of(self, rows) -> np.ndarray:
        """Labels of everybody by a fresh fit that does not know what the campaign changed for the customers in `rows`."""
        unknown = np.isin(np.arange(len(self.customers)), rows)
        known = self.customers.measures.assign(**{GAIN: self.customers.measures[GAIN].mask(unknown)})
        placed = self._placed(self._fit(known, self._numbers[0]), known)
        return np.unique(placed, return_inverse=True)[1]

    @cached_property
    def by_number(self) -> dict[int, np.ndarray]:
        """Labels of the solutions with 2, 3, ... up to k segments, all from the same seed."""
        if not self.method.takes_k or self.k < 2:
            raise NotApplicable(f"{self.method.name} has no solutions with other numbers of segments.")
        measures, found = self.customers.measures, {self.k: self.labels}
        for number in range(2, self.k):
            found[number] = self._placed(self._fit(measures, self._numbers[0], number), measures)
        return found

    @cached_property
    def shared(self) -> np.ndarray:
        """Rows of the customers on whom bootstrap solutions are compared: all, or a random part of many."""
        rows = np.arange(len(self.customers))
        if len(rows) <= self.effort.customers:
            return rows
        return np.sort(np.random.default_rng(self._numbers[2]).choice(rows, self.effort.customers, replace=False))

    @cached_property
    def solutions(self) -> list[np.ndarray]:
        """Labels of the shared customers by ``2 * pairs`` solutions on bootstrap samples of all customers."""
        rng = np.random.default_rng(self._numbers[3])
        return self._resampled(self.customers.measures, self.shared, 2 * self.effort.pairs, rng)

    @cached_property
    def crowds(self) -> list[OnCrowd]:
        """The same analysis on data sets without segments."""
        rng = np.random.default_rng(self._numbers[4])
        return [self._crowd(rng) for _ in range(self.effort.null_sets)]

    def _crowd(self, rng) -> OnCrowd:
        drawn = self.customers.crowd.draw(len(self.shared), int(rng.integers(2**31)))
        nobody = pd.DataFrame(drawn, columns=list(self.space.columns))
        if self.method.lacks(nobody):
            raise NotApplicable(f"{self.method.name} needs measures that data without segments do not have.")
        labels = self._placed(self._fit(nobody, int(rng.integers(2**31))), nobody)
        X = self.space.transform(nobody)
        far = stability.distances(X, stability.centroids(X, labels))
        shadow = float(stability.shadow_values(far).mean()) if far.shape[1] > 1 else 1.0
        rows = np.arange(len(nobody))
        return OnCrowd(labels, self._resampled(nobody, rows, 2 * self.effort.null_pairs, rng), shadow)

    def _resampled(self, measures, shared, n_solutions, rng) -> list[np.ndarray]:
        size, found = min(len(measures), self.effort.customers), []
        for _ in range(n_solutions):
            sample = measures.iloc[rng.integers(0, len(measures), size)]
            fitted = self._fit(sample.reset_index(drop=True), int(rng.integers(2**31)))
            found.append(self._placed(fitted, measures.iloc[shared]))
        return found

    def _fit(self, measures: pd.DataFrame, seed: int, k: int | None = None):
        """The fitted estimator, and what it saw."""
        seen = self._view(measures)
        estimator = self.method.factory(k or self.k or 5, seed % 2**31)
        with stability.one_thread():
            return estimator.fit(seen), seen

    def _placed(self, fitted, measures: pd.DataFrame) -> np.ndarray:
        estimator, seen = fitted
        with stability.one_thread():
            if hasattr(estimator, "predict"):
                return stability.place(estimator, seen, self._view(measures))
            seen = self.space.transform(seen) if isinstance(seen, pd.DataFrame) else seen
            return stability.place(estimator, seen, self.space.transform(measures))

    def _view(self, measures: pd.DataFrame):
        if self.method.sees == "measures":
            return measures.drop(columns="customer_id", errors="ignore")
        return self.space.transform(measures)
