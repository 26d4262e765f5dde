"""Messages put together from lines, for customers who allow the channel."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from idic_lab.customize.communication.facts import SOURCES, agreed, facts
from idic_lab.customize.communication.lines import Line, offer_lines
from idic_lab.errors import DataError


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
    receivers = set() if consents is None else agreed(consents, channel)
    templates = _templates(lines)
    usable = known[known["allowed"]]
    by_customer = {
        customer: dict(zip(part["fact"], zip(part["value"], part["source"], strict=True), strict=True))
        for customer, part in usable.groupby("customer_id")
    }
    places = list(dict.fromkeys(line.place for line in lines))
    rows = []
    for customer in customers:
        if customer not in receivers:
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
    chosen = offers.loc[offers["made"], "customer_id"]
    return compose(chosen, known, offer_lines(need_profiles), channel, consents)
