"""Bandits: learning which offer to give while giving it.

The learner samples from what it believes (Thompson, 1933): an offer is given as often as it is believed to be the best.
Early on beliefs are wide and all offers are tried; later the best one is given nearly always.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


class SegmentThompson:
    """A learner that keeps, for each segment and arm, its belief about the share that converts.

    Beliefs are beta distributions. An arm earns its margin if the customer converts, less its cost.

    Parameters:
        margins, costs (dict of str to float): Earned by a conversion, and spent on giving the arm, in currency.
        prior (tuple of float): Beta prior of every share.
    Attributes:
        beliefs_ (dict of (str, str) to ndarray of shape (2,)): Segment and arm to the parameters of the beta
            distribution.

    Source: Chapelle & Li (2011), An empirical evaluation of Thompson sampling, NIPS 24, algorithm 2.

    >>> learner = SegmentThompson(["control", "offer"], {"control": 30, "offer": 24}, {"control": 0, "offer": 1.5})
    >>> learner.update(["young"] * 40, ["control", "offer"] * 20, [False, True] * 20)
    >>> learner.choose(["young"] * 4).tolist()
    ['offer', 'offer', 'offer', 'offer']
    """

    def __init__(
        self,
        arms: list[str],
        margins: dict[str, float],
        costs: dict[str, float],
        prior: tuple[float, float] = (1.0, 1.0),
        random_state: int = 0,
    ):
        self.arms, self.prior = list(arms), prior
        self.margin = np.array([float(margins[arm]) for arm in self.arms])
        self.cost = np.array([float(costs[arm]) for arm in self.arms])
        self.beliefs_: dict[tuple[str, str], np.ndarray] = {}
        self._rng = np.random.default_rng(random_state)

    def _parameters(self, segments) -> np.ndarray:
        known = np.array(
            [
                [self.beliefs_.get((str(segment), arm), np.array(self.prior)) for arm in self.arms]
                for segment in np.unique(segments)
            ]
        )
        return known[np.unique(segments, return_inverse=True)[1]]

    def choose(self, segments) -> np.ndarray:
        """An arm for each customer, by their segment."""
        beliefs = self._parameters(np.asarray(segments, dtype=str))
        shares = self._rng.beta(beliefs[..., 0], beliefs[..., 1])
        return np.array(self.arms)[(shares * self.margin - self.cost).argmax(axis=1)]

    def update(self, segments, arms, converted) -> None:
        """Learn what came of giving each customer an arm."""
        seen = pd.DataFrame({"segment": segments, "arm": arms, "converted": np.asarray(converted, dtype=float)})
        for (segment, arm), part in seen.groupby(["segment", "arm"])["converted"]:
            belief = self.beliefs_.get((str(segment), str(arm)), np.array(self.prior))
            self.beliefs_[str(segment), str(arm)] = belief + np.array([part.sum(), len(part) - part.sum()])

    def probability_best(self, segment: str, draws: int = 4000, random_state: int = 0) -> np.ndarray:
        """The belief that each arm earns most in a segment, in the order of ``arms``."""
        return self.sampled(segment, draws, random_state)[1]

    def sampled(self, segment: str, draws: int = 4000, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(random_state)
        beliefs = [self.beliefs_.get((segment, arm), np.array(self.prior)) for arm in self.arms]
        shares = np.column_stack([rng.beta(a, b, draws) for a, b in beliefs])
        profit = shares * self.margin - self.cost
        best = np.bincount(profit.argmax(axis=1), minlength=len(self.arms)) / draws
        return profit, best
