"""Who answers, weights that let the answers speak for all, and all that was said in one table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError
from idic_lab.interact.feedback.reviews import held_out_tone, review_topics

LARGEST_WEIGHT = 10.0


def response_features(customers: pd.DataFrame) -> pd.DataFrame:
    """What is known of everybody, whether they answered or not, as numbers.

    Parameters:
        customers: The single customer view; ``orders`` and ``days_since_last_order`` are used, and ``birth_year`` and
            ``city`` when they are there. Those without an order are left out: nobody asked them about one.
    Returns:
        DataFrame: ``customer_id``, ``log_orders``, ``days_since_last_order`` and, where known for some, ``age`` and
            ``age_unknown``.

    >>> response_features(pd.DataFrame({"customer_id": ["a", "b"], "orders": [1, 0], "days_since_last_order": [30, None]}))
      customer_id  log_orders  days_since_last_order
    0           a         0.0                   30.0
    """
    mine = customers[customers["orders"] > 0].reset_index(drop=True)
    features = pd.DataFrame(
        {
            "customer_id": mine["customer_id"],
            "log_orders": np.log(mine["orders"].astype(float)),
            "days_since_last_order": mine["days_since_last_order"].astype(float),
        }
    )
    if "birth_year" in mine and mine["birth_year"].notna().any():
        age = mine["last_order"].dt.year.max() - mine["birth_year"]
        features["age"] = age.fillna(age.mean()).astype(float)
        features["age_unknown"] = age.isna().astype(float)
    return features


def response_weights(features: pd.DataFrame, respondents: pd.Series) -> pd.DataFrame:
    """How many customers each respondent stands for: inverse probability weights.

    A logistic regression says how probable it was that a customer like this one answered; someone who was half as
    likely to answer counts double. Weights are scaled to average 1 and held below 10, so that nobody speaks for a
    crowd.

    Parameters:
        features: ``customer_id`` and numbers, for everybody who could have answered.
        respondents (Series of customer ids): Those not in `features` are left out.
    Returns:
        DataFrame: ``customer_id``, ``probability`` (of answering), ``weight``; respondents only.
    Raises:
        DataError: When everybody answered, or nobody.

    Source: Little & Rubin (2019), Statistical Analysis with Missing Data, 3rd edition, section 3.3.

    >>> known = pd.DataFrame({"customer_id": list("abcdef"), "orders": [1.0, 1.0, 1.0, 1.0, 9.0, 9.0]})
    >>> response_weights(known, pd.Series(["a", "e", "f"]))["weight"].round(1).tolist()  # one of four, and both of two
    [2.0, 0.5, 0.5]
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    answered = features["customer_id"].isin(respondents)
    if answered.all() or not answered.any():
        raise DataError(f"{int(answered.sum())} of {len(answered)} customers answered: there is nothing to weight by.")
    values = features.drop(columns="customer_id")
    model = make_pipeline(StandardScaler(), LogisticRegression(C=100.0, max_iter=1_000))
    chance = model.fit(values, answered.to_numpy()).predict_proba(values)[:, 1][answered.to_numpy()]
    weight = 1 / chance
    weight = np.minimum(weight / weight.mean(), LARGEST_WEIGHT)
    return pd.DataFrame(
        {
            "customer_id": features.loc[answered, "customer_id"].to_numpy(),
            "probability": chance,
            "weight": weight / weight.mean(),
        }
    ).astype({"customer_id": "str"})


