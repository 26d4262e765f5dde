"""Identity resolution from beginning to end: records in, customers out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from idic_lab.errors import DataError
from idic_lab.identify import clustering
from idic_lab.identify.review import review_queue
from idic_lab.identify.scoring import COMPARISONS, estimate, score
from idic_lab.identify.standardising import check_records, standardise


@dataclass(frozen=True)
class Resolution:
    """Who is who among the records, and how it was found out.

    Attributes
    ----------
    links : DataFrame
        The table ``identity_links``.
    review : DataFrame
        The table ``identity_review``: pairs for a person to decide on.
    pairs : DataFrame
        Pairs looked at, as :func:`score` returns them.
    merges : DataFrame
        Joinings made, as :func:`merges` returns them: they serve every threshold.
    model : dict or None
        The estimated model; None when there was nothing to learn from.
    notes : list of str
        What a reader has to know.
    """

    links: pd.DataFrame
    review: pd.DataFrame
    pairs: pd.DataFrame
    merges: pd.DataFrame
    model: dict | None
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        people, records = self.links["customer_id"].nunique(), len(self.links)
        return f"Resolution({records:,} records of {people:,} people, {len(self.review):,} pairs to review)"


def resolve(
    source_records: pd.DataFrame,
    threshold: float = clustering.THRESHOLD,
    seed: int = 1,
    tell: Callable[[str], None] | None = None,
    connect: Callable | None = None,
) -> Resolution:
    """Recognise the records that belong to one person.

    Parameters
    ----------
    source_records : DataFrame
        As in the contract ``source_records``.
    threshold : float
        Links less probable than this are not made; between 0 and 1.
    seed : int
        Of the sample from which agreement by chance is learnt. Same records and seed, same result.
    tell : callable, optional
        Receives one line per step, to show progress.
    connect : callable, optional
        Returns a Splink database API to compute with; DuckDB in memory by default. For Spark:
        ``lambda: splink.SparkAPI(spark_session=session, break_lineage_method="persist")``.

    Returns
    -------
    Resolution

    Raises
    ------
    ContractError
        When a column is missing or has the wrong type, or two records have one record_id.
    DataError
        When the threshold is not a probability.

    Notes
    -----
    Where there is nothing to learn from (few records, or no two that share an e-mail address, or a full name with date
    of birth or telephone), records are joined by customer number alone and `notes` says so.
    """
    if not 0 < threshold <= 1:
        raise DataError(f"The threshold is a probability above 0 and up to 1, found {threshold!r}.")
    tell = tell or (lambda line: None)
    check_records(source_records)
    prepared = standardise(source_records)
    tell(f"{len(prepared):,} records standardised")
    notes: list[str] = []
    try:
        model = estimate(prepared, seed=seed, connect=connect)
        tell("linking model estimated")
        pairs = score(prepared, model, connect=connect)
        tell(f"{len(pairs):,} pairs scored")
    except DataError as error:
        model, pairs = None, _no_pairs()
        notes.append(f"Records were joined by customer number alone. {error}")
        tell(notes[-1])
    made, refused = clustering.merges(prepared, pairs)
    links = clustering.links(prepared, made, threshold)
    tell(f"{links['customer_id'].nunique():,} people found")
    return Resolution(links, review_queue(pairs, refused, links, threshold), pairs, made, model, notes)


def _no_pairs() -> pd.DataFrame:
    text = {name: pd.Series([], dtype="str") for name in ("record_a", "record_b")}
    return pd.DataFrame(
        text | {name: pd.Series([], dtype="float64") for name in ("probability", *COMPARISONS)}
    )
