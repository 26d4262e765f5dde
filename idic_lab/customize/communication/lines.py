"""The lines that messages are made of, each with the one fact about the customer that it uses."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

SALUTATION = "[[salutation]]"  # filled in when the message is sent


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
