"""Make the sample data under datasets/meridian again, or check that it is what the program makes.

``python -m idic_lab.meridian`` writes the files, ``--check`` compares them byte for byte and writes nothing.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd

from idic_lab import tables
from idic_lab.meridian.files import default_folder, write_csv
from idic_lab.meridian.people import WORDS
from idic_lab.meridian.settings import PEOPLE, SEED
from idic_lab.meridian.simulation import CONTRACTS, Meridian, simulate
from idic_lab.tables import Table


def data_dictionary(meridian: Meridian) -> str:
    """The data dictionary as Markdown: every table and column, from the contracts, so that it cannot drift."""
    head, of_truth = (WORDS["dictionary"][part].format(people=PEOPLE, seed=SEED) for part in ("head", "of_truth"))
    seen = [_section(tables.get(name), data, f"{name}.csv") for name, data in sorted(meridian.tables.items())]
    planted = [_section(CONTRACTS[name], data, f"truth/{name}.csv") for name, data in sorted(meridian.truth.items())]
    return "\n".join([head, *seen, of_truth, *planted])


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
    for place, held in ((folder, sample.tables), (folder / "truth", sample.truth)):
        for name, data in held.items():
            write_csv(data, place / f"{name}.csv")
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
    options = parser.parse_args(arguments)
    if options.check:
        different = differences(options.folder)
        print("differs: " + ", ".join(different) if different else "the files are what the program makes")
        return int(bool(different))
    write_sample(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
