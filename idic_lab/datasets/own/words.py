"""What headers and single values say, by the words of ``words.toml``: which column plays which role, what a status means."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
import pandas as pd

from idic_lab.errors import COMMAND_LINE, DataError, UnknownName, option

WORDS = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
BLANK = " \t\r\n\u00a0\u3000\ufeff\u200b"
MISSING = frozenset(["", *WORDS["missing"].split()])  # what people and programs write where there is no value
_BEYOND_ASCII = str.maketrans("ıøłđð", "iolđd")
# In the order in which they are looked for: "Shipped, returned to seller" is a return.
_KINDS = ("failed", "returned", "other", "open", "sale")


def normalise(header: str) -> str:
    """A header without case, blanks, punctuation, accents and full-width forms, for comparison.

    >>> normalise("\\ufeff Customer_ID "), normalise("Référence"), normalise("ゲスト")
    ('customerid', 'reference', 'ゲスト')
    """
    text = unicodedata.normalize("NFKC", str(header)).casefold().translate(_BEYOND_ASCII)
    plain = re.sub("(?<=[a-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFKD", text))
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", plain))


TOTALS, GUESTS = (frozenset(map(normalise, WORDS[kind].split())) for kind in ("totals", "guests"))
_STATUS = {kind: frozenset(map(normalise, words.split())) for kind, words in WORDS["status"].items()}


@dataclass
class Parsed:
    """What becomes of one column when it is read: one value per row."""

    result: np.ndarray
    reasons: np.ndarray  # why there is no value; None where there is one
    assumptions: list[str] = field(default_factory=list)  # for the card
    symbols: frozenset[str] = frozenset()  # currency signs and codes that were seen


def by_distinct_value(column: pd.Series, parse: Callable[[pd.Series], Parsed], missing: str) -> Parsed:
    """Parse the distinct texts of a column once and spread the answers; a missing value gets `missing` as reason."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    text = pd.Series(np.asarray(distinct, dtype=object), dtype="str").str.strip(BLANK)
    parsed = parse(text)
    absent = text.str.lower().isin(MISSING).to_numpy()
    reasons = np.append(np.where(absent, missing, parsed.reasons), missing).astype(object)
    values = np.append(parsed.result, np.array([np.nan]).astype(parsed.result.dtype))
    values[:-1][absent] = values[-1]
    return Parsed(values[codes], reasons[codes], parsed.assumptions, parsed.symbols)


def sample(values: pd.Series, number: int = 3) -> str:
    """The first few values, quoted, for a message."""
    return ", ".join(repr(value) for value in values.iloc[:number])


def status(text: str) -> str:
    """What a status or a type says: "sale", "open", "failed", "returned", "partly" (returned), "other", or "" when unknown.

    >>> [status(word) for word in ["Paid", "Storniert", "partially refunded", "not paid", "交易关闭", "blue"]]
    ['sale', 'failed', 'partly', 'open', 'failed', '']
    """
    words = {normalise(word) for word in re.split(r"[\W_]+", text)} - {""}
    whole = words | {normalise(text)}

    def said(kind: str) -> bool:
        listed = _STATUS[kind]
        return bool(whole & listed) or any(not word.isascii() and word in text for word in listed)

    found = next((kind for kind in _KINDS if said(kind)), "")
    if found == "returned" and said("partly"):
        return "partly"
    return "open" if found == "sale" and said("negation") else found


def says_won(text: str) -> bool:
    """Whether a stage calls a deal won."""
    return status(text) == "sale" and any(word in normalise(text) for word in _STATUS["won"])


def is_total(text: str, others: Collection[str] = ()) -> bool:
    """Whether a text stands for a line of totals: the word, with a number or month, or with the name of another row.

    >>> is_total("Summe 2023"), is_total("Total Wine"), is_total("A Total", others=["A"])
    (True, False, True)
    """
    words = [word for word in re.split(r"[\s:.,_/-]+", text) if word]
    ways = [(words[0], words[1:]), (words[-1], words[:-1])] if words else []
    named = [rest for total, rest in ways if normalise(total) in TOTALS]
    dated = any(all(word.isdigit() or word.casefold() in MONTHS for word in rest) for rest in named)
    return dated or normalise(text) in TOTALS or any(" ".join(rest) in others for rest in named)


