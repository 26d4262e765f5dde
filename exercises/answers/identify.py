"""Expected answers of the assignment on identification."""

import pandas as pd

from idic_lab.exercises.questions import AnyOf


def _numbered(tables):
    records = tables["source_records"]
    return records[records["customer_id"].notna()]


def identify_q01(tables):
    return tables["source_records"].groupby("touchpoint").size()


def identify_q02(tables):
    return len(_numbered(tables)) / len(tables["source_records"])


def identify_q03(tables):
    records = tables["source_records"]
    return 1 - records.groupby("touchpoint")["birth_date"].count() / records.groupby("touchpoint").size()


def identify_q04(tables):
    return len(set(tables["source_records"]["email"].dropna().str.lower()))


def identify_q05(tables):
    records = tables["source_records"].dropna(subset=["email"])
    named = pd.DataFrame({"email": records["email"].str.lower(), "record_id": records["record_id"]})
    pairs = named.merge(named, on="email")
    return int((pairs["record_id_x"] < pairs["record_id_y"]).sum())


def _pairs_within(*labels):
    sizes = pd.concat(labels, axis=1).value_counts()
    return (sizes * (sizes - 1) / 2).sum()


def _precision_and_recall(answer, truth):
    owner = truth["record_owners"].set_index("record_id")["customer_id"]
    said = answer.reindex(owner.index)
    said = said.where(said.notna(), "alone " + owner.index.to_series()).astype("str").rename("said")
    both = _pairs_within(said, owner)
    return both / max(_pairs_within(said), 1), both / _pairs_within(owner)


def identify_q06(answer, truth):
    precision, recall = _precision_and_recall(answer, truth)
    score = 2 * precision * recall / max(precision + recall, 1e-9)
    said = f"Precision {precision:.0%}, recall {recall:.0%}, F1 {score:.2f}."
    if score >= 0.85:
        return 1.0, said
    return (round(score, 2) if score >= 0.3 else 0.0), f"{said} Full points from 0.85 on."


def identify_q07():
    return "keep them apart, or let a person look"


def identify_q08(tables):
    joined = tables["interactions"].merge(tables["source_records"][["record_id", "customer_id"]], on="record_id")
    return joined.loc[joined["customer_id"].notna(), "cost"].sum() / tables["interactions"]["cost"].sum()


def identify_q09(tables):
    stated = _numbered(tables).dropna(subset=["consent_email"])
    latest = stated[stated["updated"] == stated.groupby("customer_id")["updated"].transform("max")]
    refused = set(latest.loc[latest["consent_email"] == "no", "customer_id"])
    return len(set(latest["customer_id"]) - refused)


def identify_q10(tables):
    lacking = (
        tables["source_records"]
        .assign(lacks=lambda records: records["email"].isna())
        .groupby("touchpoint")["lacks"]
        .sum()
    )
    return AnyOf(lacking.index[lacking == lacking.max()])


def identify_q11(tables):
    numbered = _numbered(tables)
    return len(set(numbered["customer_id"]) - set(numbered.dropna(subset=["consent_phone"])["customer_id"]))


def identify_q12():
    return "both carry the same e-mail address of one person"
