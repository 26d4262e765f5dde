"""Make the sample data under datasets/meridian again, or check that it is what the program makes.

``python -m idic_lab.meridian`` writes the files, ``--check`` compares them byte for byte and writes nothing,
``--figures docs/figures`` draws the figures of the page on Meridian.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from idic_lab.meridian.assemble import simulate
from idic_lab.meridian.dictionary import write_dictionary
from idic_lab.meridian.files import default_folder, write_csv


def write_sample(folder: Path) -> None:
    """Write the sample of 2,000 people: tables, planted answers and data dictionary."""
    sample = simulate()
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name, data in sample.tables.items():
        write_csv(data, folder / f"{name}.csv")
    for name, data in sample.truth.items():
        write_csv(data, folder / "truth" / f"{name}.csv")
    write_dictionary(sample, folder / "README.md")


def differences(folder: Path) -> list[str]:
    """Names of the files that are missing from `folder` or differ from what the program makes."""
    with tempfile.TemporaryDirectory() as fresh:
        write_sample(Path(fresh))
        made = {
            path.relative_to(fresh): path.read_bytes() for path in Path(fresh).rglob("*") if path.is_file()
        }
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
