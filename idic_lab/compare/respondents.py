"""Customers from a survey: everybody who answered the needs battery."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.compare.customers import ANSWER, RFM, Customers
from idic_lab.differentiate import needs, rfm


def respondents_of(
    tables: dict[str, pd.DataFrame], name: str = "survey", planted: dict[str, pd.DataFrame] | None = None
) -> Customers:
    """One row per respondent: the answers, and what the respondent bought where the two are linked.

    Parameters
    ----------
    tables : dict of DataFrame
        ``survey_responses`` and ``survey_questions``; with ``identity_links`` and ``transactions``, the recency,
        frequency and monetary value of the customer behind a record are added.
    name : str
    planted : dict of DataFrame, optional
        What a simulation planted (``people``, ``record_owners``). It goes into ``Customers.planted`` and nowhere else.

    Returns
    -------
    Customers
    """
    responses = tables["survey_responses"]
    links = tables.get("identity_links")
    if links is None:  # without links every record stands for itself
        links = pd.DataFrame({"record_id": responses["record_id"].unique()})
        links["customer_id"] = links["record_id"]
    answers = needs.battery(responses, links, tables["survey_questions"])
    measures = answers.rename(columns={c: f"{ANSWER}{c}" for c in answers if c != "customer_id"})
    if "identity_links" in tables and "transactions" in tables:
        bought = rfm.summarise(tables["transactions"])[["customer_id", *RFM]]
        measures = measures.merge(bought, on="customer_id", how="left")
    truth = None if planted is None else _planted_segments(measures["customer_id"], links, planted)
    return Customers(
        name,
        measures,
        planted=truth,
        facts={"customers": len(measures), "questions": len(answers.columns) - 1},
    )


def _planted_segments(ids: pd.Series, links: pd.DataFrame, planted: dict[str, pd.DataFrame]) -> np.ndarray:
    """The one place where a comparison reads planted segments."""
    owners = planted["record_owners"].set_index("record_id")["customer_id"]
    segment = planted["people"].set_index("customer_id")["need_segment"]
    record = links.drop_duplicates("customer_id").set_index("customer_id")["record_id"]
    return segment.reindex(owners.reindex(record.reindex(ids))).to_numpy(dtype=object).astype(str)
