"""Organisations as customers: the people who act for one, rolled up."""

from __future__ import annotations

import pandas as pd

_COUNTED = {"user": "users", "decision_maker": "decision_makers", "influencer": "influencers"}
STRONGEST_FIRST = ("decision_maker", "influencer", "user")


def roles_of_customers(account_roles: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Each customer's account and role; the strongest role where there are several.

    Returns
    -------
    DataFrame
        customer_id, account_id, account_role; one row per customer who acts for an organisation.
    """
    roles = account_roles.merge(identity_links[["record_id", "customer_id"]], on="record_id")
    roles["rank"] = roles["role"].map({role: place for place, role in enumerate(STRONGEST_FIRST)})
    roles = roles.sort_values(["customer_id", "rank", "account_id"]).drop_duplicates("customer_id")
    return roles.rename(columns={"role": "account_role"})[["customer_id", "account_id", "account_role"]]


def account_profiles(
    accounts: pd.DataFrame,
    account_roles: pd.DataFrame,
    identity_links: pd.DataFrame,
    transactions: pd.DataFrame,
    consents: pd.DataFrame,
) -> pd.DataFrame:
    """One row per organisation: the table ``account_profiles``.

    People are counted once per account, in whatever records they appear. Orders count when they were charged to the
    account; what the same people bought privately does not.

    Parameters
    ----------
    accounts, account_roles, identity_links, transactions, consents : DataFrame
        As in their contracts.

    Returns
    -------
    DataFrame
        account_id, users, decision_makers, influencers, orders, spend, last_order, decision_maker_reachable.
    """
    people = account_roles.merge(identity_links[["record_id", "customer_id"]], on="record_id")
    people = people.drop_duplicates(["account_id", "customer_id", "role"])
    counts = people.pivot_table(
        index="account_id", columns="role", values="customer_id", aggfunc="count", fill_value=0
    )
    table = accounts[["account_id"]].copy()
    for role, name in _COUNTED.items():
        column = counts[role] if role in counts else pd.Series(dtype="int64")
        table[name] = table["account_id"].map(column).fillna(0).astype("int64")
    charged = transactions.reindex(columns=["account_id", "date", "amount"]).dropna(subset=["account_id"])
    per_account = charged.groupby("account_id").agg(spend=("amount", "sum"), last_order=("date", "max"))
    orders = charged[charged["amount"] > 0].groupby("account_id").size()
    table["orders"] = table["account_id"].map(orders).fillna(0).astype("int64")
    table["spend"] = table["account_id"].map(per_account["spend"]).fillna(0.0).round(2)
    table["last_order"] = table["account_id"].map(per_account["last_order"]).astype("datetime64[us]")
    allowed = consents[consents["allowed"] & consents["channel"].isin(["email", "phone"])]["customer_id"]
    deciders = people[(people["role"] == "decision_maker") & people["customer_id"].isin(allowed)]
    table["decision_maker_reachable"] = table["account_id"].isin(deciders["account_id"])
    return table