def _months() -> dict[str, int]:
    """Month names of all languages, their short forms, and what of three letters or more can mean one month alone."""
    whole, begun = {}, {}
    for names in WORDS["months"].values():
        for number, forms in enumerate(names.split(), start=1):
            for form in forms.split("/"):
                bare = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", form))
                for word in {form, unicodedata.normalize("NFC", bare)}:
                    whole[word.strip(".")] = number
                    for length in range(3, len(word)):
                        begun.setdefault(word[:length], set()).add(number)
    return {word: min(numbers) for word, numbers in begun.items() if len(numbers) == 1} | whole


MONTHS = _months()

# One name among the numbers ("Shop Ltd") is no list of names; more than this share of them is.
_SHARE = 0.02
_LETTER = r"[^\W\d_]"
# Letters, vowel signs of scripts that write them beside their letters, and what stands between the parts of a name.
_WORDS = f"{_LETTER}(?:{_LETTER}|[\u0300-\u036f\u0591-\u06ff\u0900-\u0e7f .,&/'’·-])+"
_PERSONAL = (
    r"\S+@\S+\.\S+",  # an e-mail address
    r"(?:\+|00)\d[\d ()./-]{6,}",  # a telephone number with its country
    r"\(?0\d{1,4}\)?[ /-]\d[\d ./-]{4,}",  # one with its area
    r"(?:\+?1[ .-]?)?\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d+)?",  # an American one
    r"1[3-9]\d{9}|0[1-9]0\d{7,8}",  # a mobile number of China, of Korea or Japan
    rf"{_WORDS}(?: \d\d?)?",  # words without digits, in any script
)
# Letters alone that are codes: one or two of them, all small or all capitals.
_LETTER_CODES = r"(?-i:[A-Z]{1,2}|[a-z]{1,2})"
_PLAIN_TELEPHONE = r"1?[2-9]\d\d[2-9]\d{6}"


def looks_personal(identifiers: pd.Series) -> bool:
    """Whether a column of customer numbers in truth holds names, e-mail addresses or telephone numbers, in any script.

    So it is when more than 2% of the distinct values have the shape of one, when most are ten digits as an American telephone
    number has, or when they are nicknames: letters of many kinds with a few digits behind.

    >>> looks_personal(pd.Series(["C0017", "C0018", "12345"]))
    False
    >>> [looks_personal(pd.Series([name])) for name in ["ada@mail.example", "ŽOFIE K.", "김철수", "(555) 234-5678"]]
    [True, True, True, True]
    """
    distinct = identifiers.dropna().drop_duplicates().astype("str").str.strip(BLANK)
    if len(distinct) > 20_000:
        distinct = distinct.sample(20_000, random_state=0)
    if distinct.empty:
        return False
    named = distinct.str.fullmatch("|".join(_PERSONAL)) & ~distinct.str.fullmatch(_LETTER_CODES)
    telephones = distinct.str.fullmatch(_PLAIN_TELEPHONE)
    # A code repeats its letters from one customer to the next, a nickname does not.
    nicknamed = distinct[distinct.str.fullmatch(rf"{_LETTER}{{3,}}[._-]?(?:{_LETTER}+)?\d{{1,4}}")]
    stems = nicknamed.str.replace(r"\d+$", "", regex=True)
    nicknames = len(stems) if stems.nunique() > max(2, len(stems) / 3) else 0
    return bool((named.sum() + nicknames) / len(distinct) > _SHARE or telephones.mean() > 0.5)


# Per role, headers in order of preference: those in one string are equally good, so two of them in one file are
# ambiguous; those in a later one are used only when no earlier one is there.
HEADERS: dict[str, tuple[str, ...]] = {role: tuple(tiers) for role, tiers in WORDS["headers"].items()}
REQUIRED = ("customer_id", "date", "amount")
# Given by a person alone: the amount of a whole order, which stands on each of its lines.
ORDER_TOTAL = "order_total"
ROLES = (*HEADERS, ORDER_TOTAL)
EMAILS, NAMES = 3, 4  # ranks of the customer's headers under which personal text stands
_DATA = re.compile(r"[-+]?[\d.,/:\s-]+(?:T[\d:.]+Z?)?|.+@.+\..+")  # a number, a date or an address: no name of a column


