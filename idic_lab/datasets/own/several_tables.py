"""A data set of several tables: a folder, a database or a YAML file, each table recognised and held to its contract."""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from idic_lab import dataframes, tables
from idic_lab.datasets.card import Card, Dataset, counts_of
from idic_lab.datasets.own import Rows, cleaning, engine, files, numbers_and_dates, people, words
from idic_lab.datasets.own import rejects as rejects_table
from idic_lab.datasets.own.words import normalise
from idic_lab.errors import ContractError, DataError, UnknownName, existing, pick
from idic_lab.tables import Column

KNOWN = tomllib.loads(resources.files(__package__).joinpath("tables.toml").read_text(encoding="utf-8"))
KNOWN["source_records"]["columns"] = people.HEADERS | KNOWN["source_records"]["columns"]
_SUFFIXES = (".csv", ".tsv", ".parquet", ".pq", ".xlsx", ".xls", ".ods", ".gz", ".zip")
_MARKS = {"@customer": " ".join(words.HEADERS["customer_id"]), "@date": " ".join(words.HEADERS["date"])}
_YES_NO = dict.fromkeys(("1", "true", "yes", "y", "t"), True) | dict.fromkeys(("0", "false", "no", "n", "f"), False)
_YAML = (".yaml", ".yml")
_OPENS = ("name", "currency", "tables")  # keys of a YAML file
_MOST_ARMS = 12


# What a data set may bring: the inputs, and links between records and customers that somebody has already.
CONTRACTS = [name for name in (*tables.names("inputs"), "identity_links") if name != "rejects"]
_NAMES = {normalise(word): table for table, told in KNOWN.items() for word in told.get("files", "").split()}
_NAMES |= {normalise(name): name for name in CONTRACTS}


@dataclass
class Source:
    """One table of a data set: where it is, and what was said of it."""

    name: str
    read: Callable[[], Rows]
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def known_as(self) -> str:
        """The table that the name stands for, or "" when it stands for none."""
        return self.table or _NAMES.get(normalise(re.sub(r"(\.\w+){1,2}$", "", self.name)), "")


def find(path: str | Path) -> list[Source] | None:
    """The tables behind a path; None when it is a file of orders, a survey, or Parquet in parts."""
    path = Path(path).expanduser()
    if path.suffix.lower() in _YAML:
        return _of_yaml(existing(path))
    if path.is_dir():
        inside = sorted(child for child in path.iterdir() if not child.name.startswith((".", "_")))
        parts = [child for child in inside if child.is_dir() and normalise(child.name) in _NAMES]
        held = [*(child for child in inside if child.suffix.lower() in _SUFFIXES), *parts]
        sources = [Source(child.name, partial(files.read, child)) for child in held]
        one_table = all(child.suffix in (".parquet", ".pq") for child in inside if child.is_file())
        return None if not sources or (one_table and not any(map(Source.known_as, sources))) else sources
    if not path.is_file() or path.suffix.lower() not in (".duckdb", ".db"):
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            names = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
    except duckdb.Error:
        return None  # the reader of databases says what is wrong
    query = "SELECT * FROM {}".format
    sources = [Source(name, partial(engine.over_database, path, query(engine.quoted(name)))) for name in names]
    return sources if len(names) > 1 and set(names) & set(CONTRACTS) else None


def _yaml(path: Path) -> dict:
    import yaml

    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is not valid YAML: {error}") from None
    return told if isinstance(told, dict) else {}


