"""Who answers, who does not, and weights that let the answers speak for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from idic_lab.errors import DataError

LARGEST_WEIGHT = 10.0


def response_features(customers: pd.DataFrame) -> pd.DataFrame:
    """What is known of everybody, whether they answered or not, as numbers.

    Parameters
    ----------
    customers : DataFrame
        The single customer view; ``orders`` and ``days_since_last_order`` are used, and ``birth_year`` and ``city``
        when they are there. Those without an order are left out: nobody asked them about one.

    Returns
    -------
    DataFrame
        ``customer_id``, ``log_orders``, ``days_since_last_order`` and, where known for some, ``age`` and
        ``age_unknown``.
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

    Parameters
    ----------
    features : DataFrame
        ``customer_id`` and numbers, for everybody who could have answered.
    respondents : Series of customer ids
        Those not in `features` are left out.

    Returns
    -------
    DataFrame
        ``customer_id``, ``probability`` (of answering), ``weight``; respondents only.

    Raises
    ------
    DataError
        When everybody answered, or nobody.

    Source: Little & Rubin (2019), Statistical Analysis with Missing Data, 3rd edition, section 3.3.
    """
    answered = features["customer_id"].isin(respondents)
    if answered.all() or not answered.any():
        raise DataError(
            f"{int(answered.sum())} of {len(answered)} customers answered: there is nothing to weight by."
        )
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

    Returns
    -------
    DataFrame
        ``feature``, ``everybody``, ``respondents``, ``weighted``, and the differences of the last two from everybody
        in standard deviations: ``bias``, ``bias_left``.
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
