"""Tables of every customer from Parquet too large to be loaded: from Parquet to Parquet, in DuckDB, within a stated memory.

The rows are read once and cut into slices of whole customers. Every later step takes one slice at a time, so that memory
depends on the size of a slice and not on that of the data; only what identical customers share is brought together, for the
fit. A part of a table is a whole file or not there, and each step is done once: a call that was killed goes on behind it.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from idic_lab import dataframes, datasets, durability, tables
from idic_lab.course.runs.execution import Console
from idic_lab.course.runs.run_folder import ALL_CUSTOMERS, base_key
from idic_lab.datasets.own import cleaning, engine, orders, reading, several_tables
from idic_lab.datasets.own.engine import LargeParquet, literal
from idic_lab.differentiate import clv, rfm
from idic_lab.errors import FitError
from idic_lab.pipeline.all_stages import ANNUAL_DISCOUNT_RATE, MARGIN, UNIT_DAYS
from idic_lab.repository import REPOSITORY_FILE, Repository
from idic_lab.repository.pseudonyms import CODED, LEFT_OUT, code_in_sql

# Parameters of the notebook on lifetime value that say how customers are valued, as written there.
VALUING = {"purchase_model": "bg_nbd", "horizon_days": 365}
VALUING |= {"margin": MARGIN, "annual_discount_rate": ANNUAL_DISCOUNT_RATE}
PROGRESS = "progress.json"
THREADS = 4
REJECTS_SHOWN = 100_000
MOST_NAMED = 1000  # customers with returns alone that a card names


@dataclass(frozen=True)
class Options:
    """How large data are run."""

    sample: int = 20_000  # customers that the notebooks see
    seed: int = 1  # of the sample
    memory: float = 3.0  # GB that the engine may take; what needs more goes through a folder on disk, the fit left out


USUAL = Options()


def source_of(dataset, large: bool | None = None) -> LargeParquet | None:
    """The Parquet that a run reads in parts; None when what was named, as names of the catalogue always, can be loaded."""
    named = isinstance(dataset, datasets.Dataset) or (isinstance(dataset, str) and dataset in datasets.names())
    if named or not Path(dataset).exists() or (not large and several_tables.find(dataset)):
        return None
    return engine.find_large(dataset, large)


def make(
    source: LargeParquet,
    run_folder: Path,
    columns: Mapping[str, str] | None = None,
    options: Options = USUAL,
    parameters: Mapping[str, object] | None = None,
    console: Console | None = None,
    coded: bool | None = None,
) -> datasets.Dataset:
    """Write the tables of every customer, and give the data set of a sample of them for the notebooks.

    The run folder receives the folder ``all_customers``: ``rejects``, ``transactions``, ``rfm``, ``btyd_summary`` and
    ``customer_value`` as folders of Parquet, the models as JSON, and ``progress.json``. Those of the notebooks' parameters that say
    how customers are valued hold here too. The card of the sample is that of all data.
    """
    columns = dict(columns or {})
    valuing = {name: (parameters or {}).get(name, usual) for name, usual in VALUING.items()}
    how = json.dumps(valuing, sort_keys=True)
    sampling = f"sample of {options.sample} by seed {options.seed}"
    key = base_key(source.signature, {"columns": columns} | ({} if coded is None else {"coded": coded}))
    folder, repository = run_folder / ALL_CUSTOMERS, Repository(run_folder / REPOSITORY_FILE)
    where = {"folder": folder, "key": key, "last_step": sampling, "console": console or Console()}
    work = _Work(source, columns, valuing, options, repository, coded, **where)
    try:
        work.step("lines", f"reading {source.rows:,} rows", work.read, ("rejects",))
        work.step("summaries", "what each customer did", work.summarise, ("transactions", "btyd_summary", "measures"))
        work.step("rfm", "scores and segments", work.score, ("rfm",))
        shutil.rmtree(folder / "measures", ignore_errors=True)
        work.step(f"models {valuing['purchase_model']}", "fitting the value models", work.fit)
        work.step(f"customer_value {how}", "what each customer is worth", work.value, ("customer_value",))
        work.step(f"totals {how}", "totals by segment", work.total)
        work.step(sampling, f"drawing {options.sample:,} customers for the notebooks", work.draw, ("sample",))
        shutil.rmtree(folder / "lines", ignore_errors=True)
        return work.dataset()
    finally:
        work.close()


def record(run_folder: Path) -> dict:
    """What the manifest and the report say of the tables of all customers; empty for a run on data that were loaded."""
    state = Progress.read(run_folder / ALL_CUSTOMERS)
    if state is None:
        return {}
    told = ("customers", "sampled", "seed", "slices", "totals", "models", "not_made", "seconds")
    return {name: getattr(state, name) for name in told}


@dataclass
class Progress:
    """How far a large run has come and what it found, as ``progress.json`` keeps it."""

    key: str  # of what the tables are made of
    slices: int
    begun: str = ""  # the step at work
    done: list[str] = field(default_factory=list)  # steps
    seconds: dict[str, float] = field(default_factory=dict)  # step to how long it took
    files: dict[str, int] = field(default_factory=dict)  # part of a table to its size in bytes
    card: dict = field(default_factory=dict)  # of all data
    customers: int = 0
    sampled: int = 0  # customers that the notebooks see
    seed: int = 0  # of the sample
    models: list[str] = field(default_factory=list)  # the fitted models in words
    totals: list[dict] = field(default_factory=list)  # segment, customers, revenue, residual_value
    not_made: dict[str, str] = field(default_factory=dict)  # table to the reason

    @classmethod
    def read(cls, folder: Path) -> "Progress | None":
        """What a folder holds; None when there is nothing, or nothing that can be read."""
        try:
            return cls(**json.loads((folder / PROGRESS).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write it down whole."""
        durability.write_json(folder / PROGRESS, asdict(self))


