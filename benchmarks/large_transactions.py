"""A folder of Parquet larger than most memories: ``python -m benchmarks.large_transactions big/``.

Customers buy as the BG/NBD says and spend as the Gamma-Gamma says; the parameters make five purchases each on average. The rows
are written file by file in the order of time, as a shop's own archive would be, so that the rows of one customer lie in all of
the files. A few rows are returns, and a few cannot be used. Memory is bounded by the block of customers drawn at a time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

START = np.datetime64("2022-01-01")
DAYS = 730
FILES = 8  # one per quarter of the two years
BLOCK = 100_000  # customers drawn at a time

# BG/NBD in days and Gamma-Gamma in currency; repeat purchases per customer come out near four.
RATE_SHAPE, RATE_SCALE = 1.13, 1 / 70.0
DROPOUT_A, DROPOUT_B = 0.5, 4.0
SPEND_P, SPEND_Q, SPEND_GAMMA = 6.0, 4.0, 15.0
RETURNS, UNUSABLE = 0.01, 0.0005


def write(folder: Path, customers: int = 10_000_000, seed: int = 1, progress: bool = False) -> int:
    """Write the folder and return the number of rows.

    Parameters
    ----------
    folder : Path
        Made when it is not there; receives ``part-0.parquet`` and so on, with ``customer_id`` (text), ``date`` (a day) and
        ``amount`` (currency).
    customers : int
    seed : int
        The same seed gives the same rows.
    progress : bool
        Draw a bar over the blocks of customers.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = write(Path(folder), customers=1000)
    ...     pq.read_table(folder).num_rows == rows
    True
    """
    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("customer_id", pa.string()), ("date", pa.date32()), ("amount", pa.float64())])
    writers = [pq.ParquetWriter(folder / f"part-{number}.parquet", schema) for number in range(FILES)]
    blocks = [(first, min(BLOCK, customers - first)) for first in range(0, customers, BLOCK)]
    rows = 0
    for number, (first, size) in enumerate(tqdm(blocks, disable=not progress, unit="block")):
        table, day = _block(np.random.default_rng([seed, number]), first, size)
        rows += table.num_rows
        for part, writer in enumerate(writers):
            here = np.flatnonzero(day * FILES // DAYS == part)
            writer.write_table(table.take(pa.array(here)).cast(schema))
    for writer in writers:
        writer.close()
    return rows


def _block(rng: np.random.Generator, first: int, size: int) -> tuple[pa.Table, np.ndarray]:
    """Purchases and returns of some customers, shuffled, and the day of each counted from the start."""
    joined = rng.integers(0, DAYS, size)
    rate = rng.gamma(RATE_SHAPE, RATE_SCALE, size)
    dropout = rng.beta(DROPOUT_A, DROPOUT_B, size)
    scale = rng.gamma(SPEND_Q, 1 / SPEND_GAMMA, size)
    owners, days = [np.arange(size)], [joined]
    time, alive = joined.astype(float), np.arange(size)
    while len(alive):  # one purchase further for all who are still customers and still observed
        time[alive] += rng.exponential(1 / rate[alive])
        alive = alive[time[alive] < DAYS]
        owners.append(alive)
        days.append(time[alive].astype("int64"))
        alive = alive[rng.random(len(alive)) >= dropout[alive]]
    owner, day = np.concatenate(owners), np.concatenate(days)
    amount = np.round(rng.gamma(SPEND_P, 1 / scale[owner]), 2)
    returned = np.flatnonzero(rng.random(len(owner)) < RETURNS)
    owner, day = np.append(owner, owner[returned]), np.append(day, day[returned])
    amount = np.append(amount, -amount[returned])
    order = rng.permutation(len(owner))
    owner, day, amount = owner[order], day[order], amount[order]
    nobody, nothing = (rng.random(len(owner)) < UNUSABLE for _ in range(2))
    names = np.char.mod("C%08d", first + owner)
    table = pa.table(
        {
            "customer_id": pa.array(names, mask=nobody),
            "date": pa.array(START + day, type=pa.date32()),
            "amount": pa.array(amount, mask=nothing),
        }
    )
    return table, day


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rows = write(chosen.folder, chosen.customers, chosen.seed, progress=True)
    print(f"{chosen.customers:,} customers, {rows:,} rows in {chosen.folder}")


if __name__ == "__main__":
    main()