def _of_yaml(path: Path) -> list[Source]:
    told = _yaml(path)
    listed = told.get("tables")
    if not isinstance(listed, Mapping) or not listed:
        how = "as in 'tables: {products: goods.csv}'"
        raise DataError(f"{path.name} should say which file holds which table, {how}.")
    for key in told:
        pick("key of a data set", str(key), _OPENS)
    sources = []
    for name, entry in listed.items():
        pick("table", str(name), CONTRACTS)
        entry = {"file": entry} if isinstance(entry, str) else dict(entry)
        for key in entry:
            pick(f"key of table {name}", key, ("file", "columns", "sheet", "sql", "encoding", "separator"))
        if "file" not in entry:
            raise DataError(f"{path.name}: table {name!r} does not say which file it is in.")
        file, mapped = path.parent / str(entry.pop("file")), words.as_mapping(entry.pop("columns", None))
        reading = {key: str(value) for key, value in entry.items()}
        sources.append(Source(file.name, partial(files.read, file, **reading), name, mapped))
    return sources


def no_orders(rows: Rows) -> Source | None:
    """One file that is a table by itself, such as a survey or a whole campaign, and no orders; None when it is none."""
    matched = _matched("campaign_results", rows)
    whole = not _lacking("campaign_results", matched) and _is_campaign(rows, matched)
    table = "campaign_results" if whole else recognised(rows)
    alone = ("survey_responses", "campaign_results", "source_records")  # of these each opens a notebook by itself
    return Source(rows.name, lambda: rows, table) if table in alone else None


def load(path: str | Path, sources: list[Source], options: cleaning.Options, name: str | None = None) -> Dataset:
    """Read the tables that :func:`find` has found, no two of them the same one, and write one card for all."""
    path = Path(path).expanduser()
    named = _yaml(path) if path.suffix.lower() in _YAML else {}
    work = _Reading(name or str(named.get("name") or path.stem), path, options)
    held: dict[str, list[tuple[Source, Rows]]] = {}
    for source in sources:
        rows = source.read()
        table = source.known_as()
        if not (table and (source.table or fits(table, rows))):
            table = recognised(rows) or table
        if table:
            held.setdefault(table, []).append((source, rows))
        else:
            shown = ", ".join(map(repr, rows.headers[:8]))
            work.notes.append(f"{source.name} was not used: no table of the contracts has its columns ({shown})")
    for table, found in sorted(held.items(), key=lambda one: (one[0] != "transactions", one[0])):
        if len(found) > 1:
            listed, how = " and ".join(source.name for source, _ in found), f"{{{table}: {found[0][0].name}}}"
            told = f"Say in a YAML file which is which, as in 'tables: {how}'."
            raise DataError(f"{path.name}: {listed} both look like the table {table}. {told}")
        work.take(table, *found[0])
    return work.dataset(str(named.get("currency", "")))


def fits(table: str, rows: Rows) -> bool:
    """Whether a file has what a table needs, or is of the kind that becomes it; the reader of orders says best what is missing."""
    answers = table == "survey_responses" and people.is_survey(rows.frame)
    return answers or table in ("transactions", "order_lines") or not _lacking(table, _matched(table, rows))


def recognised(rows: Rows) -> str:
    """The table whose columns a file has: of several that with the most; "" when it has those of none."""
    if table := _best(rows, strict=True):
        return table
    try:
        words.recognise(rows.name, dict(zip(rows.frame.columns, rows.headers, strict=True)))
        return "transactions"
    except (DataError, UnknownName):
        pass
    if _is_campaign(rows, _matched("campaign_results", rows)):
        return "campaign_results"
    if table := "survey_responses" if people.is_survey(rows.frame) else _best(rows, strict=False):
        return table
    customer = _matched("demographics", rows).get("customer_id")
    describes = customer is not None and rows.frame[customer].is_unique and rows.frame.shape[1] > 2
    return "demographics" if describes else ""


def _is_campaign(rows: Rows, found: Mapping[str, str]) -> bool:
    """Whether a file says who was left alone and who did what was wanted: yes and no in it are then no answers."""
    if not {"arm", "converted"} <= found.keys():
        return False
    arms = set(_chosen(rows.frame[found["arm"]], "campaign_results", "arm").dropna())
    return "control" in {arm.lower() for arm in arms} and 1 < len(arms) <= _MOST_ARMS


