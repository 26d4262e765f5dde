"""The contract of every table that the stages exchange.

Stages talk through tables, so this is the language of the house: names, types, units and keys. The contracts are data:
``inputs.toml`` holds those of what a data set brings, and one file per step of IDIC those of what the step makes. The
package imports nothing of ours but :mod:`idic_lab.errors`; everything may import it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from idic_lab.errors import pick
from idic_lab.tables.contract import Column as Column, Part as Part, Table as Table

if TYPE_CHECKING:
    import pandas as pd


TOUCHPOINTS = ("web_shop", "store_loyalty", "app", "call_centre", "social", "survey_panel")
CHANNELS = ("email", "social", "phone", "web_chat", "in_person")
CONSENT_CHANNELS = ("email", "social", "phone", "web_chat")  # a talk in the shop needs no consent
TIMES_OF_DAY = ("morning", "afternoon", "evening")
ROLES = ("user", "decision_maker", "influencer")

_NAMED = {"CHANNELS": CHANNELS, "TIMES_OF_DAY": TIMES_OF_DAY, "ROLES": ROLES}
_GROUPS = ("inputs", "identify", "differentiate", "interact", "customize", "monitor")


def read_contracts(file: Path, **lists: tuple[str, ...]) -> dict[str, Table]:
    """The contracts in a TOML file; a column's `choices` may name one of the lists above, or of those given.

    >>> sorted(read_contracts(Path(__file__).parent / "interact.toml"))[0]
    'channel_preferences'
    """
    made, lists = {}, _NAMED | lists
    for name, told in tomllib.loads(file.read_text(encoding="utf-8")).items():
        columns = {}
        for column, spec in told.pop("columns").items():
            choices = spec.pop("choices", None)
            choices = lists[choices] if isinstance(choices, str) else choices and tuple(choices)
            columns[column] = Column(**spec, choices=choices)
        listed = {field: tuple(told.pop(field, ())) for field in ("key", "withheld")}
        made[name] = Table(name, columns=columns, **listed, **told)
    return made


_BY_GROUP = {group: read_contracts(Path(__file__).parent / f"{group}.toml") for group in _GROUPS}
CONTRACTS: dict[str, Table] = {name: table for made in _BY_GROUP.values() for name, table in made.items()}


def names(group: str | None = None) -> list[str]:
    """Names of all tables, or of those that one group ("inputs", "differentiate", ...) makes.

    >>> "rfm" in names("differentiate")
    True
    """
    return list(CONTRACTS if group is None else pick("group of tables", group, _BY_GROUP))


def get(name: str) -> Table:
    """The contract of one table; UnknownName, with the nearest name, when there is none.

    >>> get("rfm").key
    ('customer_id',)
    """
    return pick("table", name, CONTRACTS)


def check(name: str, data: pd.DataFrame, source: str = "") -> pd.DataFrame:
    """Return `data` unchanged when it keeps to the contract of table `name`, else raise ContractError.

    Parameters:
        source: Where the data came from, for the message.

    >>> import pandas as pd
    >>> bad = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-31"], "amount": [9.5]})
    >>> check("transactions", bad)
    Traceback (most recent call last):
    idic_lab.errors.ContractError: table 'transactions': column 'date' should be date (datetime64[us]), found str
    """
    return get(name).check(data, source)
