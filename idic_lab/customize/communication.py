"""Messages from templates: by need, stage of the relationship and history; each line says which fact it uses.

No message holds a name. The salutation is a place that the sending system fills in, so that neither tables nor
notebooks carry personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from idic_lab.errors import DataError

SALUTATION = "[[salutation]]"  # filled in when the message is sent
FACTS = ["customer_id", "fact", "value", "source", "allowed"]


@dataclass(frozen=True)
class Line:
    """One line of a message.

    Attributes
    ----------
    place : str
        Part of the message ("greeting", "opening", "offer" ...); of the lines for a place the first that can be used
        is.
    text : str
        Jinja2 template; `fact` stands for the fact's value.
    fact : str
        Name of the fact it uses; empty when it uses none.
    value : str
        Use the line only when the fact has this value; empty for any.
    """

    place: str
    text: str
    fact: str = ""
    value: str = ""


# What to say to a need, by the question that marks it in the needs battery.
_BY_QUESTION = {
    "N01": "Our price comparison is one click away, so that you can check before you buy.",
    "N02": "It is built to last, and we repair it.",
    "N04": "Ordered before noon, it arrives on the day you choose.",
    "N05": "If you would like to talk it over first, just reply and a colleague will call.",
    "N06": "You are among the first to see it.",
    "N07": "It is part of the sale, which starts for you two days early.",
    "N09": "The page below shows the material and how it is made.",
    "N10": "Ordering takes two clicks.",
    "N11": "We set it up for you if you wish.",
    "N12": "The page below says what is new.",
    "N13": "It counts double for your points.",
    "N15": "It is by a maker you can trust.",
    "N17": "Instead of a manual there is a short film, and a colleague to ask.",
    "N18": "There is a small surprise in the parcel.",
    "N19": "There is a cheaper version too, and it is good enough for most.",
}


def need_lines(need_profiles: pd.DataFrame) -> list[Line]:
    """One line for each need segment: what to say to the question that marks the segment most.

    Parameters
    ----------
    need_profiles : DataFrame
        ``segment``, ``question_id``, ``difference`` (share of yes less that of all).

    Returns
    -------
    list of Line
        For the place "need"; segments marked by none of the questions that there is a text for have no line.
    """
    known = need_profiles[need_profiles["question_id"].isin(_BY_QUESTION) & (need_profiles["difference"] > 0)]
    top = known.sort_values(["segment", "difference"], ascending=[True, False]).drop_duplicates("segment")
    return [
        Line("need", _BY_QUESTION[question], "need", segment)
        for segment, question in zip(top["segment"], top["question_id"], strict=True)
    ]


def offer_lines(need_profiles: pd.DataFrame | None = None) -> list[Line]:
    """The lines of a message that brings an offer: greeting, opening by stage, history, need, offer, way out."""
    needs = [] if need_profiles is None else need_lines(need_profiles)
    return [
        Line("greeting", f"Dear {SALUTATION},"),
        Line("opening", "thank you for your first order with us.", "stage", "new"),
        Line("opening", "it is good to see you so often.", "stage", "active"),
        Line("opening", "it has been a while since your last order.", "stage", "quiet"),
        Line("opening", "thank you for being our customer."),
        Line("offer", "This month the offer on the page below is open to you."),
        *needs,
        Line(
            "history",
            "You have bought from our {{ fact }} range; we have put more of it on the page.",
            "category",
        ),
        Line("way out", "If you no longer want such messages, one click at the end is enough."),
    ]


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
    agreed = set() if consents is None else _agreed(consents, channel)
    return long.assign(allowed=long["customer_id"].isin(agreed))[FACTS].astype(
        dict.fromkeys(FACTS[:-1], "str") | {"allowed": "bool"}
    )


def _agreed(consents: pd.DataFrame, channel: str) -> set[str]:
    said = consents[(consents["channel"] == channel) & consents["allowed"]]
    return set(said["customer_id"])


def compose(
    customers: Sequence[str],
    known: pd.DataFrame,
    lines: Sequence[Line],
    channel: str,
    consents: pd.DataFrame | None,
) -> pd.DataFrame:
    """Messages for the customers who allow the channel, line by line, each with the fact it uses.

    Parameters
    ----------
    customers : sequence of str
        Whom to write to; those without consent to the channel get no message.
    known : DataFrame
        From `facts`.
    lines : sequence of Line
        In order of preference within each place; places follow each other in order of first mention.
    channel : str
    consents : DataFrame or None
        ``customer_id``, ``channel``, ``allowed``.

    Returns
    -------
    DataFrame
        The table ``messages``: ``customer_id``, ``channel``, ``line`` (number, from 1), ``place``, ``text``,
        ``fact``, ``source`` (both missing for lines that use no fact).

    Raises
    ------
    DataError
        When a template cannot be read or asks for anything but the fact.

    Examples
    --------
    >>> said = pd.DataFrame({"customer_id": ["a"], "channel": ["email"], "allowed": [True]})
    >>> known = facts(pd.DataFrame({"customer_id": ["a"], "need": ["advice"]}), {"need": "survey"}, said, "email")
    >>> lines = [Line("greeting", "Dear [[salutation]],"), Line("opening", "You like {{ fact }}.", "need")]
    >>> compose(["a", "b"], known, lines, "email", said)[["customer_id", "text", "fact"]].values.tolist()
    [['a', 'Dear [[salutation]],', nan], ['a', 'You like advice.', 'need']]
    """
    agreed = set() if consents is None else _agreed(consents, channel)
    templates = _templates(lines)
    usable = known[known["allowed"]]
    by_customer = {
        customer: dict(zip(part["fact"], zip(part["value"], part["source"], strict=True), strict=True))
        for customer, part in usable.groupby("customer_id")
    }
    places = list(dict.fromkeys(line.place for line in lines))
    rows = []
    for customer in customers:
        if customer not in agreed:
            continue
        mine, number = by_customer.get(customer, {}), 0
        for place in places:
            chosen = next((line for line in lines if line.place == place and _fits(line, mine)), None)
            if chosen is None:
                continue
            number += 1
            value, source = mine.get(chosen.fact, (None, None))
            text = _rendered(chosen, templates[chosen], value)
            rows.append((customer, channel, number, place, text, chosen.fact or None, source))
    names = ["customer_id", "channel", "line", "place", "text", "fact", "source"]
    table = pd.DataFrame(rows, columns=names)
    return table.astype(dict.fromkeys(names, "str") | {"line": "int64"})


def _fits(line: Line, mine: dict[str, tuple[str, str]]) -> bool:
    if not line.fact:
        return True
    return line.fact in mine and (not line.value or mine[line.fact][0] == line.value)


def _templates(lines: Sequence[Line]) -> dict:
    """Templates ready to be filled in; a sandbox, so that a template can only write text."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    found = {}
    for line in lines:
        try:
            found[line] = environment.from_string(line.text)
        except TemplateError as error:
            raise DataError(f"The template {line.text!r} cannot be read: {error}.") from None
    return found


