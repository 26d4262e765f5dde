"""Stability of segmentations, on cases whose answers can be worked out by hand."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import jaccard_score

from idic_lab import compare
from idic_lab.compare import stability
from idic_lab.errors import DataError


def test_the_jaccard_index_is_that_of_scikit_learn(rng):
    first, second = rng.integers(0, 3, 200), rng.integers(0, 4, 200)
    ours = stability.jaccard(first, second)
    for row in range(3):
        for column in range(4):
            assert ours[row, column] == pytest.approx(jaccard_score(first == row, second == column))


def test_the_adjusted_rand_index_is_that_of_hubert_and_arabie():
    # By hand: pairs together in both 1, in the first 2, in the second 3, of 10; (1 - .6) / (2.5 - .6).
    first, second = [0, 0, 1, 1, 2], [0, 0, 0, 1, 2]
    assert stability.global_stability([first, second])[0] == pytest.approx((1 - 0.6) / (2.5 - 0.6))


def test_identical_solutions_have_stability_one_however_they_are_numbered():
    labels = np.array([0, 0, 1, 1, 1, 2])
    renamed = np.array([7, 7, 3, 3, 3, 5])
    assert (compare.stability.within(labels, [renamed])["jaccard"] == 1).all()
    assert (compare.stability.across(labels, renamed)["stability"] == 1).all()
    assert compare.stability.global_stability([labels, renamed]).tolist() == [1.0]


def test_slsw_of_a_segment_that_a_resample_merged_is_its_share_of_the_merger():
    labels, merged = np.repeat([0, 1, 2], [10, 30, 60]), np.repeat([0, 1], [40, 60])
    found = compare.stability.within(labels, [merged]).set_index("segment")["jaccard"]
    assert found.to_dict() == {0: 0.25, 1: 0.75, 2: 1.0}


def test_slsa_of_a_segment_made_of_two_halves_of_three_is_one_less_log_2_over_log_3():
    before = np.repeat([0, 1, 2], 20)
    after = np.concatenate([[0] * 10, [3] * 10, [3] * 10, [1] * 10, [2] * 20])
    found = compare.stability.across(before, after).set_index("segment")["stability"]
    assert found[3] == pytest.approx(1 - np.log(2) / np.log(3))
    assert (found[[0, 1, 2]] == 1).all()


def test_slsa_of_a_segment_that_joins_two_unequal_ones_is_its_exact_entropy():
    before, after = np.repeat([0, 1], [30, 10]), np.zeros(40, dtype=int)
    h = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert compare.stability.across(before, after)["stability"].tolist() == pytest.approx([1 - h / np.log(2)])


def test_the_tree_keeps_every_customer_and_the_numbers_of_matching_segments():
    two, three = np.repeat([0, 1], [50, 50]), np.repeat([2, 0, 1], [50, 30, 20])
    tree = compare.stability.flows({2: two, 3: three})
    assert tree["customers"].sum() == 100
    assert tree.set_index(["segment", "from_segment"])["customers"].to_dict() == {(0, 0): 50, (1, 1): 30, (2, 1): 20}


def test_a_method_that_cannot_predict_places_customers_by_their_nearest_neighbour():
    X = np.repeat([[0.0, 0.0], [9.0, 9.0]], 30, axis=0) + np.linspace(0, 0.1, 60)[:, None]
    solutions = compare.stability.bootstrap_labels(DBSCAN(eps=1.0), X, 4)
    assert compare.stability.global_stability(solutions).tolist() == [1.0, 1.0]


def test_bootstrap_labels_are_the_same_for_the_same_seed(rng):
    X = rng.normal(size=(80, 2))
    first, second = (compare.stability.bootstrap_labels(KMeans(3, n_init=1), X, 4, random_state=1) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_labels_of_different_customers_are_refused():
    with pytest.raises(DataError, match="3 and 2 customers"):
        compare.stability.jaccard([0, 1, 1], [0, 1])


def test_similarities_are_those_of_the_book_and_flexclust_takes_their_root():
    far = np.array([[1.0, 2.0, 3.0]])
    book = np.exp(-far) / np.exp(-far).sum()
    assert compare.stability.similarities(far) == pytest.approx(book)
    assert compare.stability.similarities(far, variant="flexclust") == pytest.approx(np.sqrt(book))


def test_similarities_survive_distances_whose_exponential_is_zero():
    assert compare.stability.similarities(np.array([[2_000.0, 2_001.0]])).sum() == pytest.approx(1)


def test_a_shadow_value_is_zero_at_a_centre_and_one_between_two():
    X = np.array([[0.0], [2.0], [1.0]])
    far = stability.distances(X, [[0.0], [2.0], [9.0]])
    assert compare.stability.shadow_values(far) == pytest.approx([0, 0, 1])
