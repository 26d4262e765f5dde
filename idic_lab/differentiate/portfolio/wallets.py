"""Share of wallet: what customers spend on such goods anywhere, asked of some and estimated for the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError, pick

QUESTION = "WALLET"
FOLDS, FEWEST = 5, 50


@dataclass(frozen=True)
class Wallets:
    """Category spend and share of wallet of every customer, with the accuracy of what is estimated.

    Attributes:
        table: ``customer_id``, ``spend_here`` (currency in the last 365 days), ``category_spend`` (currency a year),
            ``share_of_wallet``, ``wallet_basis`` ("answered" or "estimated").
        held_out: ``customer_id``, ``answered``, ``estimated`` (by a model that did not see the answer); currency a
            year.
        r_squared: Of the logarithm of category spend, out of sample.
        median_factor: Half of the estimates are within this factor of the answer, out of sample; 1 is perfect.
        baseline_factor: The same if everybody were given the median answer.
    """

    table: pd.DataFrame | None
    held_out: pd.DataFrame
    r_squared: float
    median_factor: float
    baseline_factor: float


def known_wallets(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    survey_responses: pd.DataFrame | None,
    identity_links: pd.DataFrame | None,
    random_state: int = 0,
) -> Wallets:
    """The :func:`wallets`, or where too few were asked for them wallets of nobody, whose ``table`` is None.

    >>> known_wallets(pd.DataFrame(), pd.DataFrame(), None, None).table is None
    True
    """
    asked = survey_responses is not None and identity_links is not None
    if asked and len(_answers(survey_responses, identity_links, QUESTION)) >= FEWEST:
        return wallets(transactions, customer_value, survey_responses, identity_links, random_state=random_state)
    return Wallets(None, pd.DataFrame({"answered": [], "estimated": []}), np.nan, np.nan, np.nan)


def wallets(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    survey_responses: pd.DataFrame,
    identity_links: pd.DataFrame,
    question_id: str = QUESTION,
    random_state: int = 0,
) -> Wallets:
    """Category spend as customers said it, and for those not asked as a model would guess it from their purchases.

    The model is a ridge regression of the logarithm of category spend on what is known of everybody: spend and orders
    here, order amount, time since the first and the last order, and the purchases expected. Its accuracy is that of
    5-fold cross-validation, beside giving everybody the median answer.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``.
        customer_value: ``customer_id``, ``probability_alive``, ``expected_purchases``, ``expected_spend``.
        survey_responses: ``record_id``, ``date``, ``question_id``, ``answer``: yearly category spend in currency.
        identity_links: ``record_id``, ``customer_id``.
        question_id: The question on category spend.
        random_state: Of the folds.
    Raises:
        UnknownName: The question was never answered.
        DataError: Fewer than 50 customers answered it.

    >>> day = pd.Timestamp("2024-01-01")
    >>> customers = [f"c{i}" for i in range(60)]
    >>> buys = pd.DataFrame({"customer_id": customers, "date": day, "amount": np.arange(1.0, 61)})
    >>> worth = pd.DataFrame({"customer_id": customers, "probability_alive": 0.5, "expected_purchases": 1.0,
    ...     "expected_spend": buys["amount"]})
    >>> said = pd.DataFrame({"record_id": customers, "date": day, "question_id": "WALLET", "answer": 3 * buys["amount"]})
    >>> found = wallets(buys, worth, said, pd.DataFrame({"record_id": customers, "customer_id": customers}))
    >>> bool(found.median_factor < found.baseline_factor), float(found.table["share_of_wallet"].median().round(2))
    (True, 0.33)
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pick("question", question_id, sorted(survey_responses["question_id"].unique()))
    features = _features(transactions, customer_value)
    answered = _answers(survey_responses, identity_links, question_id).reindex(features.index).dropna()
    if len(answered) < FEWEST:
        raise DataError(
            f"wallets: {FEWEST} customers with an answer to '{question_id}' are needed, found {len(answered)}."
        )
    X, y = features.loc[answered.index], np.log(answered)
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 11)))
    folds = KFold(FOLDS, shuffle=True, random_state=random_state)
    guess = cross_val_predict(model, X, y, cv=folds)
    error = np.abs(guess - y)
    estimate = pd.Series(np.exp(model.fit(X, y).predict(features)), index=features.index)
    return Wallets(
        table=_wallet_table(features, answered, estimate),
        held_out=pd.DataFrame(
            {"customer_id": answered.index, "answered": answered.to_numpy(), "estimated": np.exp(guess)}
        ),
        r_squared=float(1 - ((guess - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()),
        median_factor=float(np.exp(error.median())),
        baseline_factor=float(np.exp(np.abs(y - y.median()).median())),
    )


def _features(transactions: pd.DataFrame, customer_value: pd.DataFrame) -> pd.DataFrame:
    bought = transactions[transactions["amount"].gt(0)]
    end = transactions["date"].max()
    by = bought.groupby("customer_id")
    here = _spend_here(transactions)
    value = customer_value.set_index("customer_id").reindex(by.size().index)
    # purchases expected of the customer while one, so that a lapse does not shrink the wallet itself
    pace = (value["expected_purchases"] + 0.01) / value["probability_alive"].clip(lower=0.05)
    table = pd.DataFrame(
        {
            "spend_here": here.reindex(by.size().index).fillna(0.0).clip(lower=0.0),
            "log_spend_here": np.log1p(here.reindex(by.size().index).fillna(0.0).clip(lower=0.0)),
            "log_order_amount": np.log(by["amount"].mean()),
            "log_orders": np.log(by.size()),
            "log_tenure": np.log1p((end - by["date"].min()).dt.days),
            "log_silence": np.log1p((end - by["date"].max()).dt.days),
            "log_pace": np.log(pace),
            "log_expected_amount": np.log(pace * value["expected_spend"].clip(lower=0.01)),
        }
    )
    if table.isna().any(axis=None):
        raise DataError("wallets: customer_value does not hold every customer of the transactions.")
    return table


def _spend_here(transactions: pd.DataFrame) -> pd.Series:
    recent = transactions[transactions["date"].gt(transactions["date"].max() - pd.Timedelta(days=365))]
    return recent.groupby("customer_id")["amount"].sum()


def _answers(survey_responses: pd.DataFrame, identity_links: pd.DataFrame, question_id: str) -> pd.Series:
    asked = survey_responses["question_id"].eq(question_id) & survey_responses["answer"].gt(0)
    said = of_customers(survey_responses[asked], identity_links).sort_values(["date", "record_id"])
    return said.drop_duplicates("customer_id", keep="last").set_index("customer_id")["answer"]


def _wallet_table(features: pd.DataFrame, answered: pd.Series, estimate: pd.Series) -> pd.DataFrame:
    spend = answered.reindex(features.index).fillna(estimate)
    spend = np.maximum(spend, features["spend_here"])  # nobody spends less on such goods than what they spend here
    basis = np.where(features.index.isin(answered.index), "answered", "estimated")
    return pd.DataFrame(
        {
            "customer_id": pd.array(features.index, dtype="str"),
            "spend_here": features["spend_here"].to_numpy(),
            "category_spend": spend.to_numpy(),
            "share_of_wallet": (features["spend_here"] / spend).to_numpy(),
            "wallet_basis": pd.array(basis, dtype="str"),
        }
    )
