"""Transactions of any number of customers, as Parquet files in blocks, drawn from the models that are later fitted.

Customers buy at a gamma-distributed rate and may leave after each repeat purchase (BG/NBD); what they spend per
purchase day is Gamma-Gamma. Blocks of a million customers are drawn one after the other, each from a seed of its own, so
that memory does not grow with the number of customers.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BLOCK = 1_000_000
FIRST_DAY = np.datetime64("2023-01-01")
DAYS = 730
LAST_DAY = str(FIRST_DAY + DAYS - 1)
R, ALPHA, A, B = 0.85, 37.0, 0.7, 3.3  # time in days: about five purchases per customer in two years
P, Q, GAMMA = 6.0, 4.0, 15.0  # money: a mean of 30 per purchase
IDS = {
    "integer": lambda number: pa.array(number),
    "short text": lambda number: _text(number, "C", 7),  # C0001234, eight bytes
    "long text": lambda number: _text(number, "customer-", 12),  # customer-000000001234, 21 bytes
    "UUID": lambda number: _uuid(number),  # 36 bytes
}


def write(folder: Path, customers: int, seed: int = 1, ids: str = "long text", block: int = BLOCK) -> Path:
    """Write ``part-*.parquet`` with columns customer_id, date and amount, unless the folder is there and whole.

    Parameters
    ----------
    folder : Path
        Appears when it is complete, and not before.
    customers : int
        Each has at least one purchase, and about five on average.
    seed : int
    ids : {"integer", "short text", "long text", "UUID"}
    block : int
        Customers per file.
    """
    if folder.exists():
        return folder
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    starts = range(0, customers, block)
    for part, (start, seeds) in enumerate(zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True)):
        count = min(block, customers - start)
        number, day, amount = drawn(count, np.random.default_rng(seeds))
        table = pa.table(
            {
                "customer_id": IDS[ids](number + start),
                "date": pa.array((FIRST_DAY + day).astype("datetime64[s]")),
                "amount": pa.array(amount),
            }
        )
        pq.write_table(table, partial / f"part-{part:04d}.parquet")
    partial.rename(folder)
    return folder


def drawn(customers: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer (0 to n - 1), day and amount of each purchase, in order of day as an order system would list them."""
    rate = rng.gamma(R, 1 / ALPHA, customers)
    leaves = rng.beta(A, B, customers)
    time = rng.uniform(0, DAYS - 28, customers)  # of the first purchase
    who = np.arange(customers)
    owners, days = [who], [time.astype("int64")]
    while len(who):
        time = time + rng.exponential(1 / rate[who])
        who, time = who[time < DAYS], time[time < DAYS]
        owners.append(who)
        days.append(time.astype("int64"))
        stays = rng.uniform(size=len(who)) >= leaves[who]
        who, time = who[stays], time[stays]
    owner, day = np.concatenate(owners), np.concatenate(days)
    order = np.argsort(day, kind="stable")
    owner, day = owner[order], day[order]
    scale = rng.gamma(Q, 1 / GAMMA, customers)
    amount = np.maximum(np.round(rng.gamma(P, 1 / scale[owner]), 2), 0.01)
    return owner, day, amount


def _text(number: np.ndarray, prefix: str, width: int) -> pa.Array:
    """Texts such as C0001234, laid out byte by byte: a Python loop over fifty million rows would take a minute."""
    letters = np.empty((len(number), len(prefix) + width), dtype="uint8")
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype="uint8")
    rest = number.copy()
    for position in range(len(prefix) + width - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        letters[:, position] = digit + ord("0")
    return _fixed_width(letters)


def _uuid(number: np.ndarray) -> pa.Array:
    """Texts that look like UUIDs, 36 bytes of which 32 differ, from a mixing function without collisions."""
    digits = np.frombuffer(b"0123456789abcdef", dtype="uint8")
    letters = np.full((len(number), 36), ord("-"), dtype="uint8")
    places = [place for place in range(36) if place not in (8, 13, 18, 23)]
    for half in range(2):
        mixed = _mixed(number.astype("uint64") + np.uint64(half << 40))
        for nibble in range(16):
            letters[:, places[16 * half + nibble]] = digits[(mixed >> np.uint64(4 * nibble)) & np.uint64(15)]
    return _fixed_width(letters)


def _mixed(number: np.ndarray) -> np.ndarray:
    """One-to-one scrambling of 64 bits. Source: Steele, Lea & Flood (2014), SplitMix64."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _fixed_width(letters: np.ndarray) -> pa.Array:
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype="int64") * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))]
    return pa.Array.from_buffers(pa.large_string(), rows, buffers)
