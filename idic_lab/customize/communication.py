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
