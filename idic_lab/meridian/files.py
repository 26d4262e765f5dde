"""Tables to files and back, so that the same tables always give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from idic_lab.errors import DataError, UnknownName
from idic_lab.tables import Table

FORMATS = ("parquet", "csv")
# In a folder whose files are just getting their names: some may be of this simulation and some of the one before.
UNFINISHED = ".unfinished"


def default_folder(folder: str | Path | None = None) -> Path:
    """The folder given, or that of the sample data in the project."""
    return Path(folder) if folder is not None else Path(__file__).parents[2] / "datasets" / "meridian"


def write_csv(data: pd.DataFrame, path: Path) -> None:
    """Write one table as CSV: UTF-8, newline at every line's end, nothing for a missing value."""
    data.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def read_csv(path: Path, contract: Table) -> pd.DataFrame:
    """Read one table written by :func:`write_csv` with the types its contract wants."""
    if not path.exists():
        raise DataError(f"{path.name} is missing from {path.parent.name}/; found no table {contract.name!r}.")
    kinds = {name: column.type for name, column in contract.columns.items()}
    types = {"text": "str", "number": "float64", "count": "int64", "flag": "bool"}
    header = pd.read_csv(path, nrows=0, encoding="utf-8").columns
    dates = [name for name in header if kinds.get(name) == "date"]
    data = pd.read_csv(
        path,
        encoding="utf-8",
        dtype={name: types[kinds[name]] for name in header if kinds.get(name) in types},
        keep_default_na=False,
        na_values=[""],
    )
    for name in dates:
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
        raise DataError(
            f"No table of the data set is in {folder}; expected files such as {next(iter(contracts))}.csv."
        )
    return tables


class TableWriter:
    """Writes tables piece by piece into a folder, so that memory holds one piece at a time.

    Files are written under a temporary name and take their own when all is written; while they do, the folder is marked,
    and :func:`read_tables` refuses it.

    Parameters
    ----------
    folder : Path
    format : {"parquet", "csv"}
    """

    def __init__(self, folder: Path, format: str = "parquet"):
        if format not in FORMATS:
            raise UnknownName("file format", format, FORMATS)
        self.folder, self.format = folder, format
        self._open: dict[str, pq.ParquetWriter] = {}
        self._paths: dict[str, Path] = {}

    def write(self, name: str, data: pd.DataFrame) -> None:
        """Add rows to a table."""
        path = self.folder / f"{name}.{self.format}.part"
        new = name not in self._paths
        if new:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._paths[name] = path
        if self.format == "csv":
            data.to_csv(
                path,
                mode="w" if new else "a",
                header=new,
                index=False,
                encoding="utf-8",
                lineterminator="\n",
            )
            return
        rows = pa.Table.from_pandas(data, preserve_index=False)
        if new:
            self._open[name] = pq.ParquetWriter(path, rows.schema, compression="zstd")
        self._open[name].write_table(rows.cast(self._open[name].schema))

    def close(self) -> None:
        """Finish every file; none has its name yet."""
        for writer in self._open.values():
            writer.close()

    def publish(self) -> None:
        """Give every file its name; the folder is marked as unfinished until :meth:`confirm`."""
        (self.folder / UNFINISHED).touch()
        for path in self._paths.values():
            path.replace(path.with_suffix(""))

    def confirm(self) -> None:
        """Say that the folder is whole."""
        (self.folder / UNFINISHED).unlink(missing_ok=True)
