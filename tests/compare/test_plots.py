"""Figures: what their titles claim, and that they are vectors without outside parts."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from idic_lab import compare
from idic_lab.compare import plots, report
from idic_lab.compare.plots import _cliques


def title(ax):
    return ax.get_title(loc="left") or ax.get_title()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_bar_joins_methods_within_the_critical_difference_and_no_others():
    assert _cliques(np.array([1.0, 1.5, 3.0, 3.2]), 0.6) == [(0, 1), (2, 3)]
    assert _cliques(np.array([1.0, 1.5, 1.9]), 0.6) == [(0, 1), (1, 2)]
    assert _cliques(np.array([1.0, 2.0]), 0.6) == []


def test_the_critical_difference_diagram_names_every_method_with_its_rank(rng):
    table = pd.DataFrame(rng.random((12, 4)), columns=["rfm_quintiles", "ward", "birch", "clv_tiers"])
    text = " ".join(label.get_text() for label in plots.plot_critical_difference(table).texts)
    for name, rank in table.rank(axis=1, ascending=False).mean().items():
        assert f"{plots.named(name)} ({rank:.2f})" in text


def test_the_title_of_the_slsw_plot_counts_the_segments_beyond_the_null():
    ax = plots.plot_within({"0": [0.9, 0.95], "1": [0.4, 0.5]}, [0.5, 0.6])
    assert title(ax) == "1 of 2 segments are more stable than data without segments"


def test_the_rank_reversal_plot_finds_the_criteria_that_disagree_most():
    scores = pd.DataFrame({"use": [3, 2, 1.0], "reach": [3, 1, 2.0], "shape": [1, 2, 3.0]}, index=list("abc"))
    assert "use and shape, rank correlation -1.00" in title(plots.plot_rank_reversal(scores))
    flipped = title(plots.plot_rank_reversal(scores, lower_is_better=["shape"]))
    assert "use and shape" not in flipped


def test_a_method_that_is_out_is_shown_with_the_reason_and_without_a_score():
    scores = pd.DataFrame({"stability": [0.9, 0.1, 0.8], "value": [0.4, 0.9, 0.6]}, index=["a", "b", "c"])
    matrix = compare.attractiveness(scores, knock_out={"stability": 0.5})
    texts = [text.get_text() for text in plots.plot_attractiveness(scores, matrix).texts]
    assert "out: stability 0.1 misses 0.5" in texts


def test_the_tree_gives_every_segment_of_every_solution_a_place():
    labels = {k: np.arange(120) * k // 120 for k in (2, 3, 4)}
    ax = plots.plot_tree(compare.stability.flows(labels))
    assert len(ax.collections) == 2 + 3 + 4


def test_the_profile_frames_the_markers():
    profile = {
        "variables": ["x", "y"],
        "overall": [0.5, 0.5],
        "means": [[0.9, 0.5], [0.1, 0.5]],
        "marker": [[True, False], [True, False]],
        "binary": True,
        "p_corrected": [0.001, 1.0],
    }
    ax = plots.plot_profile(profile)
    assert len(ax.patches) == 2 and "1 of 2 variables differ; 2 markers" in title(ax)


def test_figures_are_vectors_and_two_on_one_page_share_no_ids(rng):
    counts = rng.integers(1, 50, (3, 20))
    first, second = (report.svg(plots.plot_gorge(counts)) for _ in range(2))
    assert first.startswith("<svg") and "<image" not in first
    ids = [set(part.split('"')[0] for part in page.split('id="')[1:]) for page in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
