"""Records made comparable: one spelling for what differs only in how it was written down.

Standardising removes differences that mean nothing (capitals, accents, "St" for "Street", blanks in a telephone
number), so that the statistical comparison afterwards has to weigh only those that may mean something.
"""

import re
import unicodedata

import numpy as np
import pandas as pd

# Letters that Unicode does not take apart into a plain letter and a mark.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "ı": "i", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th"})
_ABBREVIATED = {
    "street": "st", "str": "st", "strasse": "st", "road": "rd", "lane": "ln", "avenue": "ave", "av": "ave",
    "square": "sq", "drive": "dr", "court": "ct", "place": "pl", "boulevard": "blvd", "terrace": "ter",
}  # fmt: skip
_NO_FORMS: list[str] = []  # one list for all the names that have none
# Two names are forms of each other when they share the e-mail address of so many people, and of such a share of those
# who bear the rarer.
_OFTEN_ENOUGH, _SHARE_OF_RARER = 2, 0.01
MOST_SURNAMES = 10  # of people who may share an e-mail address or a telephone number; a household has fewer
_NO_NUMBER = ("0", "00", "000", "0000", "-1")  # what stands where nobody has a customer number


def standardise(source_records: pd.DataFrame) -> pd.DataFrame:
    """The columns that records are compared by, in one spelling.

    Parameters:
        source_records: As in the contract ``source_records``; columns that may be missing are treated as empty.
    Returns:
        DataFrame: One row per record: record_id, touchpoint, number (customer number), first_name, last_name (plain
            lower-case letters), first_latin, last_latin (whether the name is in Latin letters), first_forms, last_forms
            (lists: the other forms of that name, see :func:`name_forms`), email, birth_date (ISO text), birth_swapped
            (day and month exchanged), phone (digits), street (without house number), house, postcode, city; placeholder
            (whether a customer number, e-mail address or telephone number was left out as one, see
            :func:`placeholders`). Missing values are None.

    >>> record = {"record_id": "r1", "touchpoint": "web_shop", "first_name": "Zoë", "last_name": "GROSS",
    ...           "email": " Zoe@Mail.example", "phone": "+999 123-45", "street": "Elm Street 4"}
    >>> row = standardise(pd.DataFrame([record])).iloc[0]
    >>> row["first_name"], row["email"], row["phone"], row["street"], row["house"]
    ('zoe', 'zoe@mail.example', '99912345', 'elm st', '4')
    """
    records = source_records.reset_index(drop=True)
    absent = pd.Series(None, index=records.index, dtype="str")

    def field(name: str) -> pd.Series:
        return records.get(name, absent)

    born = pd.to_datetime(field("birth_date"))
    made = {
        "record_id": records["record_id"],
        "touchpoint": records["touchpoint"],
        "number": field("customer_id"),
        "first_name": _each(field("first_name"), plain_letters),
        "last_name": _each(field("last_name"), plain_letters),
        "email": _each(field("email"), lambda text: text.strip().casefold() if "@" in text else ""),
        "birth_date": born.dt.strftime("%Y-%m-%d"),
        "birth_swapped": born.dt.strftime("%Y-%d-%m"),
        "phone": _each(field("phone"), lambda text: re.sub(r"\D", "", text).removeprefix("00")),
        "street": _each(field("street"), _street),
        "house": _each(field("street"), _house),
        "postcode": _each(field("postcode"), lambda text: re.sub(r"\W", "", text).casefold()),
        "city": _each(field("city"), plain_letters),
    }
    surnames = made["last_name"].fillna(made["first_name"])
    set_aside = {name: placeholders(made[name], surnames) for name in ("number", "email", "phone")}
    set_aside["number"] |= made["number"].isin(_NO_NUMBER) & surnames.groupby(made["number"]).transform("nunique").gt(1)
    for name, left_out in set_aside.items():
        made[name] = made[name].where(~left_out)
    for part in ("first", "last"):
        names = made[f"{part}_name"]
        made[f"{part}_latin"] = _each(names, lambda text: "y" if text.isascii() else "n")
        forms = name_forms(names, made["email"], made["birth_date"])
        made[f"{part}_forms"] = names.map(
            lambda name, forms=forms: forms.get(name, _NO_FORMS) if isinstance(name, str) else _NO_FORMS
        )
    prepared = pd.DataFrame(made)
    for name in prepared.columns.difference(["first_forms", "last_forms"]):
        column = prepared[name].astype(object)
        prepared[name] = column.where(prepared[name].notna() & (column != ""), None)
    return prepared.assign(placeholder=pd.DataFrame(set_aside).any(axis=1))


