"""Expected answers of the assignment on the audit of the base and on contracts."""

import math

import numpy as np
import pandas as pd
from scipy.special import betaln

from idic_lab.differentiate import clv
from idic_lab.exercises.questions import AnyOf


def _yearly(tables):
    """Spend by customer and year."""
    orders = tables["transactions"]
    spend = {
        year: orders[orders["date"].dt.year == year].groupby("customer_id")["amount"].sum() for year in (2024, 2025)
    }
    return pd.DataFrame(spend).fillna(0.0)


def _contracts(tables):
    """The gym's members, as the setup of the notebook makes them."""
    random = np.random.default_rng(round(tables["transactions"]["amount"].sum()))
    leaves = random.geometric(random.beta(0.9, 2.5, 1000))
    ends = [pd.Timestamp(2020 + int(n), 1, 1) if n <= 5 else pd.NaT for n in leaves]
    ids = [f"G{n:04d}" for n in range(1000)]
    return pd.DataFrame({"customer_id": ids, "start": pd.Timestamp("2020-01-01"), "end": ends})


def _left_after(tables):
    """Members after each renewal, the first entry before any."""
    left = _contracts(tables)["end"].dt.year.value_counts().reindex(range(2020, 2026), fill_value=0)
    return (1000 - left.cumsum()).tolist()


def audit_and_contracts_q01(tables):
    spend = _yearly(tables)[2025].loc[lambda amounts: amounts > 0].sort_values(ascending=False)
    fewer, more = len(spend) // 10, -(-len(spend) // 10)
    return AnyOf(spend.head(size).sum() / spend.sum() for size in (fewer, more))


def audit_and_contracts_q02(tables):
    orders = tables["transactions"]
    came = set(orders.loc[orders["date"] >= "2025-01-01", "customer_id"])
    before = orders[orders["date"] < "2025-01-01"]
    return before.loc[~before["customer_id"].isin(came), "amount"].sum() / before["amount"].sum()


def audit_and_contracts_q03(tables):
    years = _yearly(tables)
    stayed = years.min(axis=1) > 0
    return (years[2025] - years[2024])[stayed].sum()


def audit_and_contracts_q04(tables):
    years = _yearly(tables)
    if years.loc[years[2024] == 0, 2025].sum() > years.loc[years[2025] == 0, 2024].sum():
        return "newcomers brought more than the lost took along"
    made_up = "made" if years[2025].sum() > years[2024].sum() else "did not make"
    return f"newcomers brought less, and those who stayed {made_up} up for it"


def audit_and_contracts_q05():
    return "they have not had the time: compare cohorts at the same age"


def audit_and_contracts_q06(tables):
    return _left_after(tables)[1] / 1000


def audit_and_contracts_q07(tables, audit_and_contracts_q06):
    return _left_after(tables)[5] - 1000 * audit_and_contracts_q06**5


def audit_and_contracts_q08():
    return "that those who were likely to leave have left; nobody need have become more loyal"


def audit_and_contracts_q09(tables):
    model = clv.fit(clv.contract_summary(_contracts(tables), "2025-12-31", period="year"), model="sbg")
    alpha, beta = model.params_["alpha"], model.params_["beta"]
    return float(1000 * math.exp(betaln(alpha, beta + 10) - betaln(alpha, beta)))
