"""Loyal, potential and high-value customers, as the trade uses these words, each with the rule meant by it."""

from __future__ import annotations

import numpy as np
import pandas as pd

LOYAL_DAYS, LOYAL_SHARE, HIGH_VALUE_SHARE = 4, 0.5, 0.2


def trade_segments(portfolio: pd.DataFrame, behaviour: pd.DataFrame) -> pd.DataFrame:
    """One word of the trade for every customer.

    High-value: among the fifth with the highest actual value. Loyal: bought on four days or more, has not lapsed, and
    where the share of wallet is known spends at least half of it here. Potential: has not lapsed and is among the most
    growable, or, where no wallet is known, is so new that a second purchase is not due yet. The words overlap, so the
    first of these that fits is given: loyal and high-value, high-value, loyal, potential, other.

    Parameters
    ----------
    portfolio : DataFrame
        ``customer_id``, ``actual_value``, ``share_of_wallet``, ``most_growable``.
    behaviour : DataFrame
        ``customer_id``, ``purchase_days``, ``segment``, ``too_early``.

    Returns
    -------
    DataFrame
        ``customer_id``, ``segment``.

    Examples
    --------
    >>> portfolio = pd.DataFrame({"customer_id": list("abcde"), "actual_value": [9.0, 1, 1, 1, 1],
    ...     "share_of_wallet": [0.9, 0.9, 0.1, 0.1, 0.1], "most_growable": [False, False, True, True, False]})
    >>> behaviour = pd.DataFrame({"customer_id": list("abcde"), "purchase_days": [9, 9, 2, 2, 1],
    ...     "segment": ["frequent", "frequent", "frequent", "lapsed", "one-time"], "too_early": False})
    >>> trade_segments(portfolio, behaviour)["segment"].tolist()
    ['loyal and high-value', 'loyal', 'potential', 'other', 'other']
    """
    both = portfolio.merge(
        behaviour[["customer_id", "purchase_days", "segment", "too_early"]], on="customer_id", how="left"
    )
    wallet = both["share_of_wallet"]
    active = both["segment"].notna() & both["segment"].ne("lapsed")
    high = both["actual_value"].rank(ascending=False, method="min").le(round(HIGH_VALUE_SHARE * len(both)))
    loyal = active & both["purchase_days"].ge(LOYAL_DAYS) & (wallet.isna() | wallet.ge(LOYAL_SHARE))
    early = both["too_early"].eq(True)
    potential = active & (both["most_growable"] | (wallet.isna() & early))
    named = np.select(
        [loyal & high, high, loyal, potential],
        ["loyal and high-value", "high-value", "loyal", "potential"],
        "other",
    )
    return pd.DataFrame({"customer_id": both["customer_id"], "segment": pd.array(named, dtype="str")})
