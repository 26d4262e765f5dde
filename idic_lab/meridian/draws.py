"""Random streams and vectorised draws that the components share."""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd


def stream(seed: int, block: int, component: str) -> np.random.Generator:
    """The random stream of one component in one block of people.

    Streams are independent of each other and of the order in which they are asked for, so a change in one component
    leaves the draws of all others as they were.

    >>> bool(stream(1, 0, "people").random() == stream(1, 0, "people").random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, zlib.crc32(component.encode()))))


def pick(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """One column index per row of `weights`, drawn in proportion to the row."""
    cumulative = np.cumsum(weights, axis=1)
    return (rng.random(len(weights))[:, None] * cumulative[:, -1:] >= cumulative[:, :-1]).sum(axis=1)


def ranks(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Owner and rank (from 0) of every item when owner i has ``counts[i]`` of them.

    >>> owner, rank = ranks(np.array([2, 0, 1]))
    >>> owner.tolist(), rank.tolist()
    ([0, 0, 2], [0, 1, 0])
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - starts[owner]


def standardise(values: np.ndarray) -> np.ndarray:
    """Values with mean 0 and standard deviation 1; zeros where they do not vary."""
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


def logistic(values: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-values))


def labels(prefix: str, numbers: np.ndarray, width: int) -> pd.api.extensions.ExtensionArray:
    """Identifiers such as ``C0000042``, quickly, as an array of text.

    >>> list(labels("C", np.array([42, 7]), 4))
    ['C0042', 'C0007']
    """
    numbers = np.asarray(numbers, dtype=np.int64)
    digits = numbers[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10
    codes = np.empty((len(numbers), len(prefix) + width), dtype=np.uint32)
    codes[:, : len(prefix)] = [ord(letter) for letter in prefix]
    codes[:, len(prefix) :] = digits + ord("0")
    return text(codes.view(f"<U{len(prefix) + width}").ravel())


def text(values) -> pd.api.extensions.ExtensionArray:
    """An array of text as the contracts want it; None is missing."""
    return pd.array(values, dtype="str")


def choose(names, index: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Text ``names[index]``; a negative index is missing."""
    return text(list(names)).take(np.asarray(index), allow_fill=True)