def _best(rows: Rows, strict: bool) -> str:
    """The table of which a file has the most columns, three at least, and lacks none."""
    matched = {table: _matched(table, rows) for table in CONTRACTS}
    whole = {table: found for table, found in matched.items() if len(found) > 2 and not _lacking(table, found, strict)}
    return max(whole, key=lambda table: len(whole[table]), default="")


def _matched(table: str, rows: Rows, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Column of the contract to column of the file: as given, by its own name, or by a usual header."""
    by_header, found = rows.by_header, {}
    for name in tables.get(table).columns:
        usual = " ".join(_MARKS.get(word, word) for word in _known(table, "columns").get(name, "").split())
        asked = (given or {}).get(name)
        if asked and normalise(asked) not in by_header:
            raise UnknownName(f"column for {name} in {rows.name}:", asked, rows.headers)
        for word in [normalise(asked)] if asked else [normalise(name), *usual.split()]:
            if by_header.get(word) not in (None, *found.values()):
                found[name] = by_header[word]
                break
    return found


def _known(table: str, what: str) -> dict:
    return KNOWN.get(table, {}).get(what, {})


def _lacking(table: str, matched: Mapping[str, str], strict: bool = False) -> list[str]:
    """Columns that a table needs, a file does not have, and nothing can stand for."""
    filled, contract = _known(table, "filled"), tables.get(table)
    return [
        name
        for name, column in contract.columns.items()
        if column.required and name not in matched and (strict or not column.nullable)
        if strict or str(filled.get(name, "=")).removeprefix("=") not in (*matched, "file", str(filled.get(name)))
    ]


def _needed(table: str) -> set[str]:
    return {name for name, column in tables.get(table).columns.items() if column.required}


class _Reading:
    """The tables of one data set while they are read, with the counts for its card."""

    def __init__(self, name: str, path: Path, options: cleaning.Options):
        self.name, self.path, self.options = name, path, options
        self.today = dataframes.given_day(options.today if options.today is not None else pd.Timestamp.today(), "today")
        self.made: dict[str, pd.DataFrame] = {}
        self.notes: list[str] = []
        self.assumptions: list[str] = []
        self.missing: dict[str, str] = {}
        self.rejects: list[pd.DataFrame] = []
        self.digest, self.size, self.read_rows = hashlib.sha256(), 0, 0
        self.card: Card | None = None

    def take(self, table: str, source: Source, rows: Rows) -> None:
        """Read one file as a table; where it does not have what the table needs, the card says why it is missing."""
        self.digest.update(f"{table}|{rows.fingerprint}".encode())
        self.size += rows.size_bytes
        if table in ("transactions", "order_lines") and not self._keeps_to_contract(table, rows):
            return None if table in self.made else self._orders(table, source, rows)  # lines came with the transactions
        self.read_rows += len(rows.frame) + len(rows.broken)
        if len(rows.broken):
            self.rejects.append(rows.broken)
        if table == "survey_responses" and not source.columns and people.is_survey(rows.frame):
            made, rejects, assumptions = people.read_survey(rows, self.today)
            self.made, self.assumptions = made | self.made, self.assumptions + assumptions
            return self.rejects.append(rejects)
        matched = _matched(table, rows, source.columns)
        lacking = _lacking(table, matched)
        if table == "source_records" and not _needed(table) <= set(rows.headers):
            return self._contacts(source, rows)
        if table == "campaign_results" and not lacking:
            arms = _chosen(rows.frame[matched["arm"]], "campaign_results", "arm").dropna()
            if not {"control"} < set(arms.str.lower()):
                shown = ", ".join(map(repr, sorted(arms.unique())[:5]))
                lacking = f"no arm 'control' to compare with, only {shown}"
        if not lacking:
            return self._conform(table, source, rows, matched)
        self.read_rows -= len(rows.frame) + len(rows.broken)
        why = lacking if isinstance(lacking, str) else f"no column for {', '.join(lacking)}"
        random = "; an effect needs a control drawn at random, and what came of both"
        self.missing[table] = f"{source.name} has {why}{random if table == 'campaign_results' else ''}"
        return None

    def _orders(self, table: str, source: Source, rows: Rows) -> None:
        if table == "order_lines" and "order_id" in self.made.get("transactions", ()):
            rows = _with_orders(rows, self.made["transactions"])
        how = replace(self.options, columns=source.columns or self.options.columns)
        read = cleaning.clean(rows, how, self.name)
        self.card = self.card or read.card
        self.read_rows += read.card.rows_read
        self.rejects.append(read.tables.pop("rejects"))
        self.made = read.tables | self.made
        if table == "order_lines" and "order_lines" not in self.made:
            self.missing["order_lines"] = "it names no orders and products"

    def _keeps_to_contract(self, table: str, rows: Rows) -> bool:
        """Whether orders bear the contract's own names and no others, so that nothing has to be found out."""
        if table == "order_lines" and "transactions" not in self.made:
            return False
        try:
            tables.check(table, rows.frame)
            return True
        except ContractError:
            return _needed(table) <= set(rows.headers) <= set(tables.get(table).columns)

    def _contacts(self, source: Source, rows: Rows) -> None:
        """Contacts as a CRM exports them; a table of customers without names or addresses describes them instead."""
        try:
            read = people.of_rows(rows, self.today)
        except DataError:
            matched = _matched("demographics", rows)
            if "customer_id" in matched:
                return self._conform("demographics", source, rows, matched)
            raise
        touchpoint = pd.array([normalise(Path(source.name).stem)] * len(read.records), dtype="str")
        self.made["source_records"] = _with_missing("source_records", read.records.assign(touchpoint=touchpoint))
        self.assumptions += read.notes
        return None

    def _conform(self, table: str, source: Source, rows: Rows, matched: Mapping[str, str]) -> None:
        contract, frame = tables.get(table), rows.frame.reset_index(drop=True)
        made, wrong = pd.DataFrame(index=frame.index), np.full(len(frame), None, dtype=object)
        at = np.full(len(frame), "", dtype=object)
        for name, label in matched.items():
            column = contract.columns[name]
            read, reasons = self._typed(table, source, name, column, frame[label], label)
            bad = np.not_equal(reasons, None) | read.isna().to_numpy()
            made[name] = read
            if name in _known(table, "filled"):
                continue  # what stands for the whole column stands for its gaps
            if column.nullable:
                if given := int((bad & frame[label].notna().to_numpy()).sum()):
                    self.notes.append(f"{source.name}: {given:,} values of {label!r} are taken as missing")
            elif bad.any():
                first = bad & np.equal(wrong, None)
                reasons = np.where(np.equal(reasons, None), f"no {name.replace('_', ' ')}", reasons)
                wrong[first], at[first] = reasons[first], label
        extra = [label for label in frame if label not in matched.values() and not label.startswith("__")]
        frame[extra] = frame[extra].apply(engine.typed)
        if table in ("demographics", "campaign_results"):
            left = [label for label in extra if not people.describes(frame[label])]
            extra = [label for label in extra if label not in left]
            if left:
                self.notes.append(f"{source.name}: {', '.join(map(repr, left))} left out: too personal, or empty")
        elif table in tables.names("inputs") and not contract.personal:
            extra = [label for label in extra if normalise(label) not in people.PERSONAL]
        for label in extra:
            made[label] = frame[label].astype("str") if frame[label].dtype == object else frame[label]
        made = self._filled(table, source, made)
        if contract.key:
            again = made.duplicated(list(contract.key)).to_numpy() & np.equal(wrong, None)
            wrong[again] = f"repeats an earlier row of the same {', '.join(contract.key)}"
            at[again] = matched.get(contract.key[0], "")
        refused = ~np.equal(wrong, None)
        if refused.any():
            places = zip(np.flatnonzero(refused), at[refused], strict=True)
            held = pd.Series([frame[label].iloc[row] if label else None for row, label in places])
            told = (at[refused], held.astype("str").str[:200], wrong[refused])
            self.rejects.append(rejects_table(rows.name, rows.lines[refused], *told))
        if refused.all() and len(made):
            self.missing[table] = f"none of the {len(made):,} rows of {source.name} can be used ({wrong[0]})"
            return
        if table == "transactions":
            self.amount = round(float(made["amount"].sum()), 6)
        self.made[table] = made[~refused].reset_index(drop=True)

    def _typed(self, table: str, source: Source, name: str, column: Column, held: pd.Series, label: str):
        """Values of a column in its contract's type, and why there is none."""
        none = np.full(len(held), None, dtype=object)
        if column.type == "date":
            given = {"date_format": self.options.date_format, "dayfirst": self.options.dayfirst}
            read = numbers_and_dates.parse_dates(held, label, today=self.today, **given)
            self.assumptions += [note for note in read.assumptions if note not in self.assumptions]
            return pd.Series(read.result).astype("datetime64[us]"), read.reasons
        if column.type in ("number", "count"):
            if pd.api.types.is_numeric_dtype(held):  # yes and no are 1 and 0
                read = pd.Series(held.to_numpy(dtype="float64", na_value=np.nan))
                reasons = np.where(read.isna(), f"no {name.replace('_', ' ')}", none)
            else:
                parsed = numbers_and_dates.parse_numbers(held, label, decimal=self.options.decimal)
                read, reasons = pd.Series(parsed.result.astype("float64")), parsed.reasons
            outside = (read.clip(column.minimum, column.maximum).ne(read) & read.notna()).to_numpy()
            reasons = np.where(outside, f"not {' and '.join(rule for rule, *_ in column.rules())}", reasons)
            if column.type == "count":
                reasons = np.where((read % 1).gt(0) & ~outside, "not a whole number", reasons)
            read = read.where(np.equal(reasons, None))
            return (read.fillna(0).astype("int64") if column.type == "count" else read), reasons
        text = _chosen(held, table, name)
        if column.type == "flag":
            read = text.str.lower().map(_YES_NO)
            return read.eq(True), np.where(read.isna(), "neither yes nor no", none)
        if column.choices is not None:
            usual = {normalise(choice): choice for choice in column.choices}
            read = text.map(normalise, na_action="ignore").map(usual).astype("str")
            return read, np.where(read.isna() & text.notna(), f"not one of {', '.join(column.choices)}", none)
        return text, none

    def _filled(self, table: str, source: Source, made: pd.DataFrame) -> pd.DataFrame:
        """What a file need not have: another column's values, the file's name, or a usual value, each said."""
        for name, stands in _known(table, "filled").items():
            if isinstance(stands, str) and stands.startswith("="):
                value, shown = made.get(stands[1:]), stands[1:]
            else:
                value = shown = Path(source.name).stem if stands == "file" else stands
            gaps = int(made[name].isna().sum()) if name in made else len(made)
            if value is None or not gaps:
                continue
            made[name] = made[name].fillna(value) if name in made else value
            made = made.astype({name: "str"} if isinstance(shown, str) else {})
            self.assumptions.append(f"{source.name}: {name} is not given in {gaps:,} rows; {shown} stands there")
        return _with_missing(table, made)

    def dataset(self, currency: str) -> Dataset:
        """The tables with their card."""
        if not self.made:
            told = "; ".join([*self.missing.values(), *self.notes])
            raise DataError(f"{self.path.name}: no table of the contracts was found. {told}")
        self._join_by_number()
        card = self.card or Card(self.name)
        if self.card is None and "transactions" in self.made:
            card = Card(self.name, **counts_of(self.made["transactions"]))
            card.amount_read, card.amount_rejected = self.amount, round(self.amount - card.amount_accepted, 6)
        vars(card).update(cleaning.OWN | {"name": self.name, "title": f"own tables {self.path.name}"})
        card.format = "1 table" if len(self.made) == 1 else f"{len(self.made)} tables"
        card.size_bytes, card.fingerprint = self.size, self.digest.hexdigest()
        refused = pd.concat([part for part in self.rejects if len(part)] or [tables.get("rejects").empty()])
        card.rows_read, card.rejected = self.read_rows, refused["reason"].value_counts().to_dict()
        card.rows_accepted = card.rows_read - len(refused)
        card.currency = currency or card.currency
        card.assumptions += self.assumptions
        card.quirks += self.notes
        card.missing = self.missing
        ids = [data["customer_id"] for data in self.made.values() if "customer_id" in data]
        card.names_customers |= any(words.looks_personal(one) for one in ids)
        return Dataset(self.name, self.made | {"rejects": refused.reset_index(drop=True)}, card)

    def _join_by_number(self) -> None:
        """Without records of people, tables kept by record bear the customer's number, and links say so.

        Records that are numbered as the customers of the transactions are numbered so too.
        """
        people, bought = self.made.get("source_records"), self.made.get("transactions")
        if people is not None and bought is not None and people.get("customer_id", pd.Series(dtype="str")).isna().all():
            number = people["record_id"].where(people["record_id"].isin(bought["customer_id"]))
            if number.notna().mean() > 0.5:
                self.made["source_records"] = people.assign(customer_id=number)
        if {"source_records", "identity_links"} & set(self.made):
            return
        if by_record := [data["record_id"] for data in self.made.values() if "record_id" in data]:
            self.made["identity_links"] = links(pd.concat(by_record))


def _with_orders(rows: Rows, transactions: pd.DataFrame) -> Rows:
    """Lines that name their order alone, with its customer and day; who bears all is left as it is."""
    usual = dict(zip(rows.frame.columns, map(normalise, rows.headers), strict=True))
    roles = {
        role: next((label for label, word in usual.items() if word in " ".join(words.HEADERS[role]).split()), None)
        for role in ("order_id", "customer_id", "date")
    }
    if roles["order_id"] is None or (roles["customer_id"] and roles["date"]):
        return rows
    orders = transactions.drop_duplicates("order_id").set_index("order_id")
    known = orders.reindex(rows.frame[roles["order_id"]].astype("str").str.strip(words.BLANK))
    lacking = [role for role in ("customer_id", "date") if roles[role] is None]
    frame = rows.frame.assign(**{role: known[role].to_numpy() for role in lacking})
    return replace(rows, frame=frame, headers=[*rows.headers, *lacking])


def links(records: pd.Series) -> pd.DataFrame:
    """The table ``identity_links`` for records that are numbered as their customers are."""
    numbers = pd.Series(records.unique(), dtype="str")
    made = pd.DataFrame({"record_id": numbers, "customer_id": numbers, "touchpoint": "own file", "probability": 1.0})
    return made.assign(method="number").astype({"touchpoint": "str", "method": "str"})


def _with_missing(table: str, made: pd.DataFrame) -> pd.DataFrame:
    """The columns that a contract wants and may be empty, where there are none."""
    contract = tables.get(table)
    for name, column in contract.columns.items():
        if column.required and column.nullable and name not in made:
            made[name] = pd.Series([None] * len(made), dtype=column.dtype)
    known = [name for name in contract.columns if name in made]
    return made[[*known, *made.columns.difference(known, sort=False)]]


def _chosen(held: pd.Series, table: str, name: str) -> pd.Series:
    """Text as a contract wants it: identifiers without a decimal point, usual words for those it knows."""
    if pd.api.types.is_float_dtype(held) and (held.dropna() % 1 == 0).all():
        held = held.astype("Int64")
    text = held.astype("str").str.strip(words.BLANK)
    usual = _known(table, "words").get(name, {})
    plain = text.map(normalise, na_action="ignore")
    blank = words.MISSING if tables.get(table).columns[name].nullable else [""]
    missing = held.isna() | (text.str.lower().isin(blank) & ~plain.isin(usual))
    return text.mask(plain.isin(usual), plain.map(usual)).mask(missing).astype("str")
