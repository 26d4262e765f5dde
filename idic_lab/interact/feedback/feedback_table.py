"""The table feedback: all that customers said, on one scale."""

from __future__ import annotations

import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import of_customers
from idic_lab.interact.feedback.sentiment import held_out_tone
from idic_lab.interact.feedback.topics import review_topics
from idic_lab.interact.feedback.weighting import response_features, response_weights

_SCALES = {"CSAT": (1.0, 5.0), "NPS": (0.0, 10.0)}
_COLUMNS = ["customer_id", "date", "kind", "score", "satisfaction", "topic", "weight"]


def feedback_table(
    identity_links: pd.DataFrame,
    survey_responses: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Answers to CSAT and NPS, reviews and complaints, one row each.

    Parameters
    ----------
    identity_links : DataFrame
    survey_responses, reviews, interactions : DataFrame, optional
        As their contracts say; what is missing is left out.
    customers : DataFrame, optional
        The single customer view. With it, survey answers carry weights that let them speak for all customers with an
        order, each customer's weight divided among their answers.
    random_state : int
        Of the folds by which the tone of reviews is held out, and of the topics.

    Returns
    -------
    DataFrame
        The table ``feedback``, in order of date. The tone of a review comes from a model that did not learn from it.
    """
    parts = []
    if survey_responses is not None:
        parts += [_answers(survey_responses, identity_links, kind, customers) for kind in _SCALES]
    if reviews is not None and len(reviews):
        parts.append(_reviews(reviews, identity_links, random_state))
    if interactions is not None:
        parts.append(_complaints(interactions, identity_links))
    parts = [part for part in parts if len(part)]
    if not parts:
        return tables.get("feedback").empty()
    table = pd.concat(parts, ignore_index=True)[_COLUMNS]
    return table.sort_values(["date", "customer_id", "kind"], kind="stable", ignore_index=True)


def _answers(survey_responses, identity_links, kind: str, customers) -> pd.DataFrame:
    said = of_customers(survey_responses[survey_responses["question_id"] == kind], identity_links)
    least, most = _SCALES[kind]
    said = said[said["answer"].between(least, most)].reset_index(drop=True)
    if said.empty:
        return said
    weight = pd.Series(1.0, index=said.index)
    if customers is not None:
        stands_for = response_weights(response_features(customers), said["customer_id"])
        stands_for = stands_for.set_index("customer_id")["weight"]
        # Those who answered without an order are not among the customers spoken for, and so speak for nobody.
        weight = said["customer_id"].map(stands_for).fillna(0.0)
        weight = weight / said.groupby("customer_id")["answer"].transform("size")
        weight = weight / weight.mean()
    return said[["customer_id", "date"]].assign(
        kind=pd.Series(kind, index=said.index, dtype="str"),
        score=said["answer"],
        satisfaction=(said["answer"] - least) / (most - least),
        topic=pd.Series(None, index=said.index, dtype="str"),
        weight=weight,
    )


def _reviews(reviews: pd.DataFrame, identity_links: pd.DataFrame, random_state: int) -> pd.DataFrame:
    tone = held_out_tone(reviews, random_state=random_state).set_index("review_id")["tone"]
    topic = review_topics(reviews, random_state=random_state).main().set_index("review_id")["topic"]
    mine = of_customers(reviews, identity_links)
    return mine[["customer_id", "date"]].assign(
        kind=pd.Series("review", index=mine.index, dtype="str"),
        score=mine["stars"].astype(float),
        satisfaction=mine["review_id"].map(tone),
        topic=mine["review_id"].map(topic).astype("str"),
        weight=1.0,
    )


def _complaints(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    mine = of_customers(interactions[interactions["purpose"] == "complaint"], identity_links)
    return mine[["customer_id", "date"]].assign(
        kind=pd.Series("complaint", index=mine.index, dtype="str"),
        score=pd.Series(float("nan"), index=mine.index),
        satisfaction=0.0,
        topic=mine["topic"],
        weight=1.0,
    )
