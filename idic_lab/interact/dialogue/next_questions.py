"""The table next_questions: for each customer not known well enough, what to ask."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import of_customers
from idic_lab.interact.dialogue.beliefs import (
    expected_information,
    item_probabilities,
    segment_shares,
    starting_beliefs,
    updated_beliefs,
)
from idic_lab.interact.dialogue.questionnaires import CERTAINTY


def battery_answers(
    survey_responses: pd.DataFrame, identity_links: pd.DataFrame, questions: list[str]
) -> pd.DataFrame:
    """The latest answer of each customer to each question, customers × questions; missing where never answered."""
    mine = survey_responses[survey_responses["question_id"].isin(questions)]
    said = of_customers(mine, identity_links).sort_values(["date", "record_id"], kind="stable")
    said = said.drop_duplicates(["customer_id", "question_id"], keep="last")
    wide = said.set_index(["customer_id", "question_id"])["answer"].unstack("question_id")  # noqa: PD010
    return wide.reindex(columns=questions)


def next_questions(
    survey_responses: pd.DataFrame,
    identity_links: pd.DataFrame,
    need_profiles: pd.DataFrame,
    need_segments: pd.DataFrame,
    certainty: float = CERTAINTY,
    top: int = 3,
) -> pd.DataFrame:
    """The questions worth asking each customer next.

    What is known of a customer is what their behaviour suggests (the typing tool) and what they have answered. A
    question they have answered before is never proposed again.

    Parameters
    ----------
    survey_responses, identity_links, need_profiles, need_segments : DataFrame
        As their contracts say.
    certainty : float
        Customers whose leading segment is at least so probable are not asked.
    top : int
        Questions per customer at most.

    Returns
    -------
    DataFrame
        The table ``next_questions``; without rows when everybody is known well enough.
    """
    items, shares = item_probabilities(need_profiles), segment_shares(need_profiles)
    said = battery_answers(survey_responses, identity_links, list(items.columns))
    typed = need_segments[need_segments["basis"] != "answers"]
    ids = pd.Index(need_segments["customer_id"]).union(said.index)
    said = said.reindex(ids)
    beliefs = updated_beliefs(starting_beliefs(ids, shares, typed), items, said)
    values, tells = beliefs.to_numpy(), expected_information(beliefs, items).to_numpy()
    tells = np.where(said.notna().to_numpy(), -1.0, tells)
    unsure = np.flatnonzero((values.max(axis=1) < certainty) & (tells > 0).any(axis=1))
    if not len(unsure):
        return tables.get("next_questions").empty()
    order = np.argsort(-tells[unsure], axis=1, kind="stable")[:, :top]
    row, rank = np.divmod(np.arange(order.size), order.shape[1])
    question, who = order.ravel(), unsure[row]
    table = pd.DataFrame(
        {
            "customer_id": beliefs.index.to_numpy()[who],
            "rank": rank + 1,
            "question_id": items.columns.to_numpy()[question],
            "information": tells[who, question],
            "segment": beliefs.columns.to_numpy()[values.argmax(axis=1)][who],
            "certainty": values.max(axis=1)[who],
        }
    )
    table = table[table["information"] >= 0].reset_index(drop=True)
    return table.astype({"customer_id": "str", "question_id": "str", "segment": "str", "rank": "int64"})
