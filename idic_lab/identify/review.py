"""The review queue: pairs of records that a person should decide on."""

from __future__ import annotations

import pandas as pd

from idic_lab.identify.clustering import DOUBTFUL, TWO_NUMBERS, TWO_PEOPLE
from idic_lab.identify.scoring import COMPARISONS

DOUBT_FROM = 0.2


def review_queue(
    pairs: pd.DataFrame, refused: pd.DataFrame, links: pd.DataFrame, threshold: float
) -> pd.DataFrame:
    """Pairs for a person to decide on: the table ``identity_review``.

    Three kinds come here: records that look like one person but lead to two customer numbers ("two customer
    numbers"), records that are alike but contradict each other ("two people of one household"), and pairs whose
    probability is below the threshold and above 0.2 ("doubtful"). Pairs of the same two customers are asked about
    once, by their most probable pair.

    Parameters
    ----------
    pairs : DataFrame
        As :func:`score` returns it.
    refused : DataFrame
        As :func:`merges` returns it.
    links : DataFrame
        The table ``identity_links``.
    threshold : float

    Returns
    -------
    DataFrame
        The table ``identity_review``, most probable first. It holds record numbers and no names, so it may be shown;
        who decides looks the records up in the repository.
    """
    found = pairs[pairs["probability"] >= DOUBT_FROM].merge(
        refused[["record_a", "record_b", "reason"]], on=["record_a", "record_b"], how="left"
    )
    customer = links.set_index("record_id")["customer_id"]
    found["customer_a"], found["customer_b"] = (
        found[record].map(customer).astype("str") for record in ("record_a", "record_b")
    )
    found = found[found["customer_a"] != found["customer_b"]]
    known = found["reason"].isin([TWO_NUMBERS, TWO_PEOPLE]) & (found["probability"] >= threshold)
    found["reason"] = found["reason"].where(known, DOUBTFUL).astype("str")
    found["first"] = found[["customer_a", "customer_b"]].min(axis=1)
    found["second"] = found[["customer_a", "customer_b"]].max(axis=1)
    found = found.drop_duplicates(["first", "second"])  # the most probable comes first
    columns = ["record_a", "record_b", "customer_a", "customer_b", "probability", "reason", *COMPARISONS]
    return found[columns].astype(dict.fromkeys(COMPARISONS, "float64")).reset_index(drop=True)
