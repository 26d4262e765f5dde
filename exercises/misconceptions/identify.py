"""Misconceptions of the assignment identify: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

from idic_lab.exercises.answer_key import Misconception, chose


def _records(tables):
    return tables["source_records"]


def _pairs(sizes):
    return int((sizes * (sizes - 1) // 2).sum())


def _missing_merged(answer, tables):
    """All records without an e-mail address under one label."""
    missing = _records(tables).loc[lambda records: records["email"].isna(), "record_id"]
    return len(missing) > 1 and answer.reindex(missing).nunique(dropna=False) == 1


def _by_name_alone(answer, tables):
    records = _records(tables).dropna(subset=["first_name", "last_name"])
    names = records["first_name"].str.lower() + " " + records["last_name"].str.lower()
    said = answer.reindex(records["record_id"])
    alike = names.nunique() == said.nunique()
    return alike and bool((said.astype("str").groupby(names.to_numpy()).nunique() == 1).all())


def _consent(tables, how):
    stated = _records(tables).dropna(subset=["customer_id", "consent_email"]).sort_values("updated")
    return int(stated.groupby("customer_id")["consent_email"].agg(how).eq("yes").sum())


def _cost_share_of_counts(tables):
    known = _records(tables).loc[lambda records: records["customer_id"].notna(), "record_id"]
    return tables["interactions"]["record_id"].isin(known).mean()


HINTS = {
    "identify_q01": (
        Misconception(
            "people_for_records",
            "This counts customer numbers. The question counts records, with or without one.",
            lambda tables: _records(tables).groupby("touchpoint")["customer_id"].nunique(),
        ),
    ),
    "identify_q02": (
        Misconception(
            "complement",
            "This is the share without a customer number.",
            lambda tables: _records(tables)["customer_id"].isna().mean(),
            credit=0.5,
        ),
    ),
    "identify_q03": (
        Misconception(
            "counts_for_shares",
            "These are counts. A large touchpoint misses more than a small one even where it is more careful: divide "
            "by its records.",
            lambda tables: _records(tables)["birth_date"].isna().groupby(_records(tables)["touchpoint"]).sum(),
            credit=0.5,
        ),
        Misconception(
            "complement",
            "This is the share with a birth date.",
            lambda tables: _records(tables)["birth_date"].notna().groupby(_records(tables)["touchpoint"]).mean(),
            credit=0.5,
        ),
    ),
    "identify_q04": (
        Misconception(
            "missing_is_no_address",
            "Records without an address were counted as if missing were an address.",
            lambda tables: _records(tables)["email"].str.lower().nunique(dropna=False),
            credit=0.5,
        ),
        Misconception(
            "records_for_addresses",
            "This counts the records with an address. Several records may share one.",
            lambda tables: int(_records(tables)["email"].notna().sum()),
        ),
    ),
    "identify_q05": (
        Misconception(
            "missing_equals_missing",
            "Records without an address were paired with each other. Two missing values are not the same address.",
            lambda tables: _pairs(_records(tables)["email"].str.lower().value_counts(dropna=False)),
        ),
        Misconception(
            "pairs_counted_twice",
            "Each pair was counted twice, once from either side.",
            lambda tables: 2 * _pairs(_records(tables)["email"].str.lower().value_counts()),
            credit=0.5,
        ),
        Misconception(
            "records_for_pairs",
            "This counts records that repeat an address. Three records with one address are three pairs.",
            lambda tables: int(_records(tables)["email"].dropna().str.lower().duplicated().sum()),
            credit=0.5,
        ),
    ),
    "identify_q06": (
        Misconception(
            "missing_equals_missing",
            "All records without an e-mail address were given one label: strangers were merged because they have "
            "nothing in common.",
            _missing_merged,
            credit=0.1,
        ),
        Misconception(
            "linked_by_name_alone",
            "Names alone were compared. People share names, and one person's name is written in several ways.",
            _by_name_alone,
            credit=0.5,
        ),
    ),
    "identify_q07": (
        Misconception(
            "household_taken_for_person",
            "Which people have the same last name, street and birth date, and are two?",
            chose("merge them, since three fields"),
            credit=0,
        ),
        Misconception(
            "age_taken_for_error",
            "An older record may be another person's, and it may hold the consent.",
            chose("delete the older record of the"),
            credit=0,
        ),
    ),
    "identify_q08": (
        Misconception(
            "counts_for_cost",
            "This is a share of the number of contacts. The question asks for a share of their cost.",
            _cost_share_of_counts,
            credit=0.5,
        ),
    ),
    "identify_q09": (
        Misconception(
            "any_yes_is_consent",
            "A yes was found somewhere, but it may have been withdrawn since. The record updated last holds.",
            lambda tables: _consent(tables, lambda said: "yes" if (said == "yes").any() else "no"),
        ),
        Misconception(
            "first_statement_holds",
            "The first statement was taken. The one on the record updated last holds.",
            lambda tables: _consent(tables, "first"),
        ),
        Misconception(
            "records_for_customers",
            "This counts records with a yes. The question counts customers.",
            lambda tables: int((_records(tables).dropna(subset=["customer_id"])["consent_email"] == "yes").sum()),
        ),
    ),
    "identify_q10": (
        Misconception(
            "share_for_reach",
            "This touchpoint lacks the largest share of its addresses. A line on its form reaches few: count the records.",
            lambda tables: _records(tables)["email"].isna().groupby(_records(tables)["touchpoint"]).mean().idxmax(),
            0.25,
        ),
    ),
    "identify_q11": (
        Misconception(
            "refusal_taken_for_silence",
            "Those who said no are in this number. They were asked, and have answered.",
            lambda tables: (
                _records(tables)["customer_id"].nunique()
                - _records(tables).query("consent_phone == 'yes'")["customer_id"].nunique()
            ),
            0.25,
        ),
    ),
    "identify_q12": (
        Misconception(
            "common_taken_for_telling",
            "How many pairs of strangers have that in common as well? Rare things speak louder than common ones.",
            lambda answer: not answer.startswith("both carry"),
            0.0,
        ),
    ),
}
