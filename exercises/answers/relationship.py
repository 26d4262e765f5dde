"""Expected answers of the assignment on relationship, trust and readiness."""

import math
from datetime import timedelta


def _of(tables, role, step="identify"):
    answers = tables["readiness_answers"]
    return answers[(answers["role"] == role) & (answers["step"] == step)]


def _gap(tables, step="identify"):
    managers, customers = (_of(tables, role, step)["answer"] for role in ("manager", "customer"))
    return managers.sum() / len(managers) - customers.sum() / len(customers)


def _complaints(tables):
    return tables["interactions"].loc[lambda contacts: contacts["purpose"].eq("complaint")]


def relationship_q01(tables):
    return _gap(tables)


def relationship_q02(tables):
    squares = 0.0
    for role in ("manager", "customer"):
        means = _of(tables, role).groupby("respondent_id")["answer"].mean()
        squares += means.std(ddof=1) ** 2 / means.size
    return 1.96 * math.sqrt(squares)


def relationship_q03(tables):
    return max(("identify", "differentiate", "interact", "customize"), key=lambda step: _gap(tables, step))


def relationship_q04(tables):
    contacts = tables["interactions"].merge(
        tables["source_records"][["record_id", "customer_id"]], on="record_id", how="left"
    )
    return contacts.loc[contacts["customer_id"].isna(), "cost"].sum() / contacts["cost"].sum()


def relationship_q05(tables):
    return int(_complaints(tables)["resolved_on"].isna().sum())


def relationship_q06(tables):
    waiting = _complaints(tables).loc[lambda contacts: contacts["resolved_on"].isna(), "date"]
    return (tables["interactions"]["date"].max() - waiting).dt.days.mean()


def relationship_q07():
    return "those not settled yet are left out, and they are the ones that take longest"


def relationship_q08():
    return "apologise and settle it; after that the customer may be spoken to of other things"


def relationship_q09(tables):
    records = tables["source_records"]
    return len(set(records["customer_id"][records["consent_phone"].eq("yes")].dropna()))


def relationship_q10(tables):
    said = tables["source_records"]["consent_email"]
    return 1 - said.count() / len(said)


def relationship_q11(tables):
    bought = tables["transactions"]
    return 0.08 * 0.30 * bought["amount"].sum() / bought["customer_id"].nunique() / 2.5


def relationship_q12():
    return "ask a part of them by lot, and compare all who were asked with all who were not"


def _trial(tables, name):
    return tables["pilots"][tables["pilots"]["pilot"].eq(name)]


def _rate(part):
    return part["earned"].sum() / part["residual_value"].sum()


def _lift(tables, name):
    trial = _trial(tables, name)
    return _rate(trial[trial["treated"]]) - _rate(trial[~trial["treated"]])


def relationship_q13(tables):
    return _lift(tables, "checkup")


def relationship_q14():
    return "compare all who were asked with all who were not: whoever told had been wronged before"


def relationship_q15():
    return "that of the roll-out, against the quarter held back: it is what will be done again"


def relationship_q16(tables):
    trial = _trial(tables, "manager roll-out")
    worth = trial["residual_value"][~trial["treated"]]
    return int(worth.mul(_lift(tables, "manager roll-out")).gt(6).sum())


def relationship_q17(tables):
    lots = tables["points"]
    old = lots[lots["date"].le(lots["date"].max() - timedelta(days=365))]
    return old["points"].where(old["redeemed_on"].notna(), 0).sum() / old["points"].sum()


def _offered(tables, reward):
    trial = tables["consent_trial"]
    return trial.loc[trial["reward"].eq(reward), "agreed"]


def relationship_q18(tables):
    without, given = _offered(tables, 0).mean(), _offered(tables, 2).mean()
    return 2 + 2 * without / (given - without)


def relationship_q19(tables):
    agreed = tables["consent_trial"].query("agreed")
    return _rate(agreed.query("messages > 0")) - _rate(agreed.query("messages == 0"))


def relationship_q20():
    return "most who agreed withdraw within the year, so hardly more messages arrive, and few consents are left"
