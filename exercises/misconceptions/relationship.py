"""Misconceptions of the assignment relationship: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import numpy as np

from idic_lab.exercises.answer_key import Misconception, chose


def _means(tables, step="identify"):
    answers = tables["readiness_answers"]
    return answers[answers["step"] == step].groupby("role")["answer"].mean()


def _firm_against_customers(tables):
    answers = tables["readiness_answers"].query("step == 'identify'")
    firm = answers["role"] != "customer"
    return answers.loc[firm, "answer"].mean() - answers.loc[~firm, "answer"].mean()


def _reach_by_answers(tables):
    answers = tables["readiness_answers"].query("step == 'identify'").groupby("role")["answer"]
    return 1.96 * np.sqrt((answers.var() / answers.size())[["manager", "customer"]].sum())


def _complaints(tables):
    return tables["interactions"].query("purpose == 'complaint'")


def _records(tables):
    return tables["source_records"]


def _spent(tables):
    return tables["transactions"].groupby("customer_id")["amount"].sum().mean()


def _trial(tables, name):
    return tables["pilots"].query("pilot == @name")


def _rate(part):
    return part["earned"].sum() / part["residual_value"].sum()


def _told_and_not(tables):
    asked = _trial(tables, "checkup").query("treated")
    return _rate(asked[asked["told"]]) - _rate(asked[~asked["told"]])


def _held_back_worth(tables, effect):
    return int((effect * _trial(tables, "manager roll-out").query("not treated")["residual_value"] > 6).sum())


def _old(tables):
    lots = tables["points"]
    return lots[(lots["date"].max() - lots["date"]).dt.days >= 365]


def _agreed(tables, reward):
    return tables["consent_trial"].query("reward == @reward")["agreed"].mean()


HINTS = {
    "relationship_q01": (
        Misconception(
            "staff_counted_as_managers",
            "Staff are among the managers here. They stand nearer to customers, and were not asked for.",
            _firm_against_customers,
            credit=0.5,
        ),
        Misconception(
            "against_the_staff",
            "This is the gap between managers and staff. What do customers say?",
            lambda tables: _means(tables)["manager"] - _means(tables)["staff"],
        ),
    ),
    "relationship_q02": (
        Misconception(
            "answers_counted_as_people",
            "Every answer was counted as somebody's own. Ask the same people more, and you would still have met no more people.",
            _reach_by_answers,
        ),
    ),
    "relationship_q03": (
        Misconception(
            "lowest_for_widest",
            "Customers rate this step lowest. Do managers not know that?",
            lambda tables: min(
                ("identify", "differentiate", "interact", "customize"),
                key=lambda step: _means(tables, step)["customer"],
            ),
        ),
    ),
    "relationship_q04": (
        Misconception(
            "contacts_for_cost",
            "This is a share of contacts. They do not cost the same.",
            lambda tables: (
                ~tables["interactions"]["record_id"].isin(_records(tables).dropna(subset="customer_id")["record_id"])
            ).mean(),
            credit=0.5,
        ),
        Misconception(
            "records_for_contacts",
            "This is a share of records. Some are spoken to often, others never.",
            lambda tables: _records(tables)["customer_id"].isna().mean(),
        ),
    ),
    "relationship_q05": (
        Misconception(
            "every_open_contact",
            "Questions, returns and contacts that need no answer are in this number. Keep to complaints.",
            lambda tables: int(tables["interactions"]["resolved_on"].isna().sum()),
        ),
        Misconception(
            "all_complaints",
            "These are all complaints, the settled ones among them.",
            lambda tables: len(_complaints(tables)),
        ),
    ),
    "relationship_q06": (
        Misconception(
            "settled_for_open",
            "This is how long the settled ones took. The open ones have waited since their date, until today.",
            lambda tables: (_complaints(tables)["resolved_on"] - _complaints(tables)["date"]).dt.days.mean(),
        ),
    ),
    "relationship_q07": (
        Misconception(
            "survivors_stand_for_all",
            "What is settled fast is settled by now; what is slow is still open. Which of the two is in the mean?",
            chose("nothing: it is the mean"),
            credit=0,
        ),
    ),
    "relationship_q08": (
        Misconception(
            "discount_for_an_answer",
            "An offer in the place of an answer says that nobody has read the complaint.",
            chose("offer a discount"),
            credit=0,
        ),
        Misconception(
            "silence_without_end",
            "Silence has an end, or one forgotten complaint loses the customer for good. Who ends it?",
            chose("say nothing to the customer"),
            credit=0,
        ),
    ),
    "relationship_q09": (
        Misconception(
            "silence_read_as_consent",
            "Those who never said anything are among these. No statement is no consent.",
            lambda tables: (
                _records(tables)["customer_id"][_records(tables)["consent_phone"] != "no"].dropna().nunique()
            ),
        ),
        Misconception(
            "records_for_customers",
            "These are records. Some belong to nobody whom you know, and some to one customer.",
            lambda tables: int((_records(tables)["consent_phone"] == "yes").sum()),
            credit=0.5,
        ),
    ),
    "relationship_q10": (
        Misconception(
            "refusal_read_as_silence",
            "Those who said no are among these. They have answered, and it is known.",
            lambda tables: (_records(tables)["consent_email"] != "yes").mean(),
        ),
    ),
    "relationship_q11": (
        Misconception(
            "everybody_counted_as_saved",
            "Every customer asked is counted as one who stays for it. Most would have stayed, or left, all the same.",
            lambda tables: 0.30 * _spent(tables) / 2.5,
        ),
        Misconception(
            "an_answer_counted_as_all",
            "Each customer asked gets a voucher for every answer, not one for all.",
            lambda tables: 0.08 * 0.30 * _spent(tables),
            credit=0.5,
        ),
        Misconception(
            "revenue_for_worth",
            "Of what customers spend, 30% are left to the shop.",
            lambda tables: 0.08 * _spent(tables) / 2.5,
            credit=0.5,
        ),
    ),
    "relationship_q12": (
        Misconception(
            "selection_read_as_an_effect",
            "Who orders often is asked often, and stays anyway. Nothing made them answer.",
            chose("ask everybody"),
            credit=0,
        ),
        Misconception(
            "no_proof_read_as_proof_of_nothing",
            "The figure cannot tell that it keeps them, nor that it does not.",
            chose("ask nobody"),
            credit=0,
        ),
    ),
    "relationship_q13": (
        Misconception(
            "told_against_not_told",
            "Nobody drew by lot who had something to tell. Chance decided who was asked: compare those with the others.",
            _told_and_not,
        ),
        Misconception(
            "amounts_for_rates",
            "This is in currency for each customer. The two sides were not worth the same when it began.",
            lambda tables: _trial(tables, "checkup").groupby("treated")["earned"].mean().diff().iloc[-1],
            credit=0.5,
        ),
        Misconception(
            "all_that_is_earned_as_added",
            "This is all that those who were asked earned. What would they have earned all the same?",
            lambda tables: _rate(_trial(tables, "checkup").query("treated")),
        ),
    ),
    "relationship_q14": (
        Misconception(
            "the_wrong_blamed_on_the_question",
            "They were wronged before anybody asked. What did asking change, for all who were asked?",
            chose("stop"),
            credit=0,
        ),
        Misconception(
            "content_asked_for_what_is_wrong",
            "Nothing is found out where nothing is wrong, and nobody knows who is content before asking.",
            chose("ask on"),
            credit=0,
        ),
    ),
    "relationship_q15": (
        Misconception(
            "a_pilot_taken_for_practice",
            "It was drawn by lot, and it was a pilot: few managers, all eager. What happens when everybody gets one?",
            chose("that of the pilot"),
            credit=0,
        ),
        Misconception(
            "two_treatments_averaged",
            "The two trials are of different treatments. Only one of them is going to be repeated.",
            chose("the mean of both"),
            credit=0,
        ),
    ),
    "relationship_q16": (
        Misconception(
            "fence_by_the_pilot",
            "This is where the pilot would put the fence. What is going to be done is the roll-out.",
            lambda tables: _held_back_worth(
                tables,
                _rate(_trial(tables, "manager").query("treated"))
                - _rate(_trial(tables, "manager").query("not treated")),
            ),
            credit=0.5,
        ),
        Misconception(
            "all_that_is_earned_as_added",
            "All that the managed earned is counted here as the manager's work. Most of it would have come without one.",
            lambda tables: _held_back_worth(tables, _rate(_trial(tables, "manager roll-out").query("treated"))),
        ),
    ),
    "relationship_q17": (
        Misconception(
            "young_points_counted_as_lost",
            "Young points are among these. They still have time to be redeemed.",
            lambda tables: (
                tables["points"].loc[tables["points"]["redeemed_on"].notna(), "points"].sum()
                / tables["points"]["points"].sum()
            ),
        ),
        Misconception(
            "lots_for_points",
            "This is a share of orders. Large orders give more points, and these are what is owed.",
            lambda tables: _old(tables)["redeemed_on"].notna().mean(),
            credit=0.5,
        ),
    ),
    "relationship_q18": (
        Misconception(
            "the_reward_taken_for_the_price",
            "This is what each of them got. Most of them would have agreed for nothing: how many more did, and what was spent on all?",
            lambda tables: 2.0,
        ),
        Misconception(
            "cost_of_asking_for_cost_of_gaining",
            "This is what was spent on each customer asked. Divide it by the consents that were gained, not by all who were asked.",
            lambda tables: 2 * _agreed(tables, 2),
        ),
    ),
    "relationship_q19": (
        Misconception(
            "those_who_refused_for_those_held_back",
            "Those who refused are in this comparison. They like the shop less, with or without messages. Whom did the lot hold back?",
            lambda tables: (
                _rate(tables["consent_trial"].query("messages > 0"))
                - _rate(tables["consent_trial"].query("messages == 0"))
            ),
        ),
        Misconception(
            "all_that_is_earned_as_added",
            "This is all that those written to earned. What would they have earned without a message?",
            lambda tables: _rate(tables["consent_trial"].query("messages > 0")),
        ),
    ),
    "relationship_q20": (
        Misconception(
            "consent_that_lasts_whatever_one_does",
            "Count how many of those with four messages a month still agree at the end of the year.",
            chose("nothing: what pays"),
            credit=0,
        ),
        Misconception(
            "weariness_mended_by_words",
            "They do not withdraw because of the text: a lot decided how many they got, and all got the same ones.",
            chose("messages tire"),
            credit=0,
        ),
    ),
}