class SlicedTables:
    """Tables in parts, as Parquet, and the connection that makes them; what was made of anything but `key` says is removed."""

    def __init__(self, folder: Path, slices: int, key: str, memory: float, last_step: str, console: Console):
        self.folder, self.console, self.parts = folder, console, range(slices)
        self.state = self._state(key, last_step)
        temporary = folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        self.connection = dataframes.connect()
        settings = {"memory_limit": f"{memory:g}GB", "threads": str(min(os.cpu_count() or 1, THREADS))}
        settings |= {"temp_directory": str(temporary), "preserve_insertion_order": "false"}
        for setting, value in settings.items():
            self.connection.execute(f"SET {setting} = {literal(value)}")

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.folder / "temporary", ignore_errors=True)

    def _state(self, key: str, last_step: str) -> Progress:
        """What an earlier call left, when it worked on the same files with the same code; behind `last_step` nobody reads lines."""
        state = Progress.read(self.folder)
        if state is not None and state.key == key:
            sizes = {file: (self.folder / file).stat().st_size for file in state.files if (self.folder / file).exists()}
            if sizes == state.files and (last_step in state.done or (self.folder / "lines").exists()):
                return state
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return Progress(key, len(self.parts))

    def step(self, name: str, what: str, work: Callable[[], None], makes: tuple = ()) -> None:
        """Do one step unless it is done, and keep in mind that it is; of the tables it makes, parts left when stopped are kept."""
        if name in self.state.done:
            self.console.say(f"All customers: {what}: kept from the last call")
            return
        self.console.say(f"All customers: {what} ...")
        began = time.monotonic()
        if self.state.begun != name:
            for table in makes:
                shutil.rmtree(self.folder / table, ignore_errors=True)
            sizes = self.state.files.items()
            self.state.files = {file: size for file, size in sizes if file.split("/")[0] not in makes}
            self.state.begun = name
            self.state.write(self.folder)
        work()
        self.state.seconds[name] = round(time.monotonic() - began, 1)
        self.state.done.append(name)
        self.state.write(self.folder)
        self.console.say(f"All customers: {what}: done in {self.state.seconds[name]} s")

    def path(self, table: str, part: int) -> Path:
        return self.folder / table / f"part-{part:04d}.parquet"

    def part(self, table: str, part: int):
        return self.connection.read_parquet(str(self.path(table, part)))

    def whole(self, table: str):
        return self.connection.read_parquet(str(self.folder / table / "*.parquet"))

    def lines(self, part: int) -> str:
        """The lines of one slice, as SQL."""
        files = literal(str(self.folder / "lines" / f"slice={part}" / "*.parquet"))
        return f"read_parquet({files}, hive_partitioning = false)"

    def written(self, table: str) -> list[int]:
        return [part for part in self.parts if self.path(table, part).exists()]

    def write(self, table: str, part: int, relation: Callable[[], object], contract: bool = True):
        """Write one part of a table, unless it is there, and read it back; its file is whole and keeps the table's contract."""
        path = self.path(table, part)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(".partial")
            relation().write_parquet(str(partial), compression="zstd")
            if contract:
                tables.check(table, self.connection.read_parquet(str(partial)))
            os.replace(partial, path)
        if table != "measures":
            self.state.files[str(path.relative_to(self.folder))] = path.stat().st_size
        return self.part(table, part)


