"""The contract of every table that the stages exchange.

Stages talk through tables, so this is the language of the house: names, types, units and keys. The package imports
nothing of ours but :mod:`idic_lab.errors`; everything may import it. Contracts are grouped by who makes the table:
``inputs`` (what a data set brings) and one module per stage.
"""

from __future__ import annotations

import pandas as pd

from idic_lab.errors import UnknownName
from idic_lab.tables import customize, differentiate, identify, inputs, interact, monitor
from idic_lab.tables.contract import Table, column

__all__ = ["CONTRACTS", "Table", "check", "column", "dictionary", "get", "names"]

_GROUPS = {
    "inputs": inputs,
    "identify": identify,
    "differentiate": differentiate,
    "interact": interact,
    "customize": customize,
    "monitor": monitor,
}

CONTRACTS: dict[str, Table] = {table.name: table for module in _GROUPS.values() for table in module.TABLES}


def names(group: str | None = None) -> list[str]:
    """Names of all tables, or of those that one group ("inputs", "differentiate", ...) makes.

    Examples
    --------
    >>> "rfm" in names("differentiate")
    True
    """
    if group is None:
        return list(CONTRACTS)
    if group not in _GROUPS:
        raise UnknownName("group of tables", group, _GROUPS)
    return [table.name for table in _GROUPS[group].TABLES]


def get(name: str) -> Table:
    """The contract of one table; UnknownName, with the nearest name, when there is none."""
    if name not in CONTRACTS:
        raise UnknownName("table", name, CONTRACTS)
    return CONTRACTS[name]


def check(name: str, data: pd.DataFrame, source: str = "") -> pd.DataFrame:
    """Return `data` unchanged when it keeps to the contract of table `name`, else raise ContractError.

    Parameters
    ----------
    name : str
    data : DataFrame
    source : str
        Where the data came from, for the message.

    Examples
    --------
    >>> import pandas as pd
    >>> bad = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-31"], "amount": [9.5]})
    >>> check("transactions", bad)
    Traceback (most recent call last):
    idic_lab.errors.ContractError: table 'transactions': column 'date' should be date (datetime64[us]), found str
    """
    return get(name).check(data, source)


def dictionary(name: str) -> pd.DataFrame:
    """The data dictionary of one table: column, type, unit, range, may be missing, meaning."""
    return get(name).dictionary()
