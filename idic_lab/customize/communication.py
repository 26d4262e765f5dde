"""Messages from templates: by need, stage of the relationship and history; each line says which fact it uses.

No message holds a name. The salutation is a place that the sending system fills in, so that neither tables nor
notebooks carry personal data.
"""

import tomllib
from collections.abc import Sequence
from functools import reduce
from importlib.resources import files
from string import Template
from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab.dataframes import allowing
from idic_lab.errors import DataError

SOURCES = {
    "stage": "own orders: how recent and how many",
    "need": "answers to the needs questions, or estimated from behaviour",
    "category": "own orders: category with the highest amount",
}


def offer_facts(
    rfm: pd.DataFrame | None = None,
    needs: pd.DataFrame | None = None,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What an offer's message may draw on, a column per fact, missing where unknown: stage, need, favourite category.

    The stage is quiet after 180 days without a purchase, else new with one purchase day, else active.

    >>> offer_facts(needs=pd.DataFrame({"customer_id": ["ann"], "segment": ["advice"]})).to_dict("records")
    [{'customer_id': 'ann', 'need': 'advice'}]
    """
    parts = []
    if rfm is not None:
        stage = np.select([rfm["recency_days"] > 180, rfm["frequency"] <= 1], ["quiet", "new"], default="active")
        parts.append(rfm[["customer_id"]].assign(stage=pd.array(stage, dtype="str")))
    if needs is not None:
        parts.append(needs[["customer_id", "segment"]].rename(columns={"segment": "need"}))
    if order_lines is not None and products is not None:
        bought = order_lines[order_lines["amount"] > 0].merge(products[["product_id", "category"]], on="product_id")
        spent = bought.groupby(["customer_id", "category"], as_index=False)["amount"].sum()
        ordered = spent.sort_values(["customer_id", "amount", "category"], ascending=[True, False, True])
        parts.append(ordered.drop_duplicates("customer_id")[["customer_id", "category"]])
    nobody = pd.DataFrame({"customer_id": pd.Series([], dtype="str")})
    return reduce(lambda found, part: found.merge(part, on="customer_id", how="outer"), parts, nobody)


def facts(values: pd.DataFrame, sources: dict[str, str], consents: pd.DataFrame | None, channel: str) -> pd.DataFrame:
    """What is known of each customer, fact by fact; it may be used where the customer is known to allow the channel.

    Parameters:
        values: ``customer_id`` and one column per fact; missing where nothing is known.
        consents: ``customer_id``, ``channel``, ``allowed``; None when nobody was asked.
    Returns:
        DataFrame: ``customer_id``, ``fact``, ``value``, ``source``, ``allowed``.

    >>> known = pd.DataFrame({"customer_id": ["a", "b"], "need": ["advice", "quality"]})
    >>> said = pd.DataFrame({"customer_id": ["a"], "channel": ["email"], "allowed": [True]})
    >>> facts(known, {"need": "survey"}, said, "email")["allowed"].tolist()
    [True, False]
    """
    unsourced = [name for name in values if name != "customer_id" and name not in sources]
    if unsourced:
        raise DataError(f"Facts without a source: {', '.join(unsourced)}. Say where each comes from.")
    long = values.melt("customer_id", var_name="fact", value_name="value").dropna(subset="value")
    may = long["customer_id"].isin(allowing(consents, channel)["customer_id"])
    long = long.assign(source=long["fact"].map(sources)).astype("str").assign(allowed=may)
    return long[["customer_id", "fact", "value", "source", "allowed"]]


class Line(NamedTuple):
    """One line of a message; of the lines for a place the first that can be used is."""

    place: str  # part of the message ("greeting", "opening", "offer" ...)
    text: str  # $fact stands for the fact's value
    fact: str = ""  # name of the fact it uses; empty when it uses none
    value: str = ""  # use the line only when the fact has this value; empty for any


def offer_lines(need_profiles: pd.DataFrame | None = None) -> list[Line]:
    """The lines of a message that brings an offer: greeting, opening by stage, history, need, offer, way out.

    The ``difference`` in `need_profiles` (share of yes less that of all) says which question marks a need.

    >>> offer_lines()[0].text
    'Dear [[salutation]],'
    """
    letter, by_need = tomllib.loads(files(__package__).joinpath("letter.toml").read_text("utf-8")), []
    if need_profiles is not None:  # what to say to the question that marks each need most
        says = letter["need"]
        known = need_profiles[need_profiles["question_id"].isin(says) & (need_profiles["difference"] > 0)]
        top = known.sort_values(["segment", "difference"], ascending=[True, False]).drop_duplicates("segment")
        by_need = [Line("need", says[row.question_id], "need", row.segment) for row in top.itertuples()]
    return [*(Line(*line) for line in letter["before"]), *by_need, *(Line(*line) for line in letter["after"])]


def compose(
    customers: Sequence[str], known: pd.DataFrame, lines: Sequence[Line], channel: str, consents: pd.DataFrame | None
) -> pd.DataFrame:
    """Messages for the customers who allow the channel, line by line, each with the fact it uses.

    Parameters:
        lines: In order of preference within each place; places follow each other in order of first mention.
    Returns:
        DataFrame: The table ``messages``: ``customer_id``, ``channel``, ``line`` (number, from 1), ``place``, ``text``,
            ``fact``, ``source`` (both missing for lines that use no fact).

    >>> said = pd.DataFrame({"customer_id": ["a"], "channel": ["email"], "allowed": [True]})
    >>> known = facts(pd.DataFrame({"customer_id": ["a"], "need": ["advice"]}), {"need": "survey"}, said, "email")
    >>> lines = [Line("greeting", "Dear [[salutation]],"), Line("opening", "You like $fact.", "need")]
    >>> compose(["a", "b"], known, lines, "email", said)[["customer_id", "text", "fact"]].values.tolist()
    [['a', 'Dear [[salutation]],', nan], ['a', 'You like advice.', 'need']]
    """
    receivers, told = set(allowing(consents, channel)["customer_id"]), {}
    for row in known[known["allowed"]].itertuples():
        told.setdefault(row.customer_id, {})[row.fact] = (row.value, row.source)
    places, rows = list(dict.fromkeys(line.place for line in lines)), []
    for customer in (name for name in customers if name in receivers):
        mine, used = told.get(customer, {}), {}
        for line in lines:
            value, source = mine.get(line.fact, (None, None))
            if not line.fact or (value is not None and line.value in ("", value)):
                used.setdefault(line.place, (_rendered(line, value), line.fact or None, source))
        for number, place in enumerate((place for place in places if place in used), 1):
            rows.append((customer, channel, number, place, *used[place]))
    columns = ["customer_id", "channel", "line", "place", "text", "fact", "source"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns, "str") | {"line": "int64"})


def _rendered(line: Line, value: str | None) -> str:
    try:
        return Template(line.text).substitute({"fact": value} if line.fact else {})
    except KeyError as error:
        asks = f"asks for something other than its fact {line.fact or '(none)'}"
        raise DataError(f"The template {line.text!r} {asks}: {error}.") from None
    except ValueError as error:
        raise DataError(f"The template {line.text!r} cannot be read: {error}.") from None


def offer_messages(
    offers: pd.DataFrame,
    values: pd.DataFrame,
    consents: pd.DataFrame | None,
    need_profiles: pd.DataFrame | None = None,
    channel: str = "email",
) -> pd.DataFrame:
    """Messages from `offer_facts` to who is made an offer and allows the channel; as :func:`compose` returns.

    >>> made = pd.DataFrame({"customer_id": ["ann", "bob"], "made": True})
    >>> known = pd.DataFrame({"customer_id": ["ann"], "stage": ["new"]})
    >>> said = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "allowed": [True, None]})
    >>> sent = offer_messages(made, known, said)
    >>> sent["customer_id"].unique().tolist(), sent["fact"].dropna().tolist()
    (['ann'], ['stage'])
    """
    known = facts(values, SOURCES, consents, channel)
    return compose(offers.loc[offers["made"], "customer_id"], known, offer_lines(need_profiles), channel, consents)
