"""From a line of a study to the customers it names: a data set, a file, or a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from idic_lab import datasets, meridian
from idic_lab.compare.customers import Customers
from idic_lab.compare.respondents import respondents_of
from idic_lab.compare.transactions import customers_of
from idic_lab.errors import DataError, LabError, UnknownName

KEYS = ("name", "file", "columns", "simulate", "basis", "calibration_end")
BASES = ("value", "needs")
SIMULATION = ("n", "seed", "difficulty", "world", "separation", "segments", "campaign_effect", "independence")


def checked(spec: str | Mapping, at_hand=()) -> dict:
    """A data set of a study as a dict with a name, or an error that names the nearest valid key.

    Names in `at_hand` need not be loaded, so they may be any.

    Examples
    --------
    >>> checked("cdnow")
    {'name': 'cdnow', 'basis': 'value'}
    >>> checked({"name": "mine", "fil": "sales.csv"})
    Traceback (most recent call last):
    ...
    idic_lab.errors.UnknownName: Unknown key of data set 'fil'. Did you mean 'file'? Valid: name, file, columns, ...
    """
    spec = {"name": spec} if isinstance(spec, str) else dict(spec)
    for key in spec:
        if key not in KEYS:
            raise UnknownName("key of data set", key, KEYS)
    if "file" in spec and "simulate" in spec:
        raise LabError("A data set is either a file or a simulation; found both.")
    spec.setdefault("name", str(spec.get("file", "meridian simulated" if "simulate" in spec else "")))
    spec.setdefault("basis", "value")
    if not spec["name"]:
        raise LabError("A data set needs a name, a file or a simulation.")
    if spec["basis"] not in BASES:
        raise UnknownName("basis", spec["basis"], BASES)
    for knob in spec.get("simulate") or {}:
        if knob not in SIMULATION:
            raise UnknownName("knob of the simulation", knob, SIMULATION)
    if not {"file", "simulate"} & set(spec) and spec["name"] not in {*datasets.names(), *at_hand}:
        raise UnknownName("data set", spec["name"], [*datasets.names(), *at_hand])
    return spec


def load(spec: str | Mapping) -> Customers:
    """The customers that a data set of a study names.

    Parameters
    ----------
    spec : str or dict
        A data set's name, or ``name`` with ``file`` (and ``columns``) or ``simulate`` (knobs of Meridian); ``basis``
        is ``value`` (transactions) or ``needs`` (the survey battery); ``calibration_end`` a date.

    Returns
    -------
    Customers
    """
    spec = checked(spec)
    tables, planted, facts = _tables(spec)
    if spec["basis"] == "needs":
        if "survey_responses" not in tables:
            raise DataError(f"Data set {spec['name']!r} has no survey, so it cannot be compared by needs.")
        found = respondents_of(tables, spec["name"], planted)
    else:
        found = customers_of(
            tables["transactions"],
            spec["name"],
            spec.get("calibration_end"),
            tables.get("campaign_results"),
            _people(tables.get("source_records")),
        )
    return replace(found, facts=facts | {"basis": spec["basis"]} | found.facts)


def _tables(spec: Mapping) -> tuple[dict[str, pd.DataFrame], dict | None, dict]:
    """Tables, what was planted in them (if a simulation), and facts for the report."""
    by_needs = spec["basis"] == "needs"
    if "simulate" in spec:
        made = _simulated(dict(spec["simulate"] or {}))
        return made.tables, made.truth if by_needs else None, {"source": f"simulated: {spec['simulate']}"}
    dataset = datasets.load(spec.get("file", spec["name"]), columns=spec.get("columns"), quiet=True)
    planted = meridian.truth() if by_needs and dataset.name == "meridian" else None
    facts = {"source": dataset.card.title or dataset.card.name, "data fingerprint": dataset.card.fingerprint}
    return dataset.tables, planted, facts


def _simulated(knobs: dict):
    separation = knobs.pop("separation", None)
    difficulty = knobs.pop("difficulty", "default")
    if separation is not None:
        difficulty = replace(meridian.DIFFICULTIES[difficulty], separation=float(separation))
    return meridian.simulate(**{"n": 1_000, "seed": 1, **knobs}, difficulty=difficulty)


def _people(records: pd.DataFrame | None) -> pd.DataFrame | None:
    """Year of birth per customer number, where records say."""
    if records is None or not {"customer_id", "birth_date"} <= set(records):
        return None
    known = records.dropna(subset=["customer_id", "birth_date"])
    year = pd.to_datetime(known["birth_date"], errors="coerce").dt.year
    return pd.DataFrame({"customer_id": known["customer_id"], "birth_year": year.astype(float)})
