"""Recency, frequency and monetary value of every customer, scores that treat ties alike, and segments named from scores.

The textbook rule, "sort the customers and cut the list into five equal parts", has no answer when customers share a value: more
than half of CDNOW's customers bought on a single day. Here identical customers always get the same score, and the parts are uneven.
"""

import datetime as dt
from numbers import Integral

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrameT

from idic_lab import tables
from idic_lab.dataframes import collected, in_engine
from idic_lab.differentiate.purchase_days import PurchaseDays, ordinal
from idic_lab.errors import DataError, LabError, pick

# Score, the measure it is made from, and whether a small value is the good one.
MEASURES = {"r_score": ("recency_days", True), "f_score": ("frequency", False), "m_score": ("monetary", False)}


def summarise(transactions: IntoFrameT, observation_end: str | dt.date | None = None) -> IntoFrameT:
    """Days since the last purchase, number of purchase days and total amount of every customer who bought.

    A row with a negative amount is a return, never a purchase, so it changes neither recency nor frequency. Customers
    with nothing but returns have no row here: :func:`without_purchase` lists them.

    Parameters:
        transactions (DataFrame of any engine): ``customer_id``, ``date`` (several rows on one day are one purchase day)
            and ``amount``.
        observation_end: Last day looked at, itself included; the latest date in the data by default.
    Returns:
        DataFrame of the same engine: ``customer_id``; ``recency_days`` (int, days from the last purchase to
            `observation_end`); ``frequency`` (int, days with a purchase, the first included); ``monetary`` (float,
            currency, to six decimals). Sorted by customer in engines that hold the data in memory.
    Raises:
        DataError: A column is missing or of the wrong type, a row lacks its customer, date or finite amount, or no row
            is left.

    Source: the three variables as direct marketing uses them, Hughes (1994), Strategic Database Marketing.

    >>> transactions = pd.DataFrame({"customer_id": ["ann", "ann", "bob", "cid"], "amount": [25.0, 10, 40, -7],
    ...     "date": pd.to_datetime(["2024-01-05", "2024-03-01", "2024-02-10", "2024-02-11"])})
    >>> summarise(transactions, observation_end="2024-03-31")
      customer_id  recency_days  frequency  monetary
    0         ann            30          2      35.0
    1         bob            50          1      40.0
    """
    counted, end = _counted(transactions, observation_end)
    return _in_order(
        nw.from_native(counted.spans(last_day=end)).select(
            "customer_id",
            recency_days=(nw.lit(end) - nw.col("last")).cast(nw.Int64()),
            frequency=nw.col("purchase_days").cast(nw.Int64()),
            # To six decimals, so that equal totals are equal in whatever order an engine added them up: ties matter.
            # Spelled out, because Arrow's round(6) is off in the last bit.
            monetary=(nw.col("total") * 1e6).round() / 1e6,
        )
    )


def without_purchase(transactions: IntoFrameT, observation_end: str | dt.date | None = None) -> IntoFrameT:
    """Customers whose rows, up to the end of observation, are returns only, and who are thus not in :func:`summarise`.

    Returns:
        DataFrame of the same engine: ``customer_id``; ``returns`` (int, rows with a negative amount); ``returned``
            (float, their total as a positive amount, currency).

    >>> transactions = pd.DataFrame({"customer_id": ["ann", "cid", "cid"], "amount": [20.0, -7.0, -1.0],
    ...     "date": pd.to_datetime(["2024-01-05", "2024-02-11", "2024-02-12"])})
    >>> without_purchase(transactions).to_numpy().tolist()
    [['cid', 2, 8.0]]
    """
    counted, end = _counted(transactions, observation_end)
    bought = nw.from_native(counted.spans(last_day=end)).select(_customer="customer_id")
    listed = nw.from_native(counted.returned(end)).join(bought, how="anti", left_on="customer_id", right_on="_customer")
    return _in_order(listed.with_columns(nw.col("returns").cast(nw.Int64())))


def _counted(transactions, observation_end) -> tuple[PurchaseDays, int]:
    counted = PurchaseDays(transactions)
    end = counted.last_day if observation_end is None else ordinal(observation_end, "observation_end")
    if end < counted.first_day:
        late = f"{counted.first_day - end:,} days after the observation_end {observation_end}"
        why = f"the first row is dated {late}, so there is nothing to summarise"
        raise DataError(f"transactions: {why}; choose a later day.")
    return counted, end


