"""Business customers: the value of the account, and of the person in it."""

from __future__ import annotations

import pandas as pd

from idic_lab import tables


def account_values(
    transactions: pd.DataFrame,
    account_roles: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What each account brings, and what each person in it ordered for it and bought privately.

    The person who decides may order nothing; an account's value read off whoever types the orders in would miss them.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``amount``, ``account_id`` (missing when private).
    account_roles : DataFrame, optional
        ``account_id``, ``record_id``, ``role``.
    identity_links : DataFrame, optional
        ``record_id``, ``customer_id``.

    Returns
    -------
    DataFrame
        Under the contract ``account_values``: ``account_id``, ``customer_id``, ``role``, ``account_value``, ``ordered``,
        ``private_value`` (currency); the most valuable account first. Without rows when nobody buys for an
        organisation, or the tables that would tell are not there.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "amount": [90.0, 10.0], "account_id": ["firm", None]})
    >>> roles = pd.DataFrame({"account_id": "firm", "record_id": ["r1", "r2"], "role": ["user", "decision_maker"]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["a", "b"]})
    >>> account_values(orders, roles, links)[["customer_id", "role", "account_value", "ordered", "private_value"]]
      customer_id            role  account_value  ordered  private_value
    0           a            user           90.0     90.0           10.0
    1           b  decision_maker           90.0      0.0            0.0
    """
    if account_roles is None or identity_links is None or "account_id" not in transactions:
        return tables.get("account_values").empty()
    links = identity_links[["record_id", "customer_id"]].drop_duplicates("record_id")
    people = account_roles.merge(links, on="record_id").drop_duplicates(["account_id", "customer_id"])
    charged = transactions[transactions["account_id"].notna()]
    by_account = charged.groupby("account_id")["amount"].sum()
    by_person = charged.groupby(["account_id", "customer_id"])["amount"].sum().rename("ordered")
    private = transactions[transactions["account_id"].isna()].groupby("customer_id")["amount"].sum()
    table = people[["account_id", "customer_id", "role"]].merge(
        by_person.reset_index(), on=["account_id", "customer_id"], how="left"
    )
    table.insert(3, "account_value", table["account_id"].map(by_account))
    table["private_value"] = table["customer_id"].map(private)
    table = table.fillna({"account_value": 0.0, "ordered": 0.0, "private_value": 0.0})
    table = table.sort_values(
        ["account_value", "account_id", "ordered", "customer_id"],
        ascending=[False, True, False, True],
        ignore_index=True,
    )
    return tables.check(
        "account_values", table.astype({"account_id": "str", "customer_id": "str", "role": "str"})
    )


def value_by_role(accounts: pd.DataFrame) -> pd.DataFrame:
    """Per role: people, what they ordered, and the value of the accounts they act in.

    Parameters
    ----------
    accounts : DataFrame
        As :func:`account_values` gives.

    Returns
    -------
    DataFrame
        ``role``, ``people``, ``ordered`` and ``private_value`` (mean per person), ``account_value`` (mean of the
        accounts they act in); currency.
    """
    table = accounts.groupby("role", as_index=False).agg(
        people=("customer_id", "size"),
        ordered=("ordered", "mean"),
        private_value=("private_value", "mean"),
        account_value=("account_value", "mean"),
    )
    return table.sort_values("ordered", ascending=False, ignore_index=True)
