"""Files about people rather than orders: contacts as a CRM exports them, and surveys with a row per respondent."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.datasets.own import Rows, engine, files, numbers_and_dates, words
from idic_lab.datasets.own import rejects as rejects_table
from idic_lab.datasets.own.words import WORDS, normalise
from idic_lab.errors import DataError

# Per role, headers in order of preference, as normalise() leaves them; the first that the file has plays the role.
HEADERS: dict[str, str] = WORDS["contacts"]
# Under these stand names, addresses and the like, whatever the table.
PERSONAL = frozenset(
    " ".join(HEADERS[role] for role in ("first_name", "last_name", "full_name", "email", "phone", "street")).split()
)


def describes(column: pd.Series) -> bool:
    """Whether a column describes groups of people rather than one: numbers, or texts that many share.

    >>> describes(pd.Series(["old", "young"] * 9, name="Age group")), describes(pd.Series(["Ada", "Bo"], name="Who"))
    (True, False)
    """
    held = column.dropna()
    if held.empty or normalise(column.name) in PERSONAL:
        return False
    different = held.nunique()
    if pd.api.types.is_numeric_dtype(held):
        return different < len(held) or held.abs().max() < 1e6  # else a number of each person's own, as of a telephone
    return different <= max(20, len(held) / 20) and different * 2 <= len(held)


_TRUE = {"true", "yes", "y", "1", "x", "是"}


@dataclass(frozen=True)
class Contacts:
    """The contacts of one export."""

    records: pd.DataFrame  # the columns of ``source_records`` that the export has, without touchpoint
    columns: dict[str, str]  # role to the header that plays it
    notes: list[str] = field(default_factory=list)  # what was assumed, and values that could not be read


def read_contacts(path: str | Path, today: pd.Timestamp | None = None, **reading: str) -> Contacts:
    """Read a CRM's export of contacts: CSV (of any usual encoding), Excel or Parquet.

    Parameters:
        today: Later dates are refused; today by default.
        **reading (str): encoding, separator or sheet, where they are not found out.
    Raises:
        DataError: When the file cannot be read, or no column holds a name, an e-mail address or a telephone number.

    "Opted out" is a refusal. "Not opted out" is no consent: nobody said yes, so it stays missing.

    >>> import tempfile
    >>> people = pd.DataFrame({"Contact ID": [7, 8], "Full Name": ["Ada Example", "Bo Sample"], "City": "Dunmere"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     people.to_csv(f"{folder}/fair.csv", index=False)
    ...     read_contacts(f"{folder}/fair.csv").records["last_name"].tolist()
    ['Example', 'Sample']
    """
    return of_rows(files.read(path, **reading), today)


def of_rows(rows: Rows, today: pd.Timestamp | None = None) -> Contacts:
    """The contacts of a file that was read."""
    by_header = rows.by_header
    roles = {
        role: next(by_header[word] for word in usual.split() if word in by_header)
        for role, usual in HEADERS.items()
        if set(usual.split()) & set(by_header)
    }
    if not {"first_name", "last_name", "full_name", "email", "phone"} & set(roles):
        raise DataError(
            f"{rows.name}: no column with a name, an e-mail address or a telephone number was recognised; the headers are "
            f"{', '.join(map(repr, rows.headers))}. Rename them to first_name, last_name, email or phone."
        )
    frame, notes = rows.frame.reset_index(drop=True), list(rows.notes)
    plain = ["record_id", "customer_id", "first_name", "last_name", "email", "street", "postcode", "city"]
    made = {role: _text(frame[roles[role]]) for role in plain if role in roles}
    if "record_id" not in made:
        made["record_id"] = pd.Series([f"{Path(rows.name).stem}-{line}" for line in rows.lines], dtype="str")
        notes.append("no column numbers the records; they are named by file and line")
    if "full_name" in roles and not {"first_name", "last_name"} & set(roles):
        made["first_name"], made["last_name"] = _parted(_text(frame[roles["full_name"]]))
    if "phone" in roles:
        made["phone"] = _text(frame[roles["phone"]])  # the mobile first: an empty one gives way to the next
        for label in [by_header[word] for word in HEADERS["phone"].split() if word in by_header]:
            made["phone"] = made["phone"].fillna(_text(frame[label]))
    today = pd.Timestamp.today().normalize() if today is None else today
    for role in ("birth_date", "created", "updated"):
        if role in roles:
            parsed = numbers_and_dates.parse_dates(frame[roles[role]], roles[role], today=today)
            made[role] = pd.Series(parsed.result)
            notes += parsed.assumptions
            if unread := sum(reason not in (None, "no date") for reason in parsed.reasons):
                told = "could not be read as a date and are taken as missing"
                notes.append(f"{unread:,} values of {roles[role]!r} {told}")
    for channel, answer in itertools.product(("email", "phone"), ("yes", "no")):
        if f"{answer}_{channel}" in roles:
            ticked = _text(frame[roles[f"{answer}_{channel}"]]).str.casefold().isin(_TRUE)
            before = made.get(f"consent_{channel}", pd.Series(None, index=frame.index, dtype="str"))
            made[f"consent_{channel}"] = before.mask(ticked, answer)
    if broken := len(rows.broken):
        notes.append(
            f"{broken:,} rows could not be split into columns, the first on line {rows.broken['line'].iloc[0]}"
        )
    return Contacts(pd.DataFrame(made), roles, notes)


def _text(column: pd.Series) -> pd.Series:
    text = column.astype("str").str.strip()
    return text.where(text.ne("") & text.notna())


def _parted(name: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Given and family name; Chinese names are written family name first and without a blank."""
    chinese = name.str.fullmatch("[\u4e00-\u9fff]{2,4}").fillna(False).astype(bool)
    words = name.str.rpartition(" ").reindex(columns=range(3))  # a column without any name parts into nothing
    first = words[0].where(~chinese, name.str[1:]).astype("str")
    last = words[2].where(~chinese, name.str[:1]).astype("str")
    return first.where(first.ne("")), last.where(last.ne(""))


FEWEST = 5  # questions of one kind that make a battery
_WIDEST = 11  # points of a scale, as from 0 to 10
_YES, _NO, _MISSING, _DESCRIBE, _IDS = (
    frozenset(map(normalise, WORDS["survey"][kind].split())) for kind in ("yes", "no", "missing", "describe", "ids")
)
_DAYS = {*" ".join(WORDS["headers"]["date"]).split(), "zeitstempel", "submittedat", "enddate", "recordeddate"}
_USUAL = [(float(low), float(high)) for low in (0, 1) for high in (4, 5, 6, 7, 9, 10)]
_USUAL += [(1.0, 3.0), (-2.0, 2.0), (-3.0, 3.0)]
_SCALES = [{normalise(word): place for place, word in enumerate(scale, start=1)} for scale in WORDS["survey"]["scales"]]


def is_survey(frame: pd.DataFrame) -> bool:
    """Whether a table holds respondents by answers: five questions or more that are all answered in the same way.

    >>> is_survey(pd.DataFrame({f"Q{number}": ["yes", "no"] for number in range(5)} | {"Age": ["31", "42"]}))
    True
    """
    return any(len(labels) >= FEWEST for labels in _scales(frame).values())


def _scales(frame: pd.DataFrame) -> dict[tuple[float, float], list[str]]:
    """Columns of answers by the ends of their scale; (0, 1) is yes or no."""
    found: dict[tuple[float, float], list[str]] = {}
    for label in frame:
        read = None if normalise(label) in _DESCRIBE | _IDS else answers(frame[label])
        if read is not None and read.notna().any():
            low, high = float(read.min()), float(read.max())
            found.setdefault((0.0, 1.0) if low >= 0 and high <= 1 else (low, high), []).append(label)
    # Where nobody ticked an end, a question belongs to the usual scale that holds the most of them for its width.
    points = [(ends, label) for ends, labels in found.items() if ends != (0.0, 1.0) for label in labels]

    def held(scale: tuple[float, float]) -> list[str]:
        return [label for (low, high), label in points if scale[0] <= low and high <= scale[1]]

    best = max(_USUAL, key=lambda scale: len(held(scale)) / (scale[1] - scale[0]))
    if len(within := held(best)) < FEWEST:
        return found
    rest = {scale: labels for scale, labels in found.items() if not set(labels) <= set(within)}
    return rest | {best: sorted(within, key=list(frame).index)}


def answers(column: pd.Series) -> pd.Series | None:
    """The answers to one question as numbers (yes 1, no 0, points of a scale), or None when it is no question.

    >>> answers(pd.Series(["Yes", "No", "n/a"])).tolist()
    [1.0, 0.0, nan]
    >>> answers(pd.Series(["strongly agree", "neutral", None])).tolist()
    [5.0, 3.0, nan]
    >>> answers(pd.Series(["red", "blue"])) is None
    True
    """
    if pd.api.types.is_bool_dtype(column):
        return column.astype("float64")
    if pd.api.types.is_numeric_dtype(column):
        number = column.astype("float64")
        return number if _is_scale(number) else None
    codes, distinct = pd.factorize(column.map(str, na_action="ignore"))
    plain = [str(word).strip(words.BLANK) for word in distinct]
    absent = [normalise(word) in _MISSING or word.lower() in words.MISSING for word in plain]
    said = ["" if none else normalise(word) for word, none in zip(plain, absent, strict=True)]
    given = {word for word in said if word}
    if not given or sum(map(bool, said)) > _WIDEST:
        return None

    def spread(read) -> pd.Series:
        return pd.Series(np.append(read, np.nan)[codes], index=column.index, dtype="float64")

    for known in ({word: float(word in _YES) for word in _YES | _NO}, *_SCALES):
        if given <= set(known):
            return spread([known.get(word, np.nan) for word in said])
    # "5 - fully agree", "5", "+2": the number at the beginning
    numbers = pd.Series(plain, dtype="str").str.extract(r"^([+-]?\d{1,2})(?![\d./:])")[0].astype("float64")
    if numbers[list(map(bool, said))].isna().any():
        return None
    number = spread(numbers.where(list(map(bool, said))))
    return number if _is_scale(number) else None


def _is_scale(number: pd.Series) -> bool:
    held = number.dropna()
    narrow = len(held) and held.max() - held.min() < _WIDEST and held.abs().max() < _WIDEST
    return bool(narrow and (held % 1 == 0).all())


def read_survey(rows: Rows, today: pd.Timestamp) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, list[str]]:
    """What a survey holds: its tables, who answered nothing as ``rejects``, and what was assumed.

    The tables are ``survey_responses``, ``survey_questions`` and, where respondents are described, ``demographics``. A battery of
    yes and no stays as it is. Where there are scales alone, agreement above their middle counts as yes in one of its own.
    """
    frame = rows.frame.reset_index(drop=True)
    found = {scale: labels for scale, labels in _scales(frame).items() if len(labels) >= FEWEST}
    if not found:
        raise DataError(
            f"{rows.name}: no battery of questions was recognised; a survey has a row per respondent and at least {FEWEST} "
            "columns answered with yes or no, or on one scale."
        )
    ids = next((label for label in frame if normalise(label) in _IDS and frame[label].is_unique), None)
    who = (frame[ids] if ids else "R" + pd.Series(rows.lines - 1).astype("str").str.zfill(4)).astype("str")
    when = next((label for label in frame if normalise(label) in _DAYS), None)
    day = pd.Series(pd.NaT, index=frame.index)
    if when is not None:
        day = pd.Series(numbers_and_dates.parse_dates(frame[when], when, today=today).result)
    people = pd.DataFrame({"record_id": who, "date": day.astype("datetime64[us]")})
    taken = [label for labels in found.values() for label in labels]
    name, notes, parts = rows.name.rsplit(".", 1)[0], [], []
    for (low, high), labels in found.items():
        answered = pd.DataFrame({label: answers(frame[label]) for label in labels})
        if (low, high) == (0.0, 1.0):
            parts.append(_long(name, answered, low, high, people))
            continue
        parts.append(_long(f"{name} {low:g} to {high:g}", answered, low, high, people))
        if (0.0, 1.0) not in found:
            agreed = answered.gt((low + high) / 2).astype("float64").where(answered.notna()).add_suffix(" (agreed)")
            parts.append(_long(f"{name} agreed", agreed, 0.0, 1.0, people))
            scale = f"{(low + high) / 2:g} on the scale {low:g} to {high:g}"
            notes.append(f"where yes or no is needed, answers above {scale} count as yes")
    responses, questions = (pd.concat(held, ignore_index=True) for held in zip(*parts, strict=True))
    made = {"survey_responses": responses, "survey_questions": questions}
    silent = ~who.isin(made["survey_responses"]["record_id"])
    about = frame.loc[~silent, [label for label in frame if label not in (*taken, ids, when)]].apply(engine.typed)
    described = [label for label in about if describes(about[label])]
    if described:
        about = about[described].astype({label: "str" for label in described if about[label].dtype == object})
        about = about.rename(columns={"customer_id": "customer id"})
        about.insert(0, "customer_id", who[~silent])
        made["demographics"] = about.reset_index(drop=True)
    shown = f"{len(described)} for what describes respondents ({_some(described)})"
    notes.insert(0, f"{len(taken)} columns were taken for questions ({_some(taken)}), {shown}")
    nothing = pd.Series([None] * int(silent.sum()), dtype="str")
    return made, rejects_table(rows.name, rows.lines[silent], "(all)", nothing, "no answer"), notes


def _long(survey: str, answered: pd.DataFrame, low: float, high: float, people: pd.DataFrame):
    """Answers of one survey, one row each, and its questions, under their contracts."""
    long = people.join(answered).melt(["record_id", "date"], var_name="question_id", value_name="answer")
    long = long.dropna(subset=["answer"]).assign(survey_id=survey)
    texts = [label.removesuffix(" (agreed)") for label in answered]
    asked = {"question_id": list(answered), "survey_id": survey, "text": texts, "minimum": low, "maximum": high}
    kinds = dict.fromkeys(("question_id", "survey_id"), "str")
    responses = long[["record_id", "survey_id", "date", "question_id", "answer"]].astype(kinds)
    return responses, pd.DataFrame(asked).astype(kinds | {"text": "str"})


def _some(labels: list[str]) -> str:
    return ", ".join(map(repr, labels[:4])) + (" …" if len(labels) > 4 else "")