def _in_order(frame):
    frame = nw.maybe_reset_index(frame.sort("customer_id")) if isinstance(frame, nw.DataFrame) else frame
    return frame.to_native()


def score(summary, groups: int = 5, few_values: str = "raise"):
    """Score recency, frequency and monetary value from 1 to `groups`, the highest being best.

    A customer's score counts the customers who are strictly behind: with five groups, 1 while they are under 20%,
    2 from 20%, and 5 from 80%. Without ties this is the quintile. With ties, the tied customers share one score, that
    of the first among them: the worst value always scores 1, some scores may stay empty, and the groups are uneven
    (see :func:`score_sizes`).

    Parameters:
        summary (DataFrame of any engine): As :func:`summarise` gives.
        few_values ({"raise", "allow"}): What to do when a measure has fewer different values than `groups`, so that
            some scores must stay empty: refuse, or score all the same.
    Returns:
        DataFrame: The summary with ``r_score``, ``f_score`` and ``m_score`` (int, 1 to `groups`) added; pandas, or of
            the engine that the summary is in.
    Raises:
        DataError: A column is missing or has missing values, there are no customers, or too few different values.

    Source: quintiles, Hughes (1994), Strategic Database Marketing; each measure by itself rather than nested, Miglautsch
    (2000), Thoughts on RFM scoring, Journal of Database Marketing 8(1), 67-72.

    >>> summary = pd.DataFrame({"customer_id": list("abcdef"), "recency_days": [3, 200, 90, 40, 10, 300],
    ...     "frequency": [4, 1, 1, 2, 3, 1], "monetary": [80.0, 10.0, 25.0, 30.0, 70.0, 20.0]})
    >>> score(summary, groups=3)[["customer_id", "r_score", "f_score", "m_score"]].head(2)
      customer_id  r_score  f_score  m_score
    0           a        3        3        3
    1           b        1        1        1
    """
    pick("treatment of few values", few_values, ("raise", "allow"))
    if isinstance(groups, bool) or not isinstance(groups, Integral) or groups < 2:
        raise LabError(f"groups should be a whole number of 2 or more, found {groups!r}.")
    if in_engine(summary):
        return _score_in_engine(summary, groups, few_values)
    scores = collected(summary).reset_index(drop=True)
    text = [name for name, kind in scores.dtypes.items() if isinstance(kind, pd.StringDtype)]
    scores = scores.astype(dict.fromkeys(text, "str"))  # pandas has another type of text, which contracts do not know
    names = ["customer_id", *(measure for measure, _ in MEASURES.values())]
    if missing := [name for name in names if name not in scores]:
        lacking = f"missing column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}"
        raise DataError(f"summary: {lacking}; rfm.summarise makes them from transactions.")
    _check_values(len(scores), scores[names].isna().sum(), scores[names[1:]].nunique(), groups, few_values)
    for name, (measure, small_is_good) in MEASURES.items():
        behind = scores[measure].rank(method="min", ascending=not small_is_good).astype("int64") - 1
        scores[name] = 1 + groups * behind // len(scores)  # in whole numbers, so exact
    return scores


def score_sizes(scores: pd.DataFrame) -> pd.DataFrame:
    """Customers per ``score`` and measure (``r_score``, ``f_score``, ``m_score``): how uneven ties have made the groups.

    >>> score_sizes(pd.DataFrame({"r_score": [1, 2, 2], "f_score": [1, 1, 1], "m_score": [1, 1, 2]}))
       score  r_score  f_score  m_score
    0      2        2        0        1
    1      1        1        3        2
    """
    levels = range(int(scores[list(MEASURES)].to_numpy().max()), 0, -1)
    counts = {name: scores[name].value_counts().reindex(levels, fill_value=0).to_numpy() for name in MEASURES}
    return pd.DataFrame({"score": list(levels), **counts})


def _check_values(customers: int, missing, different, groups: int, few_values: str) -> None:
    if not customers:
        raise DataError("summary: no customers to score; every row of the transactions may be a return.")
    for name, count in missing.items():
        if count:
            raise DataError(f"summary: column {name!r} has {count:,} missing values.")
    few = {measure: count for measure, count in different.items() if count < groups}
    if few and few_values == "raise":
        found = ", ".join(f"{measure} has {count}" for measure, count in few.items())
        fewest = min(few.values())
        fewer = f"groups={fewest} or fewer, or " if fewest >= 2 else ""
        raise DataError(
            f"summary: {groups} groups need at least {groups} different values, but {found} among "
            f"{customers:,} customers; use {fewer}few_values='allow' to leave some scores empty."
        )