def balance(features: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Means of each feature: of everybody, of those who answered, and of these weighted.

    Returns:
        DataFrame: ``feature``, ``everybody``, ``respondents``, ``weighted``, and the differences of the last two from
            everybody in standard deviations: ``bias``, ``bias_left``.

    >>> known = pd.DataFrame({"customer_id": list("abc"), "orders": [1.0, 1.0, 4.0]})
    >>> weights = pd.DataFrame({"customer_id": ["a", "c"], "weight": [2.0, 1.0]})
    >>> balance(known, weights)[["everybody", "respondents", "weighted"]].to_numpy().tolist()
    [[2.0, 2.5, 2.0]]
    """
    values = features.set_index("customer_id")
    theirs = values.loc[weights["customer_id"]]
    spread = values.std(ddof=0).replace(0.0, 1.0)
    means = pd.DataFrame(
        {
            "everybody": values.mean(),
            "respondents": theirs.mean(),
            "weighted": (theirs * weights["weight"].to_numpy()[:, None]).sum() / weights["weight"].sum(),
        }
    )
    means["bias"] = (means["respondents"] - means["everybody"]) / spread
    means["bias_left"] = (means["weighted"] - means["everybody"]) / spread
    return means.rename_axis("feature").reset_index()


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

    Parameters:
        survey_responses, reviews, interactions: As their contracts say; what is missing is left out.
        customers: The single customer view. With it, survey answers carry weights that let them speak for all customers
            with an order, each customer's weight divided among their answers.
        random_state: Of the folds by which the tone of reviews is held out, and of the topics.
    Returns:
        DataFrame: The table ``feedback``, in order of date. The tone of a review comes from a model that did not learn
            from it.

    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> said = pd.DataFrame({"record_id": ["r1"], "date": pd.to_datetime(["2025-01-01"]), "question_id": "CSAT", "answer": [4]})
    >>> feedback_table(links, said)[["customer_id", "kind", "satisfaction"]].to_numpy().tolist()
    [['ann', 'CSAT', 0.75]]
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
    return _rows(said, kind, said["answer"], (said["answer"] - least) / (most - least), None, weight)


def _rows(mine, kind, score, satisfaction, topic, weight) -> pd.DataFrame:
    """Rows of the table, with the types of its columns."""
    columns = {"kind": kind, "score": score, "satisfaction": satisfaction, "topic": topic, "weight": weight}
    return (
        mine[["customer_id", "date"]]
        .assign(**columns)
        .astype({"kind": "str", "topic": "str"} | dict.fromkeys(("score", "satisfaction", "weight"), float))
    )


def _reviews(reviews: pd.DataFrame, identity_links: pd.DataFrame, random_state: int) -> pd.DataFrame:
    tone = held_out_tone(reviews, random_state=random_state).set_index("review_id")["tone"]
    topic = review_topics(reviews, random_state=random_state).main().set_index("review_id")["topic"]
    mine = of_customers(reviews, identity_links)
    return _rows(mine, "review", mine["stars"], mine["review_id"].map(tone), mine["review_id"].map(topic), 1.0)


def _complaints(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    mine = of_customers(interactions[interactions["purpose"] == "complaint"], identity_links)
    return _rows(mine, "complaint", np.nan, 0.0, mine["topic"], 1.0)


def plot_balance(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """How far respondents are from everybody, before and after weighting, in standard deviations.

    Parameters:
        table: As :func:`balance` gives.

    >>> plot_balance(pd.DataFrame({"feature": ["age"], "bias": [0.5], "bias_left": [0.02]})).get_title()
    'Weights reduce the largest bias from 0.50 to 0.02'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.4))
    place = np.arange(len(table))[::-1]
    ax.axvline(0, color="black", linewidth=1)
    ax.hlines(place, table["bias_left"], table["bias"], color=figures.GREY, linewidth=1.5)
    ax.plot(table["bias"], place, "s", color=figures.VERMILION, markersize=8, label="as they answered")
    ax.plot(table["bias_left"], place, "o", color=figures.BLUE, markersize=8, label="weighted")
    ax.set_yticks(place, [name.replace("_", " ").replace("log ", "log of ") for name in table["feature"]])
    before, left = (table[column].abs().max() for column in ("bias", "bias_left"))
    return figures.finish(
        ax,
        f"Weights reduce the largest bias from {before:.2f} to {left:.2f}",
        x="respondents less everybody (standard deviations)",
        ylim=(-0.6, len(table) - 0.4),
        legend={"loc": "center left", "bbox_to_anchor": (1, 0.5)},
    )
