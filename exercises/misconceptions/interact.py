"""Misconceptions of the assignment interact: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

from idic_lab.exercises.answer_key import Misconception, chose

QUESTION_IDS = tuple(f"N{number:02d}" for number in range(1, 21))


def _contacts(tables, direction="outbound"):
    contacts = tables["interactions"]
    return contacts if direction is None else contacts[contacts["direction"] == direction]


def _rested(tables, direction="outbound", days=28):
    distinct = _contacts(tables, direction)[["record_id", "date"]].drop_duplicates().sort_values("date")
    distinct = distinct.assign(gap=distinct.groupby("record_id")["date"].diff().dt.days)
    contacts = _contacts(tables).merge(distinct, on=["record_id", "date"])
    return contacts.loc[contacts["gap"].isna() | (contacts["gap"] > days), "responded"].mean()


def _first_ever(tables):
    contacts = _contacts(tables).sort_values("date", kind="stable")
    return contacts.drop_duplicates("record_id")["responded"].mean()


def _answers(tables, question):
    return tables["survey_responses"].loc[lambda survey: survey["question_id"] == question, "answer"]


def _calls(tables):
    calls = _contacts(tables).loc[lambda contacts: contacts["channel"] == "phone"]
    return calls.merge(tables["source_records"][["record_id", "consent_phone"]], on="record_id")


def _yes(tables):
    needs = tables["survey_responses"].loc[lambda survey: survey["survey_id"] == "NEEDS"]
    return needs.groupby("question_id")["answer"].mean()


HINTS = {
    "interact_q01": (
        Misconception(
            "inbound_counted_as_response",
            "Contacts that customers began are in this rate. Nobody has to respond to them: keep to outbound.",
            lambda tables: _contacts(tables, None).groupby("channel")["responded"].mean(),
        ),
        Misconception(
            "counts_for_shares",
            "These are numbers of responses. Divide by the contacts of each channel.",
            lambda tables: _contacts(tables).groupby("channel")["responded"].sum(),
            credit=0.5,
        ),
    ),
    "interact_q02": (
        Misconception(
            "cost_per_contact",
            "This is the cost of a contact. Most contacts bring no response: divide by the responses.",
            lambda tables: _contacts(tables).groupby("channel")["cost"].mean(),
        ),
        Misconception(
            "cost_of_answered_contacts_only",
            "Only the contacts that were answered were paid here. The unanswered ones cost money as well.",
            lambda tables: _contacts(tables).query("responded").groupby("channel")["cost"].mean(),
        ),
    ),
    "interact_q03": (
        Misconception(
            "inbound_counted_as_contact",
            "Contacts that customers began were counted as contacts before. They do not tire the customer.",
            lambda tables: _rested(tables, None),
            credit=0.5,
        ),
        Misconception(
            "first_contact_ever",
            "This looks at the first contact ever. Whoever rested for four weeks counts again.",
            _first_ever,
            credit=0.5,
        ),
        Misconception(
            "all_contacts",
            "This is the response rate of all outbound contacts.",
            lambda tables: _contacts(tables)["responded"].mean(),
            credit=0,
        ),
    ),
    "interact_q04": (
        Misconception(
            "silence_read_as_consent",
            "Only an outspoken no was counted. No statement is no consent.",
            lambda tables: int((_calls(tables)["consent_phone"] == "no").sum()),
        ),
        Misconception(
            "records_for_contacts",
            "This counts records. The question counts the calls they got.",
            lambda tables: _calls(tables).query("consent_phone != 'yes'")["record_id"].nunique(),
            credit=0.5,
        ),
    ),
    "interact_q05": (
        Misconception(
            "mean_for_net_promoter_score",
            "This is the mean answer. The net promoter score compares promoters with detractors.",
            lambda tables: _answers(tables, "NPS").mean(),
        ),
        Misconception(
            "passives_counted_as_promoters",
            "Answers of 7 or 8 are passive: neither promoters nor detractors.",
            lambda tables: 100 * ((_answers(tables, "NPS") >= 7).mean() - (_answers(tables, "NPS") <= 6).mean()),
            credit=0.5,
        ),
        Misconception(
            "score_as_fraction",
            "The score is given from -100 to 100, not as a fraction of one.",
            lambda tables: (_answers(tables, "NPS") >= 9).mean() - (_answers(tables, "NPS") <= 6).mean(),
            credit=0.5,
        ),
    ),
    "interact_q06": (
        Misconception(
            "top_box_only",
            "This is the share of 5. The question asks for 4 or 5.",
            lambda tables: (_answers(tables, "CSAT") == 5).mean(),
            credit=0.5,
        ),
    ),
    "interact_q07": (
        Misconception(
            "popular_for_informative",
            "This is the question most say yes to. If nearly everybody gives the same answer, how much does it tell?",
            lambda answer, tables: answer.strip().upper() == _yes(tables).idxmax(),
            credit=0,
        ),
        Misconception(
            "rare_for_informative",
            "This is the question fewest say yes to. A no was to be expected: how much does it tell?",
            lambda answer, tables: answer.strip().upper() == _yes(tables).idxmin(),
            credit=0,
        ),
    ),
    "interact_q08": (
        Misconception(
            "respondents_stand_for_all",
            "Would somebody who is angry, or gone, fill in your form as readily as somebody who is content?",
            chose("nothing is lost: those who answer stand"),
            credit=0,
        ),
        Misconception(
            "silence_counted_as_zero",
            "No answer is not an answer of zero. It is unknown.",
            chose("the score of all is 2.05: whoever does"),
            credit=0,
        ),
    ),
    "interact_q09": (
        Misconception(
            "rate_for_cost",
            "This channel is answered most often. What does an answer cost there?",
            lambda tables: _contacts(tables).groupby("channel")["responded"].mean().idxmax(),
            0.25,
        ),
        Misconception(
            "cheap_for_effective",
            "A contact is cheapest here. How many are answered?",
            lambda tables: _contacts(tables).groupby("channel")["cost"].mean().idxmin(),
            0.25,
        ),
    ),
    "interact_q10": (
        Misconception(
            "against_all",
            "This compares with all contacts, the rested ones among them.",
            lambda tables: _rested(tables) - _contacts(tables)["responded"].mean(),
            0.5,
        ),
    ),
}
