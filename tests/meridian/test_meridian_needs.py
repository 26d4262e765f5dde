"""The planted need segments show in the answers, and without them there is no structure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from meridian_links import owned
from scipy.stats import chi2_contingency
from sklearn.metrics import adjusted_rand_score

from idic_lab.meridian import Settings, simulate


def battery(shop):
    """Answers (people by 20) and the planted segments of those who answered."""
    answers = owned(shop, "survey_responses").query("survey_id == 'NEEDS'")
    wide = answers.pivot_table(index="customer_id", columns="question_id", values="answer")
    people = shop.truth["people"].set_index("customer_id")
    return wide.to_numpy(), people["need_segment"].reindex(wide.index).to_numpy()


def latent_classes(answers, k=5, starts=6, steps=80):
    """Most probable latent class of each person, by expectation-maximisation from several starts."""
    rng, best = np.random.default_rng(0), (-np.inf, None)
    for _ in range(starts):
        chance, share = rng.uniform(0.25, 0.75, (k, answers.shape[1])), np.full(k, 1 / k)
        for _ in range(steps):
            joint = answers @ np.log(chance).T + (1 - answers) @ np.log1p(-chance).T + np.log(share)
            top = joint.max(axis=1, keepdims=True)
            member = np.exp(joint - top)
            fit = (top[:, 0] + np.log(member.sum(axis=1))).sum()
            member /= member.sum(axis=1, keepdims=True)
            share = member.mean(axis=0)
            chance = np.clip(member.T @ answers / member.sum(axis=0)[:, None], 0.01, 0.99)
        if fit > best[0]:
            best = (fit, member.argmax(axis=1))
    return best[1]


def test_segments_are_found_the_better_the_further_apart_they_are():
    found = []
    for separation in (1.15, 0.72, 0.42, 0.15):
        answers, segments = battery(simulate(n=3_000, seed=8, difficulty=Settings(separation=separation)))
        found.append(adjusted_rand_score(segments, latent_classes(answers)))
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9  # easy
    assert found[1] > 0.6  # default
    assert found[3] < 0.2


def dependent_pairs(answers):
    """Share of pairs of questions whose independence a chi-squared test rejects at 5%."""
    first, second = np.triu_indices(answers.shape[1], 1)
    tests = [
        chi2_contingency(pd.crosstab(answers[:, i], answers[:, j]), correction=False).pvalue < 0.05
        for i, j in zip(first, second, strict=True)
    ]
    return np.mean(tests)


def test_without_segments_answers_depend_on_each_other_no_more_than_by_chance():
    with_segments, _ = battery(simulate(n=2_000, seed=1))
    without, names = battery(simulate(n=2_000, seed=1, segments=False))
    assert dependent_pairs(with_segments) > 0.5
    assert dependent_pairs(without) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 190)
    assert set(names) == {"none"}
