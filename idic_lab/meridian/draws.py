"""What every component draws with: random streams, and the two years of Meridian with their days, weeks and season.

Purchases keep to the BG/NBD model although December is busier than February: it runs in *operational time*, a clock that
goes faster on busy days and agrees with the calendar to within a few days at any moment of the two years.
"""

import zlib

import numpy as np
import pandas as pd

START = np.datetime64("2024-01-01", "D")  # a Monday
WEEKS = 104
DAYS = 7 * WEEKS
END = START + np.timedelta64(DAYS - 1, "D")  # 2025-12-28, the last day observed

_WEEKDAY = np.array([0.95, 0.90, 0.95, 1.00, 1.15, 1.40, 0.65])  # Monday to Sunday; sums to 7

# Days of the year from and until which there are more or fewer orders, or more or less interest: before Christmas, saving up
# for it, the new year, the winter sale, holidays and what follows them.
_ORDERS = ((336, 357, 1.12), (301, 336, 0.95), (0, 14, 0.94), (14, 28, 1.04), (182, 210, 0.96), (210, 238, 1.04))
_INTEREST = ((322, 357, 1.6), (0, 28, 0.8), (182, 238, 0.85))

STEP_BEFORE, STEP_AFTER = (0.18, 0.40)  # share of visits without an order in which something is put in the basket
DRIFT_DATE = np.datetime64("2025-06-02", "D")
DELIVERY_DAYS = 3.0
DRIFT_PER_WEEK, DRIFT_WEEKS = 0.15, 16  # days of delivery time added each week, and for how long


def days_to_dates(days: np.ndarray) -> np.ndarray:
    """Dates (datetime64[us]) of days counted from the start."""
    return (START + np.asarray(days).astype("timedelta64[D]")).astype("datetime64[us]")


def day_weights(strength: float = 1.0, spans=_ORDERS) -> np.ndarray:
    """How busy each day is with orders, shape (728,); averages 1 over each year.

    The season is mild and every rise is repaid by a fall close by, so that operational time stays within about two
    days of the calendar; a `strength` above 1 makes it steep, and the clock leaves the calendar.
    """
    season, of_year = np.ones(DAYS), np.arange(DAYS) % 364
    for first, until, factor in spans:
        season[(of_year >= first) & (of_year < until)] = factor
    season = season**strength
    return season / season.mean() * _WEEKDAY[np.arange(DAYS) % 7]


def interest_weights() -> np.ndarray:
    """How much interest there is each day, shape (728,): newcomers and visits; a strong season."""
    return day_weights(spans=_INTEREST)


def clock(weights: np.ndarray) -> np.ndarray:
    """Operational time at the start of each day and at the end of the last, in days, by how busy each is."""
    return np.concatenate([[0.0], np.cumsum(weights)])


def busy_day(share: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The day between `first` and `last` (inclusive) by which a share (0 to 1) of the interest in them has passed."""
    passed = clock(interest_weights())
    at = passed[first] + share * (passed[last + 1] - passed[first])
    return np.clip(np.searchsorted(passed, at, side="right") - 1, first, last)


def basket_share(days: np.ndarray, weekly_changes: bool, step_date: str) -> np.ndarray:
    """Chance that a visit without an order leaves something in the basket; steps up on a date."""
    after = days >= (np.datetime64(step_date, "D") - START).astype(int)
    return np.where(after & weekly_changes, STEP_AFTER, STEP_BEFORE)


def mean_delivery_days(days: np.ndarray, weekly_changes: bool) -> np.ndarray:
    """Expected delivery time of orders; from DRIFT_DATE on it grows week by week, then stays."""
    weeks_since = (days - (DRIFT_DATE - START).astype(int)) / 7
    return DELIVERY_DAYS + weekly_changes * DRIFT_PER_WEEK * np.clip(weeks_since, 0, DRIFT_WEEKS)


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
