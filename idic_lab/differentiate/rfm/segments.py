"""Named segments from scores: the rules as data, the customers under them, and what each segment brings."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import in_engine
from idic_lab.differentiate.rfm.scores import MEASURES, score, summarise
from idic_lab.errors import DataError

GROUPS = 5
SCHEME = "rfm"

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


def segment(scores: pd.DataFrame, rules: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add the named segment of every customer.

    Parameters:
        scores: ``r_score``, ``f_score`` and ``m_score``, each 1 to 5; of any engine, and in it the segments come back.
        rules: Your own rules in the form of :func:`segment_rules`; together they must cover each of the 25 cells once.
    Raises:
        DataError: A score is outside 1 to 5, or the rules leave a cell out or claim it twice.

    >>> scores = pd.DataFrame({"r_score": [5, 5, 1], "f_score": [5, 1, 4], "m_score": [4, 1, 5]})
    >>> segment(scores)["segment"].tolist()
    ['champions', 'new', 'cannot lose']
    """
    cells = _cells(segment_rules() if rules is None else rules)
    if in_engine(scores):
        return _segment_in_engine(scores, cells)
    names = list(MEASURES)
    missing = [name for name in names if name not in scores]
    if missing:
        raise DataError(f"scores: missing {', '.join(map(repr, missing))}; rfm.score makes them.")
    outside = ~scores[names].isin(range(1, GROUPS + 1)).all(axis="columns")
    if outside.any():
        raise DataError(
            f"scores: {outside.sum():,} customers have a score outside 1 to {GROUPS}; the segment rules are for "
            f"rfm.score(..., groups={GROUPS})."
        )
    fm_score = (scores["f_score"] + scores["m_score"] + 1) // 2
    named = cells.reindex(pd.MultiIndex.from_arrays([scores["r_score"], fm_score])).to_numpy()
    return scores.assign(segment=pd.array(named, dtype="str"))


def _segment_in_engine(scores, cells: pd.Series):
    r, fm = nw.col("r_score"), (nw.col("f_score") + nw.col("m_score") + 1) // 2
    named = nw.lit(cells.iloc[0])
    for (r_score, fm_score), name in cells.iloc[1:].items():
        here = (r == r_score) & (fm == fm_score)
        named = nw.when(here).then(nw.lit(name)).otherwise(named)
    return nw.to_native(nw.from_native(scores).with_columns(segment=named))


def table(transactions, observation_end: str | dt.date | None = None, returns: str = "ignore") -> pd.DataFrame:
    """The table ``rfm``: measures, quintile scores and segment of every customer who bought.

    Scores are independent quintiles (:func:`score`), with empty scores allowed where the data have fewer than five
    different values: the scale stays 1 to 5 for the segment rules. Parameters as in :func:`summarise`.

    Returns:
        DataFrame: Under the contract ``rfm``, in the engine of the transactions where that is lazy, else pandas:
            ``customer_id``, ``recency_days``, ``frequency``, ``monetary``, ``r_score``, ``f_score``, ``m_score``,
            ``segment``.

    >>> transactions = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [20.0, 10.0, 40.0],
    ...     "date": pd.to_datetime(["2024-01-05", "2024-03-01", "2024-02-10"])})
    >>> table(transactions)[["customer_id", "r_score", "f_score", "m_score", "segment"]]
      customer_id  r_score  f_score  m_score         segment
    0         ann        3        3        1  about to sleep
    1         bob        1        1        3            lost
    """
    summary = summarise(transactions, observation_end, returns)
    made = segment(score(summary, GROUPS, few_values="allow"))
    return tables.check("rfm", made)


def segments_table(rfm_table: pd.DataFrame) -> pd.DataFrame:
    """The RFM segments as rows of the table ``segments`` (``customer_id``, ``scheme``, ``segment``), under the scheme "rfm".

    >>> segments_table(pd.DataFrame({"customer_id": ["ann"], "segment": ["loyal"]}).astype("str")).iloc[0].tolist()
    ['ann', 'rfm', 'loyal']
    """
    members = rfm_table[["customer_id", "segment"]].reset_index(drop=True)
    members.insert(1, "scheme", pd.Series(SCHEME, index=members.index, dtype="str"))
    return tables.check("segments", members)


def segment_summary(rfm_table: pd.DataFrame) -> pd.DataFrame:
    """What each segment of the table ``rfm`` is and brings, largest revenue first.

    Returns:
        DataFrame: ``segment``, ``customers``, ``share_of_customers``, ``revenue`` (currency), ``share_of_revenue``, and
            the means ``mean_recency_days`` (days), ``mean_frequency`` (days with a purchase), ``mean_monetary``
            (currency).

    >>> rfm_table = pd.DataFrame({"recency_days": [5, 7, 90], "frequency": [4, 6, 1], "monetary": [60.0, 30.0, 10.0],
    ...     "segment": ["champions", "champions", "lost"]})
    >>> segment_summary(rfm_table)[["segment", "customers", "revenue", "share_of_revenue"]]
         segment  customers  revenue  share_of_revenue
    0  champions          2     90.0               0.9
    1       lost          1     10.0               0.1
    """
    total = rfm_table["monetary"].sum()
    if not total > 0:
        raise DataError("rfm: the customers' monetary values sum to zero, so there are no shares of revenue.")
    summary = rfm_table.groupby("segment", as_index=False).agg(
        customers=("monetary", "size"),
        revenue=("monetary", "sum"),
        mean_recency_days=("recency_days", "mean"),
        mean_frequency=("frequency", "mean"),
        mean_monetary=("monetary", "mean"),
    )
    summary.insert(2, "share_of_customers", summary["customers"] / len(rfm_table))
    summary.insert(4, "share_of_revenue", summary["revenue"] / total)
    return summary.sort_values(["revenue", "segment"], ascending=[False, True], ignore_index=True)


def _cells(rules: pd.DataFrame) -> pd.Series:
    """Segment by (r, fm) cell, once the rules are known to cover every cell once."""
    scale = range(1, GROUPS + 1)
    cells = {}
    for r, fm in ((r, fm) for r in scale for fm in scale):
        claims = rules.loc[
            rules["r_low"].le(r) & rules["r_high"].ge(r) & rules["fm_low"].le(fm) & rules["fm_high"].ge(fm), "segment"
        ]
        if len(claims) != 1:
            who = f"claimed by {', '.join(claims)}" if len(claims) else "left out"
            raise DataError(f"segment rules: cell r={r}, fm={fm} is {who}; each cell needs exactly one segment.")
        cells[r, fm] = claims.iloc[0]
    return pd.Series(cells)
