"""The sample data: reading it, making it, and what its card says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from idic_lab import tables
from idic_lab.meridian.assemble import blocks
from idic_lab.meridian.files import TableWriter, default_folder, read_tables
from idic_lab.meridian.settings import BLOCK, PEOPLE, SEED, Settings, settings


def load_tables(folder: str | Path | None = None) -> dict[str, pd.DataFrame]:
    """The observed tables of a simulated data set, each checked against its contract.

    Parameters
    ----------
    folder : path, optional
        A folder written by :func:`simulate_to`; by default the sample data of the project.

    Returns
    -------
    dict of str to DataFrame

    Examples
    --------
    >>> sorted(load_tables())[:3]
    ['account_roles', 'accounts', 'campaign_results']
    """
    contracts = {name: tables.get(name) for name in tables.names("inputs")}
    return read_tables(default_folder(folder), contracts)


def simulate_to(
    folder: str | Path,
    n: int = PEOPLE,
    seed: int = SEED,
    difficulty: str | Settings = "default",
    format: str = "parquet",
    progress: bool = True,
    **switches: bool,
) -> Path:
    """Simulate into files, block by block, so that memory does not grow with n.

    Parameters
    ----------
    folder : path
        Gets one file per table, and the planted answers in its folder ``truth``.
    n, seed, difficulty, **switches
        As for :func:`idic_lab.meridian.simulate`, whose tables the files hold.
    format : {"parquet", "csv"}
    progress : bool
        Whether to show how far it is.

    Returns
    -------
    Path
        The folder.
    """
    folder = Path(folder)
    chosen = settings(difficulty, **switches)
    writers = (TableWriter(folder, format), TableWriter(folder / "truth", format))
    steps = tqdm(
        blocks(n, seed, chosen), total=-(-n // BLOCK) + 1, unit="block", disable=not progress, leave=False
    )
    for parts in steps:
        for writer, part in zip(writers, parts, strict=True):
            for name, data in part.items():
                writer.write(name, data)
    for step in ("close", "publish", "confirm"):  # each for both folders, so that they are of one simulation
        for writer in writers:
            getattr(writer, step)()
    return folder


def card_facts() -> dict[str, object]:
    """What the data card says of Meridian beyond what can be counted.

    Returns
    -------
    dict
        ``name``, ``title``, ``source``, ``licence``, ``currency``, ``quirks`` (list of str).
    """
    return {
        "name": "meridian",
        "title": "Meridian: a simulated retailer with web shop, stores, app and call centre",
        "source": (
            f"simulated by idic_lab.meridian with seed {SEED}; nobody in it exists "
            "(python -m idic_lab.meridian makes it again)"
        ),
        "licence": "CC BY 4.0",
        "currency": "EUR",
        "quirks": [
            "transactions hold orders as placed; returns are lines of order_lines with a negative quantity and a "
            "later date, under the number of the order they return",
            "customer_id in transactions, order_lines, campaign_results and price_tests is the customer number; "
            "web_events, interactions, survey_responses, reviews and account_roles carry a record_id, and reach a "
            "customer only once records are linked",
            "of the records in source_records, the one a person buys under carries the customer number, and a "
            "quarter of the app's; the others do not",
            "the survey panel answered the questions on needs and spending; who answers after an order chose to: "
            "the older, and those with something to say",
            "what was planted lies in the folder truth, which only checks open",
        ],
    }
