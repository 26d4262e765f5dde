"""Contracts of business customers: accounts and the people who act in them."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

ROLES = ("user", "decision_maker", "influencer")

accounts = Table(
    "accounts",
    "One row per organisation that buys.",
    {
        "account_id": column("text", "account"),
        "name": column("text", "name of the organisation"),
        "industry": column("text", "line of business", nullable=True),
        "employees": column("count", "people employed", unit="people", minimum=1),
        "city": column("text", "seat of the organisation", nullable=True),
    },
    key=("account_id",),
)

account_roles = Table(
    "account_roles",
    "One row per person in an account: who uses, who decides, who influences.",
    {
        "account_id": column("text", "account"),
        "record_id": column("text", "record (source_records) of the person"),
        "role": column("text", "the person's part in buying", values=ROLES),
    },
    key=("account_id", "record_id"),
)

TABLES = (accounts, account_roles)