def _score_in_engine(summary, groups: int, few_values: str):
    """The same scores where the customers are.

    A score depends on a measure through a few cut values alone. To find these, each different value leaves the engine once,
    with the number of customers who have it; the customers do not.
    """
    frame = nw.from_native(summary)
    counts = {
        measure: frame.group_by(measure).agg(nw.len().alias("customers")).collect("pyarrow").to_pandas()
        for measure, _ in MEASURES.values()
    }
    missing = {measure: int(table.loc[table[measure].isna(), "customers"].sum()) for measure, table in counts.items()}
    different = {measure: len(table) for measure, table in counts.items()}
    customers = int(counts["recency_days"]["customers"].sum())
    _check_values(customers, missing, different, groups, few_values)
    scores = {
        name: _steps(measure, small_is_good, _cuts(counts[measure], measure, small_is_good, groups))
        for name, (measure, small_is_good) in MEASURES.items()
    }
    return nw.to_native(frame.with_columns(**scores))


def _cuts(counts: pd.DataFrame, measure: str, small_is_good: bool, groups: int) -> list:
    """For each score from 2 on, the least good value that reaches it; shorter where no value does."""
    ranked = counts.sort_values(measure, ascending=not small_is_good)
    behind = ranked["customers"].cumsum() - ranked["customers"]
    reached = 1 + groups * behind // ranked["customers"].sum()
    return [ranked.loc[reached >= score, measure].iloc[0] for score in range(2, groups + 1) if (reached >= score).any()]


def _steps(measure: str, small_is_good: bool, cuts: list) -> nw.Expr:
    value, score = nw.col(measure), nw.lit(1)
    for cut in cuts:
        reached = value <= cut.item() if small_is_good else value >= cut.item()
        score = score + nw.when(reached).then(nw.lit(1)).otherwise(nw.lit(0))
    return score.cast(nw.Int64)


GROUPS = 5

# Each segment is one rectangle of the grid of recency score (r) and frequency-monetary score (fm), both 1 to 5, and
# together the rectangles cover each of the 25 cells once. Names as the trade uses them; no two vendors draw quite
# the same borders, which is why they are stated here rather than taken for granted.
_RULES = (
    ("champions", (5, 5), (4, 5), "bought just now, often and for much"),
    ("loyal", (3, 4), (4, 5), "buy often and for much, not just now"),
    ("potential loyalists", (4, 5), (2, 3), "recent, and on the way up"),
    ("new", (5, 5), (1, 1), "bought just now, little so far"),
    ("promising", (4, 4), (1, 1), "bought recently, little so far"),
    ("need attention", (3, 3), (3, 3), "middling in everything, and could go either way"),
    ("about to sleep", (3, 3), (1, 2), "were never much, and are falling behind"),
    ("at risk", (1, 2), (3, 4), "were good, and have been away for long"),
    ("cannot lose", (1, 2), (5, 5), "were among the best, and have been away for long"),
    ("hibernating", (2, 2), (1, 2), "bought little, and long ago"),
    ("lost", (1, 1), (1, 2), "bought little, and longest ago"),
)


def segment_rules() -> pd.DataFrame:
    """The rules that name the segments, one row each.

    Returns:
        DataFrame: ``segment``; the inclusive bounds ``r_low``, ``r_high``, ``fm_low``, ``fm_high`` (scores 1 to 5);
            ``meaning``. ``fm`` is the mean of the frequency and the monetary score, with a half rounded up.

    Source: the eleven names and the grid of recency against frequency-monetary are those of CRM software makers (for
    one, Putler's RFM analysis); their published bounds overlap, so the bounds here are our own.

    >>> segment_rules().head(1)[["segment", "r_low", "fm_low"]].to_string(index=False, header=False)
    'champions      5       4'
    """
    names = ["segment", "r_low", "r_high", "fm_low", "fm_high", "meaning"]
    return pd.DataFrame([(name, *r, *fm, why) for name, r, fm, why in _RULES], columns=names)


