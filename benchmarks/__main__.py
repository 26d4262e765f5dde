"""Measure, and write what was measured into the docs: ``python -m benchmarks [CASE ...] [--quick] [--fresh]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import pages, running
from benchmarks.catalogue import CASES
from idic_lab.errors import UnknownName


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"Cases; all unless given: {'; '.join(CASES)}.")
    parser.add_argument("--quick", action="store_true", help="Once, on little data, to see that everything runs.")
    parser.add_argument("--fresh", action="store_true", help="Measure anew what was measured before.")
    parser.add_argument("--results", type=Path, default=running.RESULTS, help="File of measurements.")
    parser.add_argument("--pages-only", action="store_true", help="Write the docs from what was measured.")
    chosen = parser.parse_args()
    for name in chosen.cases:
        if name not in CASES:
            raise UnknownName("case", name, CASES)
    names = chosen.cases or list(CASES)
    if not chosen.pages_only:
        running.run([CASES[name] for name in names], chosen.results, chosen.quick, chosen.fresh)
    if not chosen.quick:
        pages.write(chosen.results)


if __name__ == "__main__":
    main()