class _Work(SlicedTables):
    """The steps of one large run, in the order in which they are done."""

    def __init__(self, source, columns: dict, valuing: dict, options: Options, repository, coded, **where):
        super().__init__(slices=source.slices, memory=options.memory, **where)
        self.source, self.reading, self.valuing = source, reading.Options(columns=columns), valuing
        self.options, self.repository, self.coded = options, repository, coded

    def read(self) -> None:
        """The one pass over the source: lines by slice, rejects, and the card."""
        rows = reading.Source.of_parquet(self.connection, self.source)
        notes = [f"nested columns left out: {', '.join(self.source.nested)}"] if self.source.nested else []
        planned = orders.plan(rows, self.reading, notes, self.source.slices)
        forgotten = self.repository.forgotten()  # whom the run was made to forget stays away, by name and by code
        planned = planned.without(forgotten.sql("customer_id")) if forgotten else planned
        coded = cleaning.names_people(rows, planned) if self.coded is None else self.coded
        if coded:
            code = code_in_sql(self.repository.salt(), "customer_id")
            planned = replace(planned, query=f"SELECT * REPLACE ({code} AS customer_id) FROM ({planned.query})")
            planned = planned.without(forgotten.sql("customer_id")) if forgotten else planned
        unfinished = self.folder / "lines.partial"
        shutil.rmtree(unfinished, ignore_errors=True)
        how = "FORMAT parquet, PARTITION_BY (slice), OVERWRITE_OR_IGNORE"  # a folder per slice
        self.connection.execute(f"COPY ({planned.query}) TO {literal(str(unfinished))} ({how})")
        lines = f"read_parquet({literal(str(unfinished / '**' / '*.parquet'))}, hive_partitioning = true)"
        card = cleaning.card_of_large(self.connection, lines, planned, rows, self.source)
        value = "CAST(NULL AS VARCHAR) AS value" if coded else "value"  # which may be a name
        refused = f'SELECT source, line, "column", {value}, reason FROM {lines} WHERE reason IS NOT NULL ORDER BY source, line'
        self.write("rejects", 0, lambda: self.connection.sql(refused))
        if coded:
            card.names_customers = False
            card.quirks = [*(text for text in card.quirks if text != cleaning.NAMED), CODED]
        if forgotten:
            card.quirks.append(LEFT_OUT)
        self.state.card = card.to_dict()
        shutil.rmtree(self.folder / "lines", ignore_errors=True)  # of a call that was killed just here
        os.replace(unfinished, self.folder / "lines")

    def summarise(self) -> None:
        """Transactions, recency, frequency and monetary value, and the summary of the value models, slice by slice."""
        end = self.state.card["last_date"]
        customers, only_returns = 0, []
        for part in self.console.over(self.parts, "slice"):
            if not any(self.folder.glob(f"lines/slice={part}/*.parquet")):
                continue
            of_part = partial(cleaning.transactions, self.connection, self.lines(part))
            bought = self.write("transactions", part, of_part)
            customers += bought.aggregate("count(DISTINCT customer_id)").fetchall()[0][0]
            only_returns += [row[0] for row in rfm.without_purchase(bought).select("customer_id").fetchall()]
            if bought.filter("amount >= 0").limit(1).fetchall():
                self.write("btyd_summary", part, partial(clv.summarise, bought, end, UNIT_DAYS))
                measured = rfm.summarise(bought, end).select(f"*, {part} AS part")
                self.write("measures", part, lambda measured=measured: measured, contract=False)
        card = self.state.card
        card["customers"] = self.state.customers = customers
        if len(only_returns) <= MOST_NAMED:
            card["customers_only_returns"] = [] if card["names_customers"] else sorted(only_returns)
        else:
            card["quirks"].append(f"{len(only_returns):,} customers have only returns")

    def score(self) -> None:
        """Scores that compare all customers, and the segments under them."""
        scored = rfm.segment(rfm.score(self.whole("measures"), few_values="allow"))
        for part in self.console.over(self.written("measures"), "slice"):
            of_part = scored.filter(f"part = {part}").select("* EXCLUDE (part)")
            self.write("rfm", part, lambda of_part=of_part: of_part)

    def fit(self) -> None:
        """BG/NBD and Gamma-Gamma on the groups of identical customers."""
        summary = self.whole("btyd_summary")
        self.state.models, self.state.not_made = [], {}
        for name in (self.valuing["purchase_model"], "gamma_gamma"):
            try:
                model = clv.fit(summary, name)
            except FitError as error:
                return self._not_valued(error)
            model.to_json(self.folder / f"{name}.json")
            self.state.models.append(repr(model))

    def _not_valued(self, error: FitError) -> None:
        self.state.not_made = {"customer_value": str(error)}
        self.console.say(f"All customers: no customer_value: {error}")

    def value(self) -> None:
        """What each customer is worth, slice by slice."""
        if self.state.not_made:
            return
        told = dict(self.valuing)
        names = (told.pop("purchase_model"), "gamma_gamma")
        models = [clv.from_json(self.folder / f"{name}.json") for name in names]
        for part in self.console.over(self.written("btyd_summary"), "slice"):
            summary = self.part("btyd_summary", part)
            try:
                self.write("customer_value", part, partial(clv.value, *models, summary, **told))
            except FitError as error:
                return self._not_valued(error)

    def total(self) -> None:
        """Customers, revenue and value by segment."""
        found = []
        for part in self.console.over(self.written("rfm"), "slice"):
            scored, worth = self.part("rfm", part), "NULL::DOUBLE"
            if not self.state.not_made:
                valued, worth = self.part("customer_value", part), "sum(residual_value)"
                scored = scored.join(valued, "customer_id", "left")
            sums = f"segment, count(*) AS customers, sum(monetary) AS revenue, {worth} AS residual_value"
            found.append(scored.aggregate(sums, "segment").df())
        together = pd.concat(found).groupby("segment", as_index=False).sum(min_count=1)
        ranked = together.sort_values(["revenue", "segment"], ascending=[False, True])
        self.state.totals = json.loads(ranked.to_json(orient="records"))

    def draw(self) -> None:
        """The lines of a random sample of customers."""
        lines = [self.lines(part) for part in self.written("transactions")]
        sampled = draw_sample(self.connection, lines, self.options.sample, self.options.seed)
        self.state.sampled = sampled.aggregate("count(DISTINCT customer_id)").fetchall()[0][0]
        self.state.seed = self.options.seed
        self.write("sample", 0, lambda: sampled, contract=False)

    def dataset(self) -> datasets.Dataset:
        """The sampled lines as a data set, under the card of all data."""
        card = datasets.Card.from_dict(self.state.card)
        with dataframes.connect() as connection:
            connection.register("lines", self.part("sample", 0).to_arrow_table())
            made = cleaning.tables_of(connection, "lines")
        shown = self.part("rejects", 0).limit(REJECTS_SHOWN).df()
        texts = dict.fromkeys(["source", "column", "value", "reason"], "str")
        made["rejects"] = shown.astype(texts | {"line": "int64"})
        card.assumptions.append(
            f"too large to be loaded: the tables of all {card.customers:,} customers are in the folder all_customers; the "
            f"notebooks, their figures and the tables they make are of a random sample of {self.state.sampled:,} customers "
            f"with all their rows (seed {self.options.seed})"
        )
        if card.rows_rejected > len(shown):
            card.quirks.append(f"the first {len(shown):,} rejected rows are shown; all are in all_customers/rejects")
        return datasets.Dataset(card.name, made, card)


