"""The business arm: organisations whose people buy, decide and influence, and what they order on account."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import words
from idic_lab.meridian.draws import choose, labels, ranks
from idic_lab.meridian.identities import Records
from idic_lab.meridian.people import cities
from idic_lab.meridian.purchases import Orders
from idic_lab.tables import ROLES

PEOPLE_PER_ACCOUNT = 50  # people in the data for each account
ON_ACCOUNT = np.array([0.75, 0.55, 0.0])  # share of orders charged to the account, by role
INDUSTRIES = ("services", "health", "building", "trade", "hospitality", "education", "technology")


@dataclass
class Arm:
    """The accounts of one block."""

    accounts: pd.DataFrame
    roles: pd.DataFrame
    role_of: np.ndarray  # (people,): row of ROLES, -1 without
    account_of: np.ndarray  # (people,): row of the account, -1 without


def draw_accounts(rng: np.random.Generator, records: Records, n: int, first: int) -> Arm:
    """Accounts of four on average: one decision-maker, one or two influencers, one to three users."""
    size = max(n // PEOPLE_PER_ACCOUNT, 1)
    influencers, users = rng.integers(0, 2, size) + 1, rng.integers(1, 4, size)
    members, rank = ranks(1 + influencers + users)
    people = rng.permutation(n)[: len(members)]
    members, rank = members[: len(people)], rank[: len(people)]
    role = np.where(rank == 0, 1, np.where(rank <= influencers[members], 2, 0))
    role_of, account_of = np.full(n, -1), np.full(n, -1)
    role_of[people], account_of[people] = role, members
    names = [f"{head} {tail}" for head in words.FIRM_HEADS.split() for tail in words.FIRM_TAILS.split(",")]
    ids = labels("A", first + 1 + np.arange(size), 6)
    accounts = pd.DataFrame(
        {
            "account_id": ids,
            "name": choose(names, rng.integers(0, len(names), size)),
            "industry": choose(INDUSTRIES, rng.integers(0, len(INDUSTRIES), size)),
            "employees": (5 * np.exp(rng.gamma(2.0, 0.9, size))).astype(np.int64),
            "city": choose(cities()[0], rng.integers(0, len(cities()[0]), size)),
        }
    )
    roles = pd.DataFrame(
        {
            "account_id": ids.take(members),
            "record_id": records.record_id.take(records.account[people]),
            "role": choose(ROLES, role),
        }
    )
    return Arm(accounts, roles, role_of, account_of)


def charged_to(rng: np.random.Generator, arm: Arm, orders: Orders) -> np.ndarray:
    """Row of the account each order is charged to, -1 when private."""
    role = arm.role_of[orders.person]
    share = np.where(role >= 0, ON_ACCOUNT[role], 0.0)
    return np.where(rng.random(len(role)) < share, arm.account_of[orders.person], -1)
