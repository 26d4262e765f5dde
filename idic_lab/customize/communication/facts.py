"""What is known of each customer, where from, and whether a message may use it."""

from __future__ import annotations

import pandas as pd

from idic_lab.errors import DataError

FACTS = ["customer_id", "fact", "value", "source", "allowed"]
SOURCES = {
    "stage": "own orders: how recent and how many",
    "need": "answers to the needs questions, or estimated from behaviour",
    "category": "own orders: category with the highest amount",
}


def favourite_category(order_lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """The product category each customer has spent most on: ``customer_id``, ``category``."""
    bought = order_lines[order_lines["quantity"] > 0].merge(
        products[["product_id", "category"]], on="product_id"
    )
    spent = bought.groupby(["customer_id", "category"], as_index=False)["amount"].sum()
    ordered = spent.sort_values(["customer_id", "amount", "category"], ascending=[True, False, True])
    return ordered.drop_duplicates("customer_id")[["customer_id", "category"]].reset_index(drop=True)


def relationship_stage(rfm: pd.DataFrame, new_within: int = 1, quiet_after: int = 180) -> pd.DataFrame:
    """Stage of the relationship from recency and frequency: new, active or quiet.

    Parameters
    ----------
    rfm : DataFrame
        ``customer_id``, ``recency_days`` (days), ``frequency`` (days with a purchase).
    new_within : int
        Customers with at most so many purchase days are new, unless they have gone quiet.
    quiet_after : int
        Days without a purchase after which a customer is quiet.

    Returns
    -------
    DataFrame
        ``customer_id``, ``stage``.
    """
    stage = pd.Series("active", index=rfm.index)
    stage = stage.mask(rfm["frequency"] <= new_within, "new").mask(rfm["recency_days"] > quiet_after, "quiet")
    return pd.DataFrame({"customer_id": rfm["customer_id"], "stage": stage.astype("str")})


def offer_facts(
    rfm: pd.DataFrame | None = None,
    needs: pd.DataFrame | None = None,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What an offer's message may draw on, as far as it is known: stage, need and favourite category.

    Parameters
    ----------
    rfm, needs, order_lines, products : DataFrame, optional

    Returns
    -------
    DataFrame
        ``customer_id`` and one column per fact; missing where nothing is known.
    """
    found = pd.DataFrame({"customer_id": pd.Series([], dtype="str")})
    if rfm is not None:
        found = found.merge(relationship_stage(rfm), on="customer_id", how="outer")
    if needs is not None:
        named = needs[["customer_id", "segment"]].rename(columns={"segment": "need"})
        found = found.merge(named, on="customer_id", how="outer")
    if order_lines is not None and products is not None:
        found = found.merge(favourite_category(order_lines, products), on="customer_id", how="outer")
    return found


def facts(
    values: pd.DataFrame, sources: dict[str, str], consents: pd.DataFrame | None, channel: str
) -> pd.DataFrame:
    """What is known of each customer, fact by fact, and whether it may be used in a message on a channel.

    A fact may be used only where the customer allows contact on the channel that the message goes out on. A customer
    without an entry has not consented.

    Parameters
    ----------
    values : DataFrame
        ``customer_id`` and one column per fact; missing where nothing is known.
    sources : dict of str to str
        Where each fact comes from.
    consents : DataFrame or None
        ``customer_id``, ``channel``, ``allowed``; None when nobody was asked.
    channel : str

    Returns
    -------
    DataFrame
        ``customer_id``, ``fact``, ``value``, ``source``, ``allowed``.

    Examples
    --------
    >>> known = pd.DataFrame({"customer_id": ["a", "b"], "need": ["advice", "quality"]})
    >>> said = pd.DataFrame({"customer_id": ["a"], "channel": ["email"], "allowed": [True]})
    >>> facts(known, {"need": "survey"}, said, "email")["allowed"].tolist()
    [True, False]
    """
    unsourced = [name for name in values if name != "customer_id" and name not in sources]
    if unsourced:
        raise DataError(f"Facts without a source: {', '.join(unsourced)}. Say where each comes from.")
    long = values.melt("customer_id", var_name="fact", value_name="value").dropna(subset="value")
    long = long.assign(value=long["value"].astype("str"), source=long["fact"].map(sources))
    receivers = set() if consents is None else agreed(consents, channel)
    return long.assign(allowed=long["customer_id"].isin(receivers))[FACTS].astype(
        dict.fromkeys(FACTS[:-1], "str") | {"allowed": "bool"}
    )


def agreed(consents: pd.DataFrame, channel: str) -> set[str]:
    """Customers who allow contact on a channel."""
    said = consents[(consents["channel"] == channel) & consents["allowed"]]
    return set(said["customer_id"])