def segment(scores: pd.DataFrame) -> pd.DataFrame:
    """Add the named segment of every customer.

    Parameters:
        scores: ``r_score``, ``f_score`` and ``m_score``, each 1 to 5; of any engine, and in it the segments come back.

    >>> scores = pd.DataFrame({"r_score": [5, 5, 1], "f_score": [5, 1, 4], "m_score": [4, 1, 5]})
    >>> segment(scores)["segment"].tolist()
    ['champions', 'new', 'cannot lose']
    """
    if in_engine(scores):
        r, fm = nw.col("r_score"), (nw.col("f_score") + nw.col("m_score") + 1) // 2
        named = nw.lit("")
        for name, (r_low, r_high), (fm_low, fm_high), _ in _RULES:
            here = (r >= r_low) & (r <= r_high) & (fm >= fm_low) & (fm <= fm_high)
            named = nw.when(here).then(nw.lit(name)).otherwise(named)
        return nw.to_native(nw.from_native(scores).with_columns(segment=named))
    names = list(MEASURES)
    if missing := [name for name in names if name not in scores]:
        raise DataError(f"scores: missing {', '.join(map(repr, missing))}; rfm.score makes them.")
    outside = ~scores[names].isin(range(1, GROUPS + 1)).all(axis="columns")
    if outside.any():
        found = f"{outside.sum():,} customers have a score outside 1 to {GROUPS}"
        raise DataError(f"scores: {found}; the segment rules are for rfm.score(..., groups={GROUPS}).")
    r, fm = scores["r_score"], (scores["f_score"] + scores["m_score"] + 1) // 2
    within = [r.between(*of_r) & fm.between(*of_fm) for _, of_r, of_fm, _ in _RULES]
    return scores.assign(segment=pd.array(np.select(within, [name for name, *_ in _RULES], ""), dtype="str"))


def table(transactions, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """The table ``rfm``: measures (:func:`summarise`), quintile scores and segment of every customer who bought.

    Scores are independent quintiles (:func:`score`), with empty scores allowed where the data have fewer than five
    different values: the scale stays 1 to 5 for the segment rules. It is in the engine of the transactions where that is
    lazy, else in pandas.

    >>> transactions = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [20.0, 10.0, 40.0],
    ...     "date": pd.to_datetime(["2024-01-05", "2024-03-01", "2024-02-10"])})
    >>> table(transactions)[["customer_id", "r_score", "f_score", "m_score", "segment"]]
      customer_id  r_score  f_score  m_score         segment
    0         ann        3        3        1  about to sleep
    1         bob        1        1        3            lost
    """
    made = segment(score(summarise(transactions, observation_end), GROUPS, few_values="allow"))
    return tables.check("rfm", made)


def segments_table(rfm_table: pd.DataFrame) -> pd.DataFrame:
    """The RFM segments as rows of the table ``segments`` (``customer_id``, ``scheme``, ``segment``), under the scheme "rfm".

    >>> segments_table(pd.DataFrame({"customer_id": ["ann"], "segment": ["loyal"]}).astype("str")).iloc[0].tolist()
    ['ann', 'rfm', 'loyal']
    """
    members = rfm_table[["customer_id", "segment"]].reset_index(drop=True)
    members.insert(1, "scheme", pd.Series("rfm", index=members.index, dtype="str"))
    return tables.check("segments", members)


def segment_summary(rfm_table: pd.DataFrame) -> pd.DataFrame:
    """What each segment of the table ``rfm`` is and brings, largest revenue first.

    Returns:
        DataFrame: ``segment``, ``customers``, ``share_of_customers``, ``revenue`` (currency), ``share_of_revenue``, and
            the means ``mean_recency_days``, ``mean_frequency`` (days with a purchase), ``mean_monetary`` (currency).

    >>> rfm_table = pd.DataFrame({"recency_days": [5, 7, 90], "frequency": [4, 6, 1], "monetary": [60.0, 30.0, 10.0],
    ...     "segment": ["champions", "champions", "lost"]})
    >>> segment_summary(rfm_table)["share_of_revenue"].tolist()
    [0.9, 0.1]
    """
    total = rfm_table["monetary"].sum()
    if not total > 0:
        raise DataError("rfm: the customers' monetary values sum to zero, so there are no shares of revenue.")
    means = {f"mean_{name}": (name, "mean") for name in ("recency_days", "frequency", "monetary")}
    sums = {"customers": ("monetary", "size"), "revenue": ("monetary", "sum")}
    summary = rfm_table.groupby("segment", as_index=False).agg(**sums, **means)
    summary.insert(2, "share_of_customers", summary["customers"] / len(rfm_table))
    summary.insert(4, "share_of_revenue", summary["revenue"] / total)
    return summary.sort_values(["revenue", "segment"], ascending=[False, True], ignore_index=True)
