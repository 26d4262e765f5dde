"""Misconceptions of the assignment shop: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

from idic_lab.exercises.answer_key import Misconception, chose


def _records(game):
    return game.tables["source_records"].dropna(subset="customer_id")


def _ever_yes(game):
    records = _records(game)
    return records.loc[records["consent_email"] == "yes", "customer_id"].nunique()


def _not_no(game):
    records = _records(game)
    refused = records.loc[records["consent_email"] == "no", "customer_id"]
    return int(records["customer_id"].nunique() - refused.nunique())


def _revenue(game):
    return game.next()["transactions"]["amount"].sum()


HINTS = {
    "shop_q01": (
        Misconception(
            "once_said_yes",
            "Some who once said yes have since said no. Which of a customer's records counts?",
            _ever_yes,
        ),
        Misconception(
            "unknown_is_yes", "Many have never been asked about e-mail. Does silence allow you to write?", _not_no
        ),
    ),
    "shop_q02": (
        Misconception(
            "revenue_for_cash",
            "This is what customers paid. What do goods, delivery, returns and calls leave of it?",
            _revenue,
        ),
    ),
    "shop_q03": (
        Misconception(
            "response_for_effect",
            "Count the orders of people like these who got no offer. How many did the offers add?",
            chose("the offers brought"),
            0.0,
        ),
    ),
    "shop_q06": (
        Misconception(
            "outcome_for_skill",
            "The same plans would have ended elsewhere if chance had fallen otherwise. What could show how far?",
            chose("the one with the higher"),
            0.0,
        ),
    ),
}