def parse(text: str) -> dict[str, str]:
    """Columns written as on the command line: ``role=header``, separated by commas, headers quoted when need be.

    A role with nothing after the equals sign is to be ignored.

    >>> parse('customer_id="Contact Name",amount=Total')
    {'customer_id': 'Contact Name', 'amount': 'Total'}
    >>> parse("amount='Total, net',status=")
    {'amount': 'Total, net', 'status': ''}
    """
    pair = re.compile(r"""\s*([^=,"']+?)\s*=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^,"']*)\s*(?:,|$)""")
    columns: dict[str, str] = {}
    while text:
        match = pair.match(text)
        if match is None:
            raise DataError(
                f"--columns cannot be understood from {text!r} on. "
                'Write role=header pairs, such as customer_id="Contact Name",date=Closed.'
            )
        role, header, text = match[1], match[2].strip(), text[match.end() :]
        if header[:1] in ("'", '"'):
            header = header[1:-1].replace(header[0] * 2, header[0])
        if role in columns:
            raise DataError(f"--columns names the role {role!r} twice.")
        columns[role] = header
    return columns


def as_mapping(given: Mapping[str, str] | str | None) -> dict[str, str]:
    """Columns as a mapping, however they were written."""
    return parse(given) if isinstance(given, str) else dict(given or {})


def recognise(
    name: str,
    headers: Mapping[str, str],
    given: Mapping[str, str] | str | None = None,
    empty: Collection[str] = (),
    fits: Callable[[str, str], bool] = lambda role, label: True,
) -> tuple[dict[str, str], dict[str, str]]:
    """Which column plays which role, by its label, and how that was decided, for the card.

    A second column that tells an order's status is the role ``status 2``, and so on.

    Parameters:
        headers (mapping of str to str): Column label to the header as written.
        given: Role to header, or the same as the command line writes it; "" means there is no such column.
        empty (collection of str): Labels of columns without any value; never chosen by themselves.
        fits: Whether the values of a column, by its label, can be those of a role: no text is chosen or suggested for an
            amount. Of the role "repeats" it says whether values come more than once: what does not numbers rows, not people.
    Raises:
        DataError: When a needed role has no column, or several columns are equally good.
        UnknownName: When a role or header that was given does not exist.

    >>> headers = {header: header for header in ["Contact Name", "Closing Date", "Amount"]}
    >>> recognise("deals.csv", headers)[0]
    {'customer_id': 'Contact Name', 'date': 'Closing Date', 'amount': 'Amount'}
    """
    given = {{"stage": "status"}.get(role, role): header for role, header in as_mapping(given).items()}
    roles = _given_roles(name, headers, given)
    reasons = {role: f"{label!r} (given)" for role, label in roles.items()}
    usual = {label: normalise(header) for label, header in headers.items() if label not in empty}
    for role, label, export in _of_known_export(usual):
        if role not in given and label not in roles.values():
            given = given | {role: ""}
            if label:
                roles[role], reasons[role] = label, f"{label!r} (as {export} exports it)"
    ambiguous: dict[str, list[str]] = {}
    for role, tiers in HEADERS.items():
        if role in given or (role == "amount" and ORDER_TOTAL in given):
            continue
        free = {label: word for label, word in usual.items() if label not in roles.values()}
        choices = _candidates(tiers, free, lambda label, role=role: fits(role, label))
        if role == "customer_id" and choices and usual[choices[0]] == "id" and not fits("repeats", choices[0]):
            choices = []  # the number of a row
        if role == "status":
            choices = [label for tier in tiers for label, word in free.items() if word in tier.split()]
            for number, label in enumerate(choices, start=1):
                key = role if number == 1 else f"{role} {number}"
                roles[key], reasons[key] = label, f"{label!r} (recognised)"
        elif len(choices) > 1:
            ambiguous[role] = choices
        elif choices:
            roles[role], reasons[role] = choices[0], f"{choices[0]!r} (recognised)"
    priced = "unit_price" in roles and "amount" not in given
    if priced and not {"amount", ORDER_TOTAL, "quantity"} & {*roles, *ambiguous}:
        roles["amount"] = roles.pop("unit_price")  # a price without a quantity beside it is what was paid
        reasons["amount"] = reasons.pop("unit_price")
    if {"amount", ORDER_TOTAL} & set(roles):
        # The amount is there already, so it does not matter which of two columns is the unit price.
        ambiguous.pop("unit_price", None)
    needed = {role: ambiguous.pop(role) for role in (*REQUIRED, "quantity", "unit_price") if role in ambiguous}
    for role, labels in ambiguous.items():  # of what is only shown, the first will do
        roles[role], reasons[role] = labels[0], f"{labels[0]!r} (recognised)"
    if needed:
        listed = "; ".join(f"{role} may be {' or '.join(map(repr, labels))}" for role, labels in needed.items())
        first = {role: labels[0] for role, labels in needed.items()}
        raise DataError(f"{name}: more than one column fits: {listed}. {_how_to_say(first)}")
    _require(name, roles, headers, empty, fits, counted=given.get("amount") == "")
    ordered = sorted(roles, key=lambda role: ROLES.index(role.split()[0]))
    return {role: roles[role] for role in ordered}, {role: reasons[role] for role in ordered}


