"""The sample data and any other simulation as files: the same tables always give the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from idic_lab import shipped, tables
from idic_lab.errors import DataError, needs_extra, pick
from idic_lab.meridian.settings import BLOCK, PEOPLE, SEED, Settings, settings
from idic_lab.meridian.simulation import CONTRACTS, blocks
from idic_lab.tables import Table

FORMATS = ("parquet", "csv")
# In a folder whose files are just getting their names: some may be of this simulation and some of the one before.
UNFINISHED = ".unfinished"


def default_folder(folder: str | Path | None = None) -> Path:
    """The folder given, or that of the sample data in the project."""
    return Path(folder) if folder is not None else shipped("datasets") / "meridian"


def write_csv(data: pd.DataFrame, path: Path) -> None:
    """Write one table as CSV: UTF-8, newline at every line's end, nothing for a missing value."""
    data.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def read_csv(path: Path, contract: Table) -> pd.DataFrame:
    """Read one table written by :func:`write_csv` with the types its contract wants."""
    if not path.exists():
        raise DataError(f"{path.name} is missing from {path.parent.name}/; found no table {contract.name!r}.")
    types = {"text": "str", "number": "float64", "count": "int64", "flag": "bool", "date": "str"}
    dtypes = {name: types[column.type] for name, column in contract.columns.items()}
    data = pd.read_csv(path, encoding="utf-8", dtype=dtypes, keep_default_na=False, na_values=[""])
    for name in [name for name in data if contract.columns[name].type == "date"]:
        data[name] = pd.to_datetime(data[name], format="%Y-%m-%d").astype("datetime64[us]")
    return data


def read_tables(folder: Path, contracts: Mapping[str, Table]) -> dict[str, pd.DataFrame]:
    """All tables of a folder that have a contract, from CSV or Parquet, each checked against it."""
    if (folder / UNFINISHED).exists():
        raise DataError(
            f"The simulation into {folder.name}/ was interrupted while its files got their names; simulate again."
        )
    tables = {}
    for name, contract in contracts.items():
        parquet, csv = folder / f"{name}.parquet", folder / f"{name}.csv"
        if parquet.exists():
            tables[name] = contract.check(pd.read_parquet(parquet), parquet.name)
        elif csv.exists():
            tables[name] = contract.check(read_csv(csv, contract), csv.name)
    if not tables:
        raise DataError(f"No table of the data set is in {folder}; expected files such as {next(iter(contracts))}.csv.")
    return tables


def _append(path: Path, data: pd.DataFrame, written: dict[Path, pq.ParquetWriter | None]) -> None:
    """Add rows to a file, under the ending ``.part`` as long as it is written."""
    new = path not in written
    if new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        written[path] = None
    if path.suffixes[-2] == ".csv":
        data.to_csv(path, mode="a", header=new, index=False, encoding="utf-8", lineterminator="\n")
        return
    rows = pa.Table.from_pandas(data, preserve_index=False)
    if new:
        written[path] = pq.ParquetWriter(path, rows.schema, compression="zstd")
    written[path].write_table(rows.cast(written[path].schema))


def load_tables(folder: str | Path | None = None) -> dict[str, pd.DataFrame]:
    """The observed tables of a simulated data set, each checked against its contract.

    Parameters:
        folder: A folder written by :func:`simulate_to`; by default the sample data of the project.

    >>> sorted(load_tables())[:3]
    ['account_roles', 'accounts', 'campaign_results']
    """
    contracts = {name: tables.get(name) for name in tables.names("inputs")}
    return read_tables(default_folder(folder), contracts)


def truth(folder: str | Path | None = None) -> dict[str, pd.DataFrame]:
    """The planted answers of a simulated data set, for tests and the cells of notebooks that are tagged ``check`` alone.

    Parameters:
        folder: Folder of the data set; by default that of the sample data. The answers are in its folder ``truth``.

    >>> truth()["people"]["below_zero"].mean() > 0.08
    np.True_
    """
    return read_tables(default_folder(folder) / "truth", CONTRACTS)


def simulate_to(
    folder: str | Path,
    n: int = PEOPLE,
    seed: int = SEED,
    difficulty: str | Settings = "default",
    world: str = "friendly",
    format: str = "parquet",
    progress: bool = True,
    **switches: bool,
) -> Path:
    """Simulate into files, block by block, so that memory does not grow with n.

    Parameters:
        folder: Gets one file per table, and the planted answers in its folder ``truth``.
        n, seed, difficulty, world, switches: As for :func:`idic_lab.meridian.simulate`, whose tables the files hold.
        format ({"parquet", "csv"})
        progress: Whether to show how far it is.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(load_tables(simulate_to(folder, n=60, progress=False)))
    21
    """
    places = (Path(folder), Path(folder) / "truth")
    pick("file format", format, FORMATS)
    steps = blocks(n, seed, settings(difficulty, world, **switches))
    if progress:
        tqdm = needs_extra("tqdm", "workbench").tqdm
        steps = tqdm(steps, total=-(-n // BLOCK) + 1, unit="block", leave=False)
    written: dict[Path, pq.ParquetWriter | None] = {}
    for parts in steps:
        for place, part in zip(places, parts, strict=True):
            for name, data in part.items():
                _append(place / f"{name}.{format}.part", data, written)
    for writer in filter(None, written.values()):
        writer.close()
    for place in places:
        (place / UNFINISHED).touch()
    for path in written:
        path.replace(path.with_suffix(""))
    for place in places:  # after all of both, so that they are of one simulation
        (place / UNFINISHED).unlink(missing_ok=True)
    return places[0]