def draw_sample(connection, slices: list[str], size: int, seed: int) -> duckdb.DuckDBPyRelation:
    """All lines of the `size` customers whose id, hashed together with the seed, comes first.

    Parameters:
        slices (list of str): SQL that reads the lines of each slice; a customer is in one slice alone.

    >>> lines = "(SELECT i::VARCHAR AS customer_id, 1.0 AS amount FROM range(100) t(i))"
    >>> drawn = draw_sample(duckdb.connect(), [lines], 3, seed=1).fetchall()
    >>> drawn == draw_sample(duckdb.connect(), [lines], 3, seed=1).fetchall(), len(drawn)
    (True, 3)
    """
    first = f"ORDER BY md5(customer_id || '|{seed}') LIMIT {size}"
    connection.execute("CREATE OR REPLACE TEMP TABLE sampled_customers (customer_id VARCHAR)")
    for lines in slices:  # one at a time, for want of memory
        connection.execute(f"INSERT INTO sampled_customers SELECT DISTINCT customer_id FROM {lines} {first}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE sampled_customers AS SELECT * FROM sampled_customers {first}")
    together = " UNION ALL BY NAME ".join(
        f"SELECT * FROM {lines} SEMI JOIN sampled_customers USING (customer_id)" for lines in slices
    )
    return connection.sql(f"SELECT * FROM ({together}) ORDER BY ALL")
