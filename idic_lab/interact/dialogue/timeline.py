"""One timeline per customer: everything that happened between them and the organisation, on whatever channel."""

from __future__ import annotations

import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import of_customers
from idic_lab.errors import UnknownName

_COLUMNS = ["customer_id", "date", "where", "event", "detail", "from_customer"]
_KINDS = (
    ("order", figures.GREEN, "s"),
    ("contact by the customer", figures.BLUE, "o"),
    ("contact by us", figures.ORANGE, "^"),
    ("complaint", figures.VERMILION, "X"),
    ("survey or review", figures.PURPLE, "D"),
)


def timeline(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    transactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Contacts, orders, answers and reviews of every customer in one table.

    Parameters
    ----------
    interactions, identity_links, transactions, survey_responses, reviews : DataFrame
        As their contracts say; the last three may be missing.

    Returns
    -------
    DataFrame
        ``customer_id``, ``date``, ``where`` (channel), ``event``, ``detail``, ``from_customer`` (flag), sorted by
        customer and time. Texts of reviews are not in it, only their stars.
    """
    parts = [_contacts(of_customers(interactions, identity_links))]
    if transactions is not None:
        where = transactions.get("channel", "shop")
        detail = transactions["amount"].map("{:,.2f}".format)
        parts.append(
            transactions[["customer_id", "date"]].assign(where=where, event="order", detail=detail, hour=24)
        )
    if survey_responses is not None:
        asked = of_customers(survey_responses, identity_links)
        asked = asked.groupby(["customer_id", "date", "survey_id"], as_index=False).size()
        detail = asked["survey_id"] + ", " + asked["size"].astype(str) + " answers"
        parts.append(
            asked[["customer_id", "date"]].assign(where="survey", event="survey", detail=detail, hour=24)
        )
    if reviews is not None:
        rated = of_customers(reviews, identity_links)
        detail = rated["stars"].astype(str) + " stars"
        parts.append(
            rated[["customer_id", "date"]].assign(where="review", event="review", detail=detail, hour=24)
        )
    table = pd.concat(parts, ignore_index=True)
    table["from_customer"] = table["from_customer"].astype("boolean").fillna(True).astype(bool)
    table = table.sort_values(["customer_id", "date", "hour"], kind="stable", ignore_index=True)
    return table[_COLUMNS].astype({"where": "str", "event": "str", "detail": "str"})


def _contacts(contacts: pd.DataFrame) -> pd.DataFrame:
    inbound = contacts["direction"] == "inbound"
    closed = contacts["resolved_on"].dt.strftime("closed %Y-%m-%d").astype("str").fillna("not closed")
    reaction = contacts["responded"].map({True: "reacted", False: "no reaction"}).astype("str")
    return pd.DataFrame(
        {
            "customer_id": contacts["customer_id"],
            "date": contacts["date"],
            "hour": contacts["hour"],
            "where": contacts["channel"],
            "event": contacts["purpose"],
            "detail": (contacts["topic"].fillna("no topic") + ", " + closed).where(inbound, reaction),
            "from_customer": inbound,
        }
    )


def plot_timeline(history: pd.DataFrame, customer_id: str, ax: figures.Axes | None = None) -> figures.Axes:
    """The timeline of one customer, a row per channel.

    Parameters
    ----------
    history : DataFrame
        As :func:`timeline` gives.
    customer_id : str
    ax : matplotlib.axes.Axes, optional
    """
    mine = history[history["customer_id"] == customer_id]
    if mine.empty:
        raise UnknownName("customer", customer_id, history["customer_id"].unique()[:5])
    kind = pd.Series("contact by us", index=mine.index)
    kind[mine["from_customer"]] = "contact by the customer"
    kind[mine["event"] == "order"] = "order"
    kind[mine["event"].isin(["survey", "review"])] = "survey or review"
    kind[mine["event"] == "complaint"] = "complaint"
    rows = list(dict.fromkeys(sorted(mine["where"])))
    ax = figures.axes(ax, figsize=(9, 0.4 * len(rows) + 1.8))
    for name, colour, mark in _KINDS:
        part = mine[kind == name]
        if len(part):
            ax.plot(
                part["date"],
                [rows.index(w) for w in part["where"]],
                mark,
                color=colour,
                markersize=8,
                label=name,
            )
    ax.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
    ax.set(xlabel="date", ylabel="channel", ylim=(-0.6, len(rows) - 0.4))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set_title(f"{customer_id}: {len(mine)} events on {len(rows)} channels, one conversation")
    return ax