def placeholders(values: pd.Series, surnames: pd.Series) -> pd.Series:
    """Which values stand for nobody in particular: people of more than ten surnames have given the same.

    Such are the address somebody types when a form insists on one, and the number of a switchboard.

    >>> surnames = pd.Series([f"family {i}" for i in range(12)])
    >>> placeholders(pd.Series(["none@none.example"] * 11 + ["a@b.example"]), surnames).sum()
    np.int64(11)
    """
    return surnames.groupby(values).transform("nunique").gt(MOST_SURNAMES)


def name_forms(names: pd.Series, emails: pd.Series, birth_dates: pd.Series | None = None) -> dict[str, list[str]]:
    """Which names stand for each other, learnt from the records themselves.

    Somebody who is Katherine in one record and Kathy in another, with one e-mail address in both, shows that the two
    are forms of one name; likewise a name in its own script and its Latin spelling. Two names count as forms of each
    other when they share the e-mail address of at least two people, and of at least 1% of those who bear the rarer.
    Two of different dates of birth do not count: couples share an address, too.

    Parameters:
        names, emails, birth_dates (Series of text): One per record, standardised.
    Returns:
        dict of str to list of str: Name to its other forms, in alphabetical order; names without any are left out.

    >>> names = pd.Series(["katherine", "kathy", "kathy", "katherine", "paul"])
    >>> name_forms(names, pd.Series(["a@b", "a@b", "c@b", "c@b", "d@b"]))
    {'katherine': ['kathy'], 'kathy': ['katherine']}
    """
    seen = pd.DataFrame({"name": names, "email": emails, "born": birth_dates}).dropna(subset=["name", "email"])
    bearers = seen.drop_duplicates(["name", "email"])["name"].value_counts()
    seen = seen.drop_duplicates()
    shared = seen[seen["email"].duplicated(keep=False)]
    pairs = shared.merge(shared, on="email")
    same = pairs["born_x"].isna() | pairs["born_y"].isna() | pairs["born_x"].eq(pairs["born_y"])
    pairs = pairs[same & (pairs["name_x"] != pairs["name_y"])].drop_duplicates(["email", "name_x", "name_y"])
    counts = pairs.groupby(["name_x", "name_y"]).size().rename("people").reset_index()
    rarer = np.minimum(counts["name_x"].map(bearers), counts["name_y"].map(bearers))
    often = counts[(counts["people"] >= _OFTEN_ENOUGH) & (counts["people"] >= _SHARE_OF_RARER * rarer)]
    return {name: sorted(group["name_y"]) for name, group in often.groupby("name_x")}


def plain_letters(text: str) -> str:
    """Letters and digits alone, lower case, without accents; other scripts stay as they are.

    >>> plain_letters(" O'Brien-Łukasz "), plain_letters("Ольга")
    ('obrienlukasz', 'ольга')
    """
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return "".join(letter for letter in folded if letter.isalnum())


def _street(text: str) -> str:
    """Name of the street in plain letters, usual words abbreviated, without the house number."""
    words = re.findall(r"\w+", text.casefold())
    return " ".join(plain_letters(_ABBREVIATED.get(word, word)) for word in words if not word[0].isdigit())


def _house(text: str) -> str:
    return "".join(word for word in re.findall(r"\w+", text.casefold()) if word[0].isdigit())


def _each(column: pd.Series, change) -> pd.Series:
    """Apply a function to every distinct value once; a million records have far fewer different names."""
    distinct = column.dropna().unique()
    return column.map({value: change(str(value)) for value in distinct}).astype("str")
