"""Codes in the place of names: where customers are named by name, e-mail or telephone, nothing but the repository
learns it.

The code of a customer is cut from a keyed hash (HMAC) of the identifier with the salt of the repository, so the same
person has one code in all tables of a run and in its resumptions, and another in another run. The list of both is the
table ``customer_keys``, which is personal and never leaves the repository.
"""

import copy
import hashlib
import hmac
from collections.abc import Iterable

import pandas as pd

from idic_lab.datasets import Dataset
from idic_lab.datasets.own.engine import literal
from idic_lab.datasets.own.words import looks_personal
from idic_lab.errors import DataError
from idic_lab.repository.forgetting import OF_CUSTOMER, OF_RECORD
from idic_lab.repository.store import Repository

KEYS = "customer_keys"
LEFT_OUT = "customers who were removed from this run before are left out"  # a remark of a card
CODED = "customers are shown by codes that belong to this run; whom each stands for is in its repository only"
_SHORTEST = 8  # hexadecimal digits: short enough to read out, long enough that few need more


def protect(dataset: Dataset, repository: Repository, wanted: bool | None = None) -> Dataset:
    """A data set as it may be worked on: customers by code where they are named, without those who were forgotten.

    Parameters:
        repository: Receives ``customer_keys``; the keys and the salt that it holds already are used.
        wanted: Whether codes replace the identifiers; by default they do in files of one's own whose customer column
            holds names, e-mail addresses or telephone numbers.
    Returns:
        Dataset: The one given when there is nothing to change.

    >>> from idic_lab import datasets
    >>> repository = Repository()
    >>> coded = protect(datasets.load("cdnow_sample", quiet=True), repository, wanted=True)
    >>> bool(coded.transactions["customer_id"].str.fullmatch("C-[0-9a-f]{8,}").all())
    True
    >>> len(repository.read("customer_keys"))
    2357
    """
    dataset = _without_forgotten(dataset, repository)
    held = repository.read(KEYS) if repository.has(KEYS) else None
    if held is None and not (_is_needed(dataset) if wanted is None else wanted):
        return dataset
    known = {} if held is None else dict(zip(held["original_id"], held["customer_id"], strict=True))
    columns = [data[column] for data in dataset.tables.values() for column in OF_CUSTOMER if column in data]
    new = {str(value) for column in columns for value in column.dropna().unique()} - known.keys()
    if new:
        known |= codes(new, repository.salt(), known.values())
        table = pd.DataFrame({"customer_id": known.values(), "original_id": known.keys()}).astype("str")
        repository.write(KEYS, table, made_by="pseudonyms")
    return _coded(dataset, known)


def codes(identifiers: Iterable[str], salt: str, taken: Iterable[str] = ()) -> dict[str, str]:
    """A code for each identifier, no two the same, and none of those that are taken.

    A code is the first eight digits of the keyed hash; when those are taken, as happens once in a file of some ten
    thousand customers, it has four more, and so on.

    >>> codes(["Ada Lovelace"], salt="s")
    {'Ada Lovelace': 'C-92714a26'}
    """
    used, made = set(taken), {}
    for identifier in sorted(set(identifiers)):
        digits = hmac.new(salt.encode(), identifier.encode(), hashlib.sha256).hexdigest()
        ways = (f"C-{digits[:length]}" for length in range(_SHORTEST, len(digits) + 1, 4))
        made[identifier] = next(code for code in ways if code not in used)
        used.add(made[identifier])
    return made


def code_of(salt: str, identifier: str) -> str:
    """The code of a customer of data that are read in parts: long, so that nobody has to look whether it is taken.

    >>> code_of("s", "Ada Lovelace")
    'C-4861c1e87154cc14'
    """
    return f"C-{hashlib.sha256(f'{salt}|{identifier}'.encode()).hexdigest()[:16]}"


def code_in_sql(salt: str, column: str) -> str:
    """The same of a column, for DuckDB."""
    return f"CASE WHEN {column} IS NOT NULL THEN 'C-' || left(sha256({literal(salt + '|')} || {column}), 16) END"


def find(repository: Repository, customer: str) -> tuple[str, str]:
    """The code and the original identifier of a customer, looked up by either.

    Raises:
        DataError: When the repository holds no such customer, or no codes at all.

    >>> repository = Repository()
    >>> keys = pd.DataFrame({"customer_id": ["C-92714a26"], "original_id": ["Ada Lovelace"]}, dtype="str")
    >>> repository.write("customer_keys", keys)
    >>> find(repository, "Ada Lovelace")
    ('C-92714a26', 'Ada Lovelace')
    """
    if not repository.has(KEYS):
        raise DataError("This run names customers as its data do: there are no codes to look up.")
    held = repository.read(KEYS)
    row = held[held["original_id"].eq(customer) | held["customer_id"].eq(customer)]
    if row.empty:
        raise DataError("The repository knows no customer by this name or code. Capitals and blanks count.")
    return row["customer_id"].iloc[0], row["original_id"].iloc[0]


def _is_needed(dataset: Dataset) -> bool:
    if dataset.card.kind != "own file":
        return False
    named = [data["customer_id"] for data in dataset.tables.values() if "customer_id" in data]
    return dataset.card.names_customers or any(map(looks_personal, named))


def _coded(dataset: Dataset, known: dict[str, str]) -> Dataset:
    made = {}
    for name, data in dataset.tables.items():
        columns = {column: data[column].map(known) for column in OF_CUSTOMER if column in data}
        for column in data.columns.intersection(OF_RECORD):  # where customers are their own records
            columns[column] = data[column].map(lambda record: known.get(record, record), na_action="ignore")
        made[name] = data.assign(**{column: coded.astype("str") for column, coded in columns.items()})
    card = copy.deepcopy(dataset.card)
    card.customers_only_returns = [known[str(customer)] for customer in card.customers_only_returns]
    card.quirks = [*(remark for remark in card.quirks if not remark.startswith("customers are named")), CODED]
    return Dataset(dataset.name, made, card)


def _without_forgotten(dataset: Dataset, repository: Repository) -> Dataset:
    """Leave out whoever was removed from the repository, though the file still has them."""
    if repository.forgotten() is None:
        return dataset
    made = {name: repository.without_forgotten(data) for name, data in dataset.tables.items()}
    card = copy.deepcopy(dataset.card)
    left = made["transactions"]["customer_id"].unique() if "transactions" in made else []
    card.customers_only_returns = [who for who in card.customers_only_returns if who in set(left)]
    card.quirks = [*card.quirks, LEFT_OUT]
    return Dataset(dataset.name, made, card)
