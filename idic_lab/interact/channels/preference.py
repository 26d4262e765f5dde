"""Which option a customer prefers, when each has shown little: types of customers, one per option."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from idic_lab.errors import DataError

_ROUNDS, _TOLERANCE = 200, 1e-6
_FLOOR = 0.002  # no response rate is taken to be exactly 0


class PreferenceTypes(BaseEstimator):
    """Customers as types, one for each option that can be preferred.

    Two kinds of evidence speak for an option: the customer chose it (wrote by e-mail, came in the morning), and the
    customer reacted when contacted on it. Each type has its own probabilities of choosing and of reacting; each group
    of customers (a segment) has its own mix of types. A customer about whom little is known is thought of as the mix
    of their group, and moves away from it as evidence comes in: shrinkage towards the segment. Estimated by expectation
    maximisation, which starts from types that favour their own option.

    Parameters
    ----------
    options : sequence of str
        The options; types are named after them.

    Attributes
    ----------
    probabilities_ : DataFrame, customers × options
        Probability that each option is the customer's preferred one; rows sum to 1.
    response_ : DataFrame, types × options
        Response rate of each type on each option, at exposure 1.
    choice_ : DataFrame, types × options
        Share of each type's own choices; rows sum to 1.
    mix_ : DataFrame, groups × types
        Share of each type in each group.
    n_iter_ : int

    Source: Dempster, Laird & Rubin (1977) for expectation maximisation; Efron & Morris (1977), Stein's paradox in
    statistics, Scientific American 236(5), for why shrinkage pays.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["ann", "bob", "new"], "segment": "all"})
    >>> chose = pd.DataFrame({"customer_id": ["ann"] * 4 + ["bob"] * 3, "option": ["phone"] * 4 + ["email"] * 3})
    >>> tried = pd.DataFrame({"customer_id": ["ann", "bob"], "option": ["phone", "email"], "responded": [True, True],
    ...     "exposure": [1.0, 1.0]})
    >>> found = PreferenceTypes(["email", "phone"]).fit(customers, chose, tried)
    >>> found.probabilities_.idxmax(axis=1)[["ann", "bob"]].tolist()
    ['phone', 'email']
    """

    def __init__(self, options=()):
        self.options = options

    def fit(self, customers: pd.DataFrame, choices: pd.DataFrame, trials: pd.DataFrame) -> PreferenceTypes:
        """Estimate types, mixes and each customer's probabilities.

        Parameters
        ----------
        customers : DataFrame
            ``customer_id``, ``segment``: everybody, those without evidence too.
        choices : DataFrame
            ``customer_id``, ``option``: one row per choice the customer made.
        trials : DataFrame
            ``customer_id``, ``option``, ``responded``, ``exposure``: one row per contact on an option. Exposure, above
            0, multiplies the chance of a response: below 1 where the customer was tired, say.

        Returns
        -------
        self
        """
        options, people = list(self.options), pd.Index(customers["customer_id"])
        evidence = _Evidence(people, options, choices, trials)
        groups, group_names = pd.factorize(customers["segment"], sort=True)
        k = len(options)
        mix = np.full((len(group_names), k), 1 / k)
        choice = np.full((k, k), 0.5 / k) + 0.5 * np.eye(k)
        overall = evidence.overall_rate()
        response = np.minimum(overall * (0.8 + 1.2 * np.eye(k)), 0.9 * evidence.highest_rate)
        before = -np.inf
        for self.n_iter_ in range(1, _ROUNDS + 1):
            weights, likelihood = evidence.weigh(np.log(mix)[groups], choice, response)
            # One imaginary customer per group, spread evenly, keeps a mix from closing on a type nobody has yet.
            counts = np.zeros_like(mix)
            np.add.at(counts, groups, weights)
            mix = (counts + 1 / k) / (counts.sum(axis=1, keepdims=True) + 1)
            choice = weights.T @ evidence.choices + 1 / k
            choice /= choice.sum(axis=1, keepdims=True)
            response = evidence.response_rates(weights, response)
            if likelihood - before < _TOLERANCE * len(people):
                break
            before = likelihood
        self.probabilities_ = pd.DataFrame(weights, index=people, columns=options)
        self.response_ = pd.DataFrame(response, index=options, columns=options)
        self.choice_ = pd.DataFrame(choice, index=options, columns=options)
        self.mix_ = pd.DataFrame(mix, index=pd.Index(group_names, name="segment"), columns=options)
        return self

    def response_rates(self) -> pd.DataFrame:
        """Expected response rate of each customer on each option at exposure 1, customers × options."""
        return self.probabilities_ @ self.response_


class _Evidence:
    """Choices and trials as arrays, and the two steps of expectation maximisation on them."""

    def __init__(self, people: pd.Index, options: list[str], choices: pd.DataFrame, trials: pd.DataFrame):
        self.n, self.k = len(people), len(options)
        column = pd.Index(options)
        self.choices = np.zeros((self.n, self.k))
        np.add.at(self.choices, (_find(people, choices), _find(column, choices, "option")), 1.0)
        # Equal trials of one customer (same option, outcome and exposure) are one row with a count: exact, and short.
        rows = pd.DataFrame(
            {
                "who": _find(people, trials),
                "option": _find(column, trials, "option"),
                "responded": trials["responded"].to_numpy(bool),
                "exposure": trials["exposure"].to_numpy(float),
            }
        )
        rows = rows.groupby(["who", "option", "responded", "exposure"], as_index=False).size()
        self.who, self.option = rows["who"].to_numpy(), rows["option"].to_numpy()
        self.responded, self.exposure = rows["responded"].to_numpy(), rows["exposure"].to_numpy()
        self.count = rows["size"].to_numpy(float)
        if len(rows) and not (self.exposure > 0).all():
            raise DataError("Exposures of contacts must be above 0.")
        self.highest_rate = 0.98 / (self.exposure.max() if len(rows) else 1.0)

    def overall_rate(self) -> float:
        exposed = (self.count * self.exposure).sum()
        return float((self.count * self.responded).sum() / exposed) if exposed else 0.1

    def weigh(self, log_mix: np.ndarray, choice: np.ndarray, response: np.ndarray):
        """Probability of each type for each customer, and the log-likelihood."""
        rate = np.clip(response[:, self.option] * self.exposure, 1e-9, 1 - 1e-9).T
        trial = self.count[:, None] * np.where(self.responded[:, None], np.log(rate), np.log1p(-rate))
        score = log_mix + self.choices @ np.log(choice).T
        for kind in range(self.k):
            score[:, kind] += np.bincount(self.who, trial[:, kind], minlength=self.n)
        top = score.max(axis=1, keepdims=True)
        weights = np.exp(score - top)
        total = weights.sum(axis=1, keepdims=True)
        return weights / total, float((top + np.log(total)).sum())

    def response_rates(self, weights: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Response rate of each type on each option; Newton's method on each, for all at once."""
        w = weights[self.who] * self.count[:, None]
        hits = self._by_option(w * self.responded[:, None])
        rates = response.copy()
        missed, exposure = w * ~self.responded[:, None], self.exposure[:, None]
        for _ in range(4):
            left = 1 - np.minimum(rates[:, self.option].T * exposure, 0.999)
            slope = (hits + 0.5) / rates - self._by_option(missed * exposure / left) - 0.5 / (1 - 0.5 * rates)
            bend = (hits + 0.5) / rates**2 + self._by_option(missed * (exposure / left) ** 2)
            rates = np.clip(rates + slope / bend, np.maximum(rates / 3, _FLOOR), self.highest_rate)
        return rates

    def _by_option(self, values: np.ndarray) -> np.ndarray:
        """Sums over trials, types × options."""
        return np.stack(
            [np.bincount(self.option, values[:, kind], minlength=self.k) for kind in range(self.k)]
        )


def _find(index: pd.Index, data: pd.DataFrame, name: str = "customer_id") -> np.ndarray:
    found = index.get_indexer(data[name])
    if (found < 0).any():
        raise DataError(
            f"Column '{name}' has {data[name].iloc[int((found < 0).argmax())]!r}, which is not listed."
        )
    return found
