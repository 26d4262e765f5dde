"""Expected answers of the assignment on interaction."""

import math


def _outbound(tables):
    return tables["interactions"].loc[lambda contacts: contacts["direction"] == "outbound"]


def _answers(tables, question):
    survey = tables["survey_responses"]
    return survey.loc[survey["question_id"] == question, "answer"]


def interact_q01(tables):
    return _outbound(tables).pivot_table(index="channel", values="responded", aggfunc="mean")["responded"]


def interact_q02(tables):
    sums = _outbound(tables).groupby("channel")[["cost", "responded"]].sum()
    return sums["cost"] / sums["responded"]


def interact_q03(tables):
    rested, responded = 0, 0
    for _, contacts in _outbound(tables).groupby("record_id"):
        dates = contacts["date"].to_numpy()
        for date, answered in zip(dates, contacts["responded"], strict=True):
            days = (date - dates).astype("timedelta64[D]").astype(int)
            if not ((days >= 1) & (days <= 28)).any():
                rested += 1
                responded += answered
    return responded / rested


def interact_q04(tables):
    records = tables["source_records"]
    agreed = set(records.loc[records["consent_phone"] == "yes", "record_id"])
    calls = _outbound(tables).loc[lambda contacts: contacts["channel"] == "phone", "record_id"]
    return int((~calls.isin(agreed)).sum())


def interact_q05(tables):
    answers = _answers(tables, "NPS")
    return 100 * ((answers > 8).sum() - (answers < 7).sum()) / len(answers)


def interact_q06(tables):
    answers = _answers(tables, "CSAT")
    return answers.isin([4, 5]).sum() / len(answers)


def interact_q07(answer, tables):
    survey = tables["survey_responses"]
    yes = survey[survey["survey_id"] == "NEEDS"].groupby("question_id")["answer"].mean()
    # The entropy is highest where the share of yes is nearest to one half; several questions may be equally near.
    distance = (yes - 0.5).abs()
    name = answer.strip().upper()
    right = name in distance.index and math.isclose(distance[name], distance.min(), abs_tol=1e-9)
    return (1.0, "Right.") if right else (0.0, "Another question has a higher entropy.")


def interact_q08():
    return "the score of all is likely lower: whoever is angry or gone answers less"


def interact_q09(tables):
    return interact_q02(tables).sort_values().index[0]


def interact_q10(tables, interact_q03):
    contacts = _outbound(tables)
    days = contacts[["record_id", "date"]].drop_duplicates().sort_values(["record_id", "date"])
    soon = days["date"].sub(days.groupby("record_id")["date"].shift()).dt.days <= 28
    tired = contacts.merge(days[soon], on=["record_id", "date"])
    return interact_q03 - tired["responded"].mean()


def interact_q11(tables):
    answers = _answers(tables, "NPS")
    points = answers.map(lambda given: 100.0 if given > 8 else -100.0 if given < 7 else 0.0)
    low, high = (points.mean() + sign * 1.96 * points.sem() for sign in (-1, 1))
    if low > 0 or high < 0:
        return f"the score is {'above' if low > 0 else 'below'} zero by more than chance"
    return "whether it is above or below zero cannot be told"
