"""The data dictionary of the sample, written from the contracts so that it cannot drift."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from idic_lab import tables
from idic_lab.meridian.assemble import Meridian
from idic_lab.meridian.settings import PEOPLE, SEED
from idic_lab.meridian.truth import CONTRACTS
from idic_lab.tables import Table

_HEAD = f"""# Meridian: the data dictionary

A simulated retailer with web shop, stores, app and call centre: {PEOPLE:,} people and their 104 weeks from 2024-01-01
to 2025-12-28. Nobody in it exists: names, places and firms are invented, e-mail addresses end in the reserved
`.example`, telephone numbers begin with the unassigned country code +999. Licence: CC BY 4.0.

This page and the files are made by `python -m idic_lab.meridian` (seed {SEED}); `--check` says whether the
files are what the program makes. What was planted in each table, with plots: `docs/meridian.md`.

**Keys.** `customer_id` is the customer number of the purchase system. `record_id` is one touchpoint's record of
somebody. `transactions`, `order_lines`, `campaign_results` and `price_tests` know the customer; `web_events`,
`interactions`, `survey_responses`, `reviews` and `account_roles` know a record only. Of a person's records, the one
bought under carries the customer number, and some of the app's do; all others must be linked.

Files are UTF-8, dates are ISO (YYYY-MM-DD), an empty field is a missing value. Money is in euros (EUR).
"""
_TRUTH_HEAD = """
# The planted answers

In the folder `truth`. Only checks open these files: analyses are to find out what is in them.
"""


def data_dictionary(meridian: Meridian) -> str:
    """The data dictionary as Markdown: every table, every column, with meaning, unit and range.

    Parameters
    ----------
    meridian : Meridian
        The sample, for the numbers of rows.
    """
    parts = [_HEAD]
    for name in sorted(meridian.tables):
        parts.append(_section(tables.get(name), meridian.tables[name], f"{name}.csv"))
    parts.append(_TRUTH_HEAD)
    for name in sorted(meridian.truth):
        parts.append(_section(CONTRACTS[name], meridian.truth[name], f"truth/{name}.csv"))
    return "\n".join(parts)


def _section(contract: Table, data: pd.DataFrame, file: str) -> str:
    lines = [f"## {contract.name}", "", f"{contract.meaning} `{file}`, {len(data):,} rows"]
    lines[-1] += f"; key: {', '.join(contract.key)}." if contract.key else "."
    lines += ["", "| column | type | unit | range | may be missing | meaning |", "|---|---|---|---|---|---|"]
    rows = contract.dictionary()
    for row in rows[rows["column"].isin(data.columns)].itertuples(index=False):
        missing = "yes" if row[4] and data[row[0]].isna().any() else ""
        lines.append("| " + " | ".join((f"`{row[0]}`", row[1], row[2], row[3], missing, row[5])) + " |")
    return "\n".join(lines) + "\n"


def write_dictionary(meridian: Meridian, path: Path) -> None:
    """Write the data dictionary of the sample."""
    path.write_text(data_dictionary(meridian), encoding="utf-8", newline="\n")
