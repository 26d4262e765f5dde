"""Tables of every customer from Parquet too large to be loaded: from Parquet to Parquet, in DuckDB, within a stated memory.

The rows are read once and cut into slices of whole customers. Every later step takes one slice at a time, so that memory depends on
the size of a slice and not on that of the data; only what identical customers share is brought together, for the fit. Each
step leaves whole files, or none, and is not done twice.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from idic_lab import databases, datasets, tables, whole_files
from idic_lab.course import manifest as manifests
from idic_lab.course import sample_of_customers
from idic_lab.course.run_folder import ALL_CUSTOMERS
from idic_lab.datasets import large_cleaning, large_parquet
from idic_lab.datasets.large_columns import literal
from idic_lab.datasets.large_parquet import LargeParquet
from idic_lab.differentiate import clv, rfm
from idic_lab.errors import FitError
from idic_lab.stage_functions import ANNUAL_DISCOUNT_RATE, MARGIN, UNIT_DAYS
from idic_lab.tables import in_engine

PROGRESS = "progress.json"
THREADS = 4
# Parameters of the notebook on lifetime value that say how customers are valued, as written there.
VALUING = {
    "purchase_model": "bg_nbd",
    "horizon_days": 365,
    "margin": MARGIN,
    "annual_discount_rate": ANNUAL_DISCOUNT_RATE,
}


@dataclass(frozen=True)
class Options:
    """How large data are run.

    Attributes
    ----------
    sample : int
        Customers that the notebooks see.
    seed : int
        Of the sample.
    memory : float
        GB that the engine may take; what needs more goes through a folder on disk. The fit comes on top.
    """

    sample: int = 20_000
    seed: int = 1
    memory: float = 3.0


USUAL = Options()


def source_of(dataset, large: bool | None = None) -> LargeParquet | None:
    """The Parquet that a run reads in parts; None when what was named can be loaded.

    Parameters
    ----------
    dataset : str, Path or Dataset
        As the run takes it; a name of the catalogue is never large.
    large : bool, optional
        As :func:`idic_lab.datasets.large_parquet.find` takes it.
    """
    named = isinstance(dataset, datasets.Dataset) or (
        isinstance(dataset, str) and dataset in datasets.names()
    )
    return None if named or not Path(dataset).exists() else large_parquet.find(dataset, large)


def make(
    source: LargeParquet,
    run_folder: Path,
    columns: Mapping[str, str] | None = None,
    options: Options = USUAL,
    parameters: Mapping[str, object] | None = None,
    tell: Callable[[str], None] = print,
    progress: bool = False,
) -> datasets.Dataset:
    """Write the tables of every customer, and give the data set of a sample of them for the notebooks.

    Parameters
    ----------
    source : LargeParquet
    run_folder : Path
        Receives the folder ``all_customers``: ``rejects``, ``transactions``, ``rfm``, ``btyd_summary`` and
        ``customer_value`` as folders of Parquet, the models as JSON, and ``progress.json``.
    columns : mapping, optional
        Which header holds which role, where it is not recognised.
    options : Options
    parameters : mapping, optional
        Of the notebooks; those that say how customers are valued hold here too.
    tell : callable
        Receives one line per step.
    progress : bool
        Draw bars over the slices.

    Returns
    -------
    Dataset
        The sampled customers with all their rows; its card is that of all data.
    """
    desk = _Desk(
        source,
        run_folder / ALL_CUSTOMERS,
        dict(columns or {}),
        options,
        dict(parameters or {}),
        tell,
        progress,
    )
    try:
        desk.step("lines", f"reading {source.rows:,} rows", desk.read)
        desk.step("summaries", "what each customer did", desk.summarise)
        desk.step("rfm", "scores and segments", desk.score)
        shutil.rmtree(desk.folder / "measures", ignore_errors=True)
        how = json.dumps(desk.valuing, sort_keys=True)
        desk.step(f"models {desk.valuing['purchase_model']}", "fitting the value models", desk.fit)
        desk.step(f"customer_value {how}", "what each customer is worth", desk.value)
        desk.step(f"totals {how}", "totals by segment", desk.total)
        desk.step(desk.sample_step, f"drawing {options.sample:,} customers for the notebooks", desk.draw)
        shutil.rmtree(desk.folder / "lines", ignore_errors=True)
        return desk.dataset()
    finally:
        desk.close()


def record(run_folder: Path) -> dict | None:
    """What the manifest and the report say of the tables of all customers; None for a run on data that were loaded."""
    path = run_folder / ALL_CUSTOMERS / PROGRESS
    if not path.exists():
        return None
    state = json.loads(path.read_text(encoding="utf-8"))
    names = (
        "customers",
        "sampled",
        "seed",
        "slices",
        "totals",
        "models",
        "not_made",
        "seconds",
        "peak_memory",
    )
    return {name: state[name] for name in names if name in state}


class _Desk:
    """One large run at work: its connection, its folder and the state that a second call finds."""

    def __init__(self, source, folder: Path, columns, options: Options, parameters, tell, progress: bool):
        self.source, self.folder, self.columns, self.options = source, folder, columns, options
        self.tell, self.progress = tell, progress
        self.valuing = {name: parameters.get(name, usual) for name, usual in VALUING.items()}
        self.key = manifests.base(source.signature, {"columns": columns})
        self.sample_step = f"sample of {options.sample} by seed {options.seed}"
        self.state = self._state()
        self.parts = range(source.slices)
        temporary = folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        self.connection = databases.connect()
        for setting, value in {
            "memory_limit": f"{options.memory:g}GB",
            "threads": min(os.cpu_count() or 1, THREADS),
            "temp_directory": str(temporary),
            "preserve_insertion_order": "false",
        }.items():
            self.connection.execute(f"SET {setting} = {literal(str(value))}")

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.folder / "temporary", ignore_errors=True)

    def _state(self) -> dict:
        """What an earlier call left, when it worked on the same files with the same code."""
        path = self.folder / PROGRESS
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            whole = all((self.folder / file).stat().st_size == size for file, size in state["files"].items())
            drawn = self.sample_step in state["done"] or (self.folder / "lines").exists()
            if state["key"] == self.key and whole and drawn:
                return state
        except (OSError, ValueError, KeyError, TypeError):
            pass
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return {"key": self.key, "done": [], "seconds": {}, "files": {}, "slices": self.source.slices}

    def step(self, name: str, what: str, work: Callable[[], None]) -> None:
        """Do one step unless it is done, and keep in mind that it is."""
        if name in self.state["done"]:
            self.tell(f"All customers: {what}: kept from the last call")
            return
        self.tell(f"All customers: {what} ...")
        began = time.monotonic()
        work()
        seconds = round(time.monotonic() - began, 1)
        self.state["seconds"][name] = seconds
        self.state["done"].append(name)
        whole_files.write_json(self.folder / PROGRESS, self.state)
        self.tell(f"All customers: {what}: done in {seconds} s")

    def read(self) -> None:
        """The one pass over the source: lines by slice, rejects, and the card."""
        planned = large_cleaning.plan(self.connection, self.source, self.columns)
        partial = self.folder / "lines.partial"
        shutil.rmtree(partial, ignore_errors=True)
        large_cleaning.write_lines(self.connection, planned, partial)
        lines = f"read_parquet({literal(str(partial / '**' / '*.parquet'))}, hive_partitioning = true)"
        card = large_cleaning.card(self.connection, lines, self.source, planned.facts)
        self._write(
            "rejects",
            0,
            self.connection.sql(
                f'SELECT source, line, "column", value, reason FROM {lines} WHERE reason IS NOT NULL ORDER BY source, line'
            ),
        )
        self.state["card"] = card.to_dict()
        shutil.rmtree(self.folder / "lines", ignore_errors=True)  # of a call that was killed just here
        os.replace(partial, self.folder / "lines")

    def summarise(self) -> None:
        """Transactions, recency, frequency and monetary value, and the summary of the value models, slice by slice."""
        end = self.state["card"]["last_date"]
        customers, only_returns = 0, []
        for part in self._bar(self.parts):
            if not list((self.folder / "lines" / f"slice={part}").glob("*.parquet")):
                continue
            bought = self._write(
                "transactions", part, large_cleaning.transactions(self.connection, self._lines(part))
            )
            count = self.connection.sql(
                f"SELECT count(DISTINCT customer_id) FROM {self._of('transactions', part)}"
            )
            customers += count.fetchall()[0][0]
            only_returns += [row[0] for row in rfm.without_purchase(bought).select("customer_id").fetchall()]
            if self.connection.sql(
                f"SELECT 1 FROM {self._of('transactions', part)} WHERE amount >= 0 LIMIT 1"
            ).fetchall():
                self._write("btyd_summary", part, clv.summarise(bought, end, UNIT_DAYS))
                self._write(
                    "measures", part, rfm.summarise(bought, end).select(f"*, {part} AS part"), contract=False
                )
        card = self.state["card"]
        card["customers"] = customers
        self.state["customers"] = customers
        if len(only_returns) <= large_cleaning.LISTED:
            personal = any("named by name" in note for note in card["quirks"])
            card["customers_only_returns"] = [] if personal else sorted(only_returns)
        else:
            card["quirks"].append(f"{len(only_returns):,} customers have only returns")

    def score(self) -> None:
        """Scores that compare all customers, and the segments under them."""
        measures = self.connection.read_parquet(str(self.folder / "measures" / "*.parquet"))
        scored = rfm.segment(rfm.score(measures, few_values="allow"))
        for part in self._bar(self._written("measures")):
            self._write("rfm", part, scored.filter(f"part = {part}").select("* EXCLUDE (part)"))

    def fit(self) -> None:
        """BG/NBD and Gamma-Gamma on the groups of identical customers."""
        summary = self.connection.read_parquet(str(self.folder / "btyd_summary" / "*.parquet"))
        self.state["models"] = []
        self.state.pop("not_made", None)
        for name in (self.valuing["purchase_model"], "gamma_gamma"):
            try:
                model = clv.fit(summary, name, unit_days=UNIT_DAYS)
            except FitError as error:
                self.state["not_made"] = {"customer_value": str(error)}
                self.tell(f"All customers: no customer_value: {error}")
                return
            model.to_json(self.folder / f"{name}.json")
            self.state["models"].append(repr(model))

    def value(self) -> None:
        """What each customer is worth, slice by slice."""
        if "not_made" in self.state:
            return
        names = (self.valuing["purchase_model"], "gamma_gamma")
        models = [clv.from_json(self.folder / f"{name}.json") for name in names]
        told = {name: value for name, value in self.valuing.items() if name != "purchase_model"}
        for part in self._bar(self._written("btyd_summary")):
            summary = self.connection.read_parquet(str(self._path("btyd_summary", part)))
            try:
                worth = clv.value(*models, summary, **told)
            except FitError as error:
                self.state["not_made"] = {"customer_value": str(error)}
                self.tell(f"All customers: no customer_value: {error}")
                return
            self._write("customer_value", part, worth)

    def total(self) -> None:
        """Customers, revenue and value by segment."""
        valued = "not_made" not in self.state
        found = []
        for part in self._bar(self._written("rfm")):
            join = f"LEFT JOIN {self._of('customer_value', part)} USING (customer_id)" if valued else ""
            worth = "sum(residual_value)" if valued else "NULL::DOUBLE"
            found.append(
                self.connection.sql(
                    f"SELECT segment, count(*) AS customers, sum(monetary) AS revenue, {worth} AS residual_value "
                    f"FROM {self._of('rfm', part)} {join} GROUP BY 1"
                ).df()
            )
        together = pd.concat(found).groupby("segment", as_index=False).sum(min_count=1)
        ranked = together.sort_values(["revenue", "segment"], ascending=[False, True])
        self.state["totals"] = json.loads(ranked.to_json(orient="records"))

    def draw(self) -> None:
        """The lines of a random sample of customers."""
        lines = [self._lines(part) for part in self._written("transactions")]
        sampled = sample_of_customers.draw(self.connection, lines, self.options.sample, self.options.seed)
        self.state |= {
            "sampled": sampled.aggregate("count(DISTINCT customer_id)").fetchall()[0][0],
            "seed": self.options.seed,
        }
        self._write("sample", 0, sampled, contract=False)

    def dataset(self) -> datasets.Dataset:
        """The sample as a data set."""
        card = datasets.Card.from_dict(self.state["card"])
        rejects = self.connection.read_parquet(str(self._path("rejects", 0)))
        sample = self.connection.read_parquet(str(self._path("sample", 0)))
        return sample_of_customers.dataset(card, sample, rejects, self.state["sampled"], self.options.seed)

    def _path(self, table: str, part: int) -> Path:
        return self.folder / table / f"part-{part:04d}.parquet"

    def _of(self, table: str, part: int) -> str:
        return f"read_parquet({literal(str(self._path(table, part)))})"

    def _lines(self, part: int) -> str:
        return f"read_parquet({literal(str(self.folder / 'lines' / f'slice={part}' / '*.parquet'))}, hive_partitioning = false)"

    def _written(self, table: str) -> list[int]:
        return [part for part in self.parts if self._path(table, part).exists()]

    def _write(self, table: str, part: int, relation, contract: bool = True):
        """Write one part of a table so that its file is whole or not there, hold it to its contract, and read it back."""
        path = self._path(table, part)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        relation.write_parquet(str(partial), compression="zstd")
        written = self.connection.read_parquet(str(partial))
        if contract:
            in_engine.check(tables.get(table), written)
        os.replace(partial, path)
        if table != "measures":
            self.state["files"][str(path.relative_to(self.folder))] = path.stat().st_size
        return self.connection.read_parquet(str(path))

    def _bar(self, parts):
        return tqdm(parts, disable=not self.progress, unit="slice", leave=False)


def options_as_parameters(options: Options) -> dict:
    """The options that the notebooks' results depend on."""
    return {name: value for name, value in asdict(options).items() if name != "memory"}