def _rendered(line: Line, template, value: str | None) -> str:
    try:
        return template.render({"fact": value} if line.fact else {})
    except TemplateError as error:
        raise DataError(
            f"The template {line.text!r} asks for something other than its fact {line.fact or '(none)'}: {error}."
        ) from None


def whole_messages(messages: pd.DataFrame) -> pd.DataFrame:
    """Each message as one text, with the facts it uses.

    Parameters
    ----------
    messages : DataFrame
        From `compose`.

    Returns
    -------
    DataFrame
        ``customer_id``, ``channel``, ``text``, ``facts`` (joined by commas).
    """
    grouped = messages.sort_values(["customer_id", "line"]).groupby(["customer_id", "channel"], sort=True)
    return grouped.agg(
        text=("text", "\n".join), facts=("fact", lambda used: ", ".join(used.dropna()))
    ).reset_index()


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


def offer_messages(
    offers: pd.DataFrame,
    values: pd.DataFrame,
    consents: pd.DataFrame | None,
    need_profiles: pd.DataFrame | None = None,
    channel: str = "email",
) -> pd.DataFrame:
    """Messages to the customers who are made an offer and allow the channel.

    Parameters
    ----------
    offers : DataFrame
        ``customer_id``, ``made`` (flag).
    values : DataFrame
        From `offer_facts`.
    consents : DataFrame or None
    need_profiles : DataFrame, optional
    channel : str

    Returns
    -------
    DataFrame
        As `compose`.
    """
    known = facts(values, SOURCES, consents, channel)
    receivers = offers.loc[offers["made"], "customer_id"]
    return compose(receivers, known, offer_lines(need_profiles), channel, consents)