def is_personal(header: str) -> bool:
    """Whether the header of the customer's column is one under which names and addresses stand, not numbers."""
    return normalise(header) in " ".join(HEADERS["customer_id"][EMAILS : NAMES + 1]).split()


def is_order_total(header: str) -> bool | None:
    """Whether a header speaks of a whole order (True), of one line of it (False), or does not say (None)."""
    word = normalise(header)
    if word in HEADERS["amount"][1].split():
        return False
    return True if any(mark in word for mark in WORDS["of_orders"].split()) else None


def _of_known_export(usual: Mapping[str, str]):
    """Role, column label ("" for none) and name of the program, for the first export whose headers are all there."""
    labels = {word: label for label, word in reversed(usual.items())}
    for export in WORDS["exports"]:
        if set(export["known_by"].split()) <= set(labels):
            for role, word in export["columns"].items():
                if not word or word in labels:
                    yield role, labels.get(word, ""), export["name"]
            return


def _given_roles(name: str, headers: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for role, wanted in given.items():
        if role not in ROLES:
            raise UnknownName("column role", role, ROLES)
        if not wanted:
            if role in REQUIRED and role != "amount":
                raise DataError(f"{name}: every transaction needs {role}; say which column it is.")
            continue
        matches = [label for label in headers if label == wanted]
        matches = matches or [label for label in headers if normalise(label) == normalise(wanted)]
        if not matches:
            raise UnknownName(f"column for {role} in {name}:", wanted, headers)
        if matches[0] in roles.values():
            raise DataError(f"{name}: column {matches[0]!r} was given for two roles.")
        roles[role] = matches[0]
    return roles


def _candidates(tiers, usual: Mapping[str, str], fits: Callable[[str], bool]) -> list[str]:
    """Labels of the columns whose headers are usual for a role, those of the best rank alone."""
    for tier in tiers:
        found = [label for label, word in usual.items() if word in tier.split()]
        if found:
            return found if len(found) == 1 else [label for label in found if fits(label)] or found[:1]
    return []


def _require(name: str, roles: Mapping[str, str], headers: Mapping[str, str], empty, fits, counted: bool) -> None:
    missing = [role for role in REQUIRED if role not in roles and not (counted and role == "amount")]
    if "amount" in missing and (ORDER_TOTAL in roles or {"quantity", "unit_price"} <= set(roles)):
        missing.remove("amount")
    if not missing:
        return
    if not roles and any(_DATA.fullmatch(header.strip()) for header in headers.values()):
        raise DataError(
            f"{name}: the first line holds data, not headers. Add a line above it with the column names, "
            "such as customer_id, date and amount."
        )
    wanted: dict[str, str] = {}
    for role in missing:
        taken = (*roles.values(), *wanted.values(), *empty)
        wanted[role] = _nearest(role, [label for label in headers if label not in taken and fits(role, label)], headers)
    hint = " or quantity and unit_price" if "amount" in missing else ""
    none = f" Where there are no amounts, {option('columns', 'amount=')} lets each row count as 1." if hint else ""
    raise DataError(
        f"{name}: no column for {', '.join(missing)}{hint} was recognised; "
        f"the headers are {', '.join(map(repr, headers))}. {_how_to_say(wanted)}{none}"
    )


def _nearest(role: str, free: list[str], headers: Mapping[str, str]) -> str:
    """Of the columns whose values fit, the one whose header is most like a usual one; the only one in any case."""
    usual = " ".join(HEADERS[role]).split()
    likeness = {
        label: max(difflib.SequenceMatcher(None, normalise(headers[label]), word).ratio() for word in usual)
        for label in free
    }
    best = max(likeness, key=likeness.__getitem__, default="…")
    return best if len(free) == 1 or likeness.get(best, 0) > 0.55 else "…"


def _how_to_say(choice: Mapping[str, str]) -> str:
    pairs = ",".join(f"{role}={_quoted(label)}" for role, label in choice.items())
    written = f"--columns {pairs}" if '"' not in pairs or not COMMAND_LINE.get() else f"--columns '{pairs}'"
    return f"Say which it is: {written}" + ("." if COMMAND_LINE.get() else f" (in Python: columns={dict(choice)!r}).")


def _quoted(label: str) -> str:
    return label if re.fullmatch(r"[\w.…-]+", label) else '"' + label.replace('"', '""') + '"'
