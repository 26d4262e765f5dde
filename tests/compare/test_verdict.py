"""Natural, reproducible or constructive, on customers whose segments were planted or were not."""

import pandas as pd
import pytest

from idic_lab import compare

QUICK = compare.Effort(pairs=4, null_sets=6, null_pairs=2, customers=1_000)


@pytest.fixture(scope="session")
def judged(planted):
    """The criteria of stability for k-means, by separation and number of segments."""
    names = ("global_stability", "segment_stability", "structure")
    method = compare.get_method("k_means")
    found = {}
    for separation, customers in planted.items():
        for k in (4, 5, 6):
            segmentation = compare.Segmentation(method, k, customers, seed=7 + k, effort=QUICK)
            found[separation, k] = {name: compare.get_criterion(name)(segmentation) for name in names}
    return found


def as_results(judged):
    return pd.DataFrame(
        [
            (str(separation), "k_means", k, 1, name, measure, value, "ok", score.extra if first == 0 else {})
            for (separation, k), scores in judged.items()
            for name, score in scores.items()
            for first, (measure, value) in enumerate(score.numbers.items())
        ],
        columns=["dataset", "method", "k", "seed", "criterion", "measure", "value", "status", "extra"],
    )


def test_without_planted_segments_every_number_is_constructive(judged):
    kinds = compare.verdicts(as_results(judged))
    assert set(kinds.loc[kinds["dataset"] == "0", "verdict"]) == {"constructive"}


def test_without_planted_segments_no_segment_is_stabler_than_the_null(judged):
    for (separation, _), scores in judged.items():
        if separation == 0:
            found = scores["segment_stability"].numbers
            assert found["strongest_segment"] <= found["null_strongest"]


def test_planted_segments_far_apart_are_natural_and_each_is_stabler_than_the_null(judged):
    assert judged[1.15, 5]["structure"].extra["verdict"] == "natural"
    found = judged[1.15, 5]["segment_stability"].numbers
    assert found["weakest_segment"] > found["null_strongest"]


def test_the_planted_number_of_segments_is_preferred(judged):
    numbers = compare.preferred_number(compare.verdicts(as_results(judged))).set_index("dataset")["k"]
    assert numbers.to_dict() == {"0": 1, "1.15": 5}


def test_planted_segments_are_recovered_and_random_ones_are_not(planted):
    scores = {
        name: compare.get_criterion("recovery")(
            compare.Segmentation(compare.get_method(name), 5, planted[1.15], seed=1)
        ).numbers["adjusted_rand"]
        for name in ("latent_classes", "random_segments")
    }
    assert scores["latent_classes"] > 0.9
    assert abs(scores["random_segments"]) < 0.05
