"""Make the sample data under datasets/meridian again, or check that it is what the program makes.

``python -m idic_lab.meridian`` writes the files, ``--check`` compares them byte for byte and writes nothing,
``--figures docs/figures`` draws the figures of the page on Meridian.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd

from idic_lab import tables
from idic_lab.meridian.files import default_folder, write_csv
from idic_lab.meridian.settings import PEOPLE, SEED
from idic_lab.meridian.shop import CONTRACTS, Meridian, simulate
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
    """The data dictionary as Markdown: every table and column, from the contracts, so that it cannot drift."""
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


def write_sample(folder: Path) -> None:
    """Write the sample of 2,000 people: tables, planted answers and data dictionary."""
    sample = simulate()
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name, data in sample.tables.items():
        write_csv(data, folder / f"{name}.csv")
    for name, data in sample.truth.items():
        write_csv(data, folder / "truth" / f"{name}.csv")
    (folder / "README.md").write_text(data_dictionary(sample), encoding="utf-8", newline="\n")


def differences(folder: Path) -> list[str]:
    """Names of the files that are missing from `folder` or differ from what the program makes."""
    with tempfile.TemporaryDirectory() as fresh:
        write_sample(Path(fresh))
        made = {path.relative_to(fresh): path.read_bytes() for path in Path(fresh).rglob("*") if path.is_file()}
    return [
        str(name)
        for name, content in sorted(made.items())
        if not (folder / name).exists() or (folder / name).read_bytes() != content
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 when the files are not what the program makes."""
    parser = argparse.ArgumentParser(prog="python -m idic_lab.meridian", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="where the sample data are")
    parser.add_argument("--figures", type=Path, help="draw the figures of docs/meridian.md into this folder")
    options = parser.parse_args(arguments)
    if options.figures:
        from idic_lab.meridian.plots import write_figures  # matplotlib only when it is wanted

        write_figures(options.figures)
        return 0
    if options.check:
        different = differences(options.folder)
        print("differs: " + ", ".join(different) if different else "the files are what the program makes")
        return int(bool(different))
    write_sample(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
