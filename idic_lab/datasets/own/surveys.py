"""A survey as it is exported: a row per respondent, a column per question, and columns that describe the respondents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from idic_lab.datasets.own import Rows, contacts, dates, engine, values
from idic_lab.datasets.own import rejects as rejects_table
from idic_lab.datasets.own.values import WORDS, normalise
from idic_lab.errors import DataError

FEWEST = 5  # questions of one kind that make a battery
_WIDEST = 11  # points of a scale, as from 0 to 10
_YES, _NO, _MISSING, _DESCRIBE, _IDS = (
    frozenset(map(normalise, WORDS["survey"][kind].split())) for kind in ("yes", "no", "missing", "describe", "ids")
)
_DAYS = frozenset(" ".join(WORDS["headers"]["date"]).split()) | {
    "zeitstempel",
    "submittedat",
    "enddate",
    "recordeddate",
}
_USUAL = [(float(low), float(high)) for low in (0, 1) for high in (4, 5, 6, 7, 9, 10)] + [
    (1.0, 3.0),
    (-2.0, 2.0),
    (-3.0, 3.0),
]
_SCALES = [{normalise(word): place for place, word in enumerate(scale, start=1)} for scale in WORDS["survey"]["scales"]]


@dataclass
class Survey:
    """The tables of one survey.

    Attributes:
        tables (dict of str to DataFrame): ``survey_responses``, ``survey_questions``, ``identity_links`` and, where
            respondents are described, ``demographics``.
        rejects: Respondents who answered nothing.
    """

    tables: dict[str, pd.DataFrame]
    rejects: pd.DataFrame
    assumptions: list[str] = field(default_factory=list)


def recognise(frame: pd.DataFrame) -> bool:
    """Whether a table holds respondents by answers: five questions or more that are all answered in the same way.

    >>> recognise(pd.DataFrame({f"Q{number}": ["yes", "no"] for number in range(5)} | {"Age": ["31", "42"]}))
    True
    """
    return any(len(labels) >= FEWEST for labels in _scales(frame).values())


def _scales(frame: pd.DataFrame) -> dict[tuple[float, float], list[str]]:
    """Columns of answers by the ends of their scale; (0, 1) is yes or no."""
    found: dict[tuple[float, float], list[str]] = {}
    for label in frame:
        word = normalise(label)
        if word in _DESCRIBE | _IDS:
            continue
        read = answers(frame[label])
        if read is None or not read.notna().any():
            continue
        low, high = float(read.min()), float(read.max())
        binary = low >= 0 and high <= 1
        found.setdefault((0.0, 1.0) if binary else (low, high), []).append(label)
    # Where nobody ticked an end, a question belongs to the usual scale that holds the most of them for its width.
    points = {scale: labels for scale, labels in found.items() if scale != (0.0, 1.0)}

    def held(scale: tuple[float, float]) -> list[str]:
        return [
            label for (low, high), labels in points.items() if scale[0] <= low and high <= scale[1] for label in labels
        ]

    best = max(_USUAL, key=lambda scale: len(held(scale)) / (scale[1] - scale[0]))
    if len(held(best)) < FEWEST:
        return found
    rest = {scale: labels for scale, labels in found.items() if not set(labels) <= set(held(best))}
    return rest | {best: sorted(held(best), key=list(frame).index)}


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
    said = [
        normalise(word)
        if normalise(word) not in _MISSING and str(word).strip(values.BLANK).lower() not in values.MISSING
        else ""
        for word in distinct
    ]
    given = [word for word in said if word]
    if not given or len(given) > _WIDEST:
        return None
    for known in ({word: float(word in _YES) for word in _YES | _NO}, *_SCALES):
        if set(given) <= set(known):
            read = [known.get(word, np.nan) for word in said]
            return pd.Series(np.append(read, np.nan)[codes], index=column.index, dtype="float64")
    # "5 - fully agree", "5", "+2": the number at the beginning
    numbers = [re.match(r"[+-]?\d{1,2}(?![\d./:])", str(word).strip(values.BLANK)) for word in distinct]
    if any(word and not number for word, number in zip(said, numbers, strict=True)):
        return None
    read = [float(number[0]) if word and number else np.nan for word, number in zip(said, numbers, strict=True)]
    number = pd.Series(np.append(read, np.nan)[codes], index=column.index, dtype="float64")
    return number if _is_scale(number) else None


def _is_scale(number: pd.Series) -> bool:
    held = number.dropna()
    return (
        bool(len(held))
        and bool((held % 1 == 0).all())
        and held.max() - held.min() < _WIDEST
        and held.abs().max() < _WIDEST
    )


def read(rows: Rows, today: pd.Timestamp) -> Survey:
    """The tables of a survey.

    A battery of yes and no stays as it is. Where there are scales alone, agreement above their middle counts as yes in a
    battery of its own, and the card says so.

    Raises:
        DataError: When nobody answered anything, or the file holds no battery.
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
    day = (
        pd.Series(pd.NaT, index=frame.index)
        if when is None
        else pd.Series(dates.parse(frame[when], when, today=today).result)
    )
    people = pd.DataFrame({"record_id": who, "date": day.astype("datetime64[us]")})
    name, taken, notes, parts = (
        rows.name.rsplit(".", 1)[0],
        [label for labels in found.values() for label in labels],
        [],
        [],
    )
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
    made = {
        table: pd.concat(held, ignore_index=True)
        for table, held in zip(("survey_responses", "survey_questions"), zip(*parts, strict=True), strict=True)
    }
    silent = ~who.isin(made["survey_responses"]["record_id"])
    about = frame.loc[~silent, [label for label in frame if label not in (*taken, ids, when)]].apply(engine.typed)
    described = [label for label in about if contacts.describes(about[label])]
    if described:
        about = about[described].astype({label: "str" for label in described if about[label].dtype == object})
        about = about.rename(columns={"customer_id": "customer id"})
        about.insert(0, "customer_id", who[~silent])
        made["demographics"] = about.reset_index(drop=True)
    shown = f"{len(described)} for what describes respondents ({_some(described)})"
    notes.insert(0, f"{len(taken)} columns were taken for questions ({_some(taken)}), {shown}")
    nothing = pd.Series([None] * int(silent.sum()), dtype="str")
    return Survey(made, rejects_table(rows.name, rows.lines[silent], "(all)", nothing, "no answer"), notes)


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
