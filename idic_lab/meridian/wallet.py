"""How much people spend on such goods anywhere, and the share of it that comes here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import weeks
from idic_lab.meridian.draws import choose
from idic_lab.meridian.identities import PANEL, Records
from idic_lab.meridian.purchases import Buyers, Orders

LAST_YEAR = 364  # days of the year that share of wallet is counted over
GROWABLE = 0.15  # share of customers planted as most growable
_ANSWER_ERROR = 0.20  # standard deviation of the answer's error, on the logarithmic scale


def draw_wallet(rng: np.random.Generator, buyers: Buyers, orders: Orders) -> pd.DataFrame:
    """Category spend in the last 52 weeks, here and altogether, and who has most room to grow.

    A person spends ``rate * mean_spend`` here while a customer, and that is a share of the person's wallet. The share
    has a Beta(2, 3) distribution.

    Returns
    -------
    DataFrame
        ``spend_here``, ``category_spend`` (currency per 52 weeks), ``share_of_wallet``, ``most_growable``; one row
        per person.
    """
    n = len(buyers.rate)
    share = rng.beta(2, 3, n)
    recent = orders.day >= weeks.DAYS - LAST_YEAR
    here = np.round(np.bincount(orders.person[recent], orders.amount[recent], minlength=n), 2)
    usual = (buyers.rate + 0.002) * LAST_YEAR * buyers.mean_spend
    total = np.round(np.maximum(usual / np.maximum(share, 0.05), here * 1.02), 2)
    room = np.where(orders.alive, total - here, 0.0)
    growable = np.zeros(n, dtype=bool)
    growable[np.argsort(-room, kind="stable")[: round(GROWABLE * n)]] = True
    return pd.DataFrame(
        {
            "spend_here": here,
            "category_spend": total,
            "share_of_wallet": np.round(here / total, 6),
            "most_growable": growable,
        }
    )


def wallet_responses(rng: np.random.Generator, records: Records, category_spend: np.ndarray) -> pd.DataFrame:
    """What the survey panel says about its category spend, in the last weeks, in round figures."""
    rows = records.by_touchpoint[:, PANEL]
    people = np.flatnonzero((rows >= 0) & (rng.random(len(rows)) < 0.8))
    said = category_spend[people] * np.exp(rng.normal(0, _ANSWER_ERROR, len(people)))
    step = np.where(said < 200, 10, np.where(said < 1000, 50, 100))
    day = weeks.DAYS - 1 - rng.integers(0, 14, len(people))
    zeros = np.zeros(len(people), dtype=int)
    return pd.DataFrame(
        {
            "record_id": records.record_id.take(rows[people]),
            "survey_id": choose(["SPENDING"], zeros),
            "date": weeks.days_to_dates(day),
            "question_id": choose(["WALLET"], zeros),
            "answer": np.maximum(np.round(said / step) * step, 10.0),
        }
    )
