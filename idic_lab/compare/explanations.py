"""What the report of a study says in words: how to read its figures, which statistics it uses, how to cite it."""

from __future__ import annotations

from idic_lab.compare.plots.methods import named, ranked

CAPTIONS = {
    "stability": "Agreement of two solutions on resamples of the customers (adjusted Rand index: 1 the same, 0 no better "
    "than chance). A mark to the right of the black bar is more stable than the method is on data without segments.",
    "gain": "Customers from the segment that looks best before the holdout to the one that looks worst, against their share "
    "of the spend in the holdout. The diagonal is chance.",
    "ranks": "Rank of every method by every criterion, 1 the best; ties in the order of the methods. Lines that cross are "
    "rank reversals: the criterion decides which method wins.",
    "attractiveness": "Criteria rescaled so that the worst method in play has 0 and the best 1, weighted into a score; "
    "methods that miss a knock-out are out. On the right, what random weights (2,000 draws, all equally likely) make of "
    "the ranking.",
    "gorge": "Similarity of all customers to each segment. Segments that lie apart leave a gap in the middle.",
    "within": "Jaccard index of each segment with its best match on every resample: box, quartiles; whiskers, the rest up to "
    "1.5 times the box. The grey band, where there is one, is what the most stable segment of data without segments reaches.",
    "across": "Where the members of each segment come from as the number of segments grows; lines as thick as the customers "
    "they stand for.",
    "profile": "Mean of each variable in each segment, shaded by its distance from the mean of everybody. Differences are "
    "tested after the segments were chosen to differ, so they describe and prove nothing.",
    "separation": "Customers on the two main axes of the features, a colour and a mark for each segment; numbers stand at the "
    "centres.",
    "critical": "Mean rank of each method over the data sets. A bar joins methods whose ranks differ by less than the critical "
    "difference (Nemenyi, 5% level) and so cannot be told apart.",
}

STATISTICS = (
    (
        "Unit of replication",
        "The data set. Seeds on one data set share its customers, so their scores are averaged before anything is tested; the "
        "range over seeds shows how much chance in the method and in resampling moves a score, not how other customers or "
        "firms would.",
    ),
    (
        "On one data set",
        "Customers are drawn anew (200 times, the same draws for every method) with their segments held. Intervals are those "
        "of the largest studentised error over all methods, or all pairs of methods, so that they hold for the best of them "
        "too, although the same data picked it (Westfall and Young, 1993; Hsu, 1996). They say what other customers of this "
        "firm would show, not what other firms would, and not how the segments themselves would change.",
    ),
    (
        "Baselines",
        "One segment for all and segments drawn by lot are what every method has to beat. They stand as lines in figures and "
        "at the foot of tables, and are never ranked.",
    ),
    (
        "Over data sets",
        "Friedman's test with the F of Iman and Davenport, then Nemenyi's critical difference at the 5% level (Demšar, 2006). "
        "Only ranks within a data set are used; data sets are assumed to be independent of each other.",
    ),
    (
        "Stability",
        "Adjusted Rand index of pairs of bootstrap solutions, both applied to all customers. The null bound comes from data with "
        "the same distributions and rank correlations and no segments (Dolnicar and Leisch, 2010, for the three kinds).",
    ),
)

SOURCES = (
    "Demšar, J. (2006). Statistical comparisons of classifiers over multiple data sets. JMLR 7.",
    "Dolnicar, S. and Leisch, F. (2010). Evaluation of structure and reproducibility of cluster solutions using the bootstrap. "
    "Marketing Letters 21(1).",
    "Dolnicar, S., Grün, B. and Leisch, F. (2018). Market Segmentation Analysis. Springer.",
    "Hsu, J. C. (1996). Multiple Comparisons: Theory and Methods. Chapman & Hall.",
    "Westfall, P. H. and Young, S. S. (1993). Resampling-Based Multiple Testing. Wiley.",
)


def reversals(scores, lower_is_better=()) -> str:
    """The widest disagreement of two criteria, in a sentence; empty when there is none to speak of.

    Parameters
    ----------
    scores : DataFrame
        Methods in rows (index), criteria in columns.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"use": [3, 2, 1.0], "shape": [1, 2, 3.0]}, index=["a", "b", "c"])
    >>> reversals(table)
    'a is 1st of 3 by use and 3rd by shape.'
    """
    if scores.shape[1] < 2 or len(scores.dropna()) < 3:
        return ""
    ranks = ranked(scores, lower_is_better)
    method = (ranks.max(axis=1) - ranks.min(axis=1)).idxmax()
    best, worst = ranks.loc[method].idxmin(), ranks.loc[method].idxmax()
    high, low = (int(ranks.loc[method, name]) for name in (best, worst))
    if high == low:
        return ""
    return (
        f"{named(method)} is {_ordinal(high)} of {len(ranks)} by {named(best)} and {_ordinal(low)} by {named(worst)}."
    )


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
