"""How long it takes to resolve a million records, and how much memory: ``python benchmarks/identity.py``.

The records are those of Meridian at default difficulty. Time is wall-clock time of :func:`idic_lab.identify.resolve`
alone; memory is the highest resident size of the whole process, simulation included.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

import pandas as pd

from idic_lab import identify
from idic_lab.datasets.meridian.assemble import blocks
from idic_lab.datasets.meridian.settings import settings

RECORDS_PER_PERSON = 3.155


def simulated_records(records: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """About so many records, and who they belong to."""
    seen, planted = [], []
    for tables, truth in blocks(round(records / RECORDS_PER_PERSON), seed, settings("default")):
        if "source_records" in tables:  # the last pair holds what there is once
            seen.append(tables["source_records"])
            planted.append(truth["record_owners"])
    return pd.concat(seen, ignore_index=True), pd.concat(planted, ignore_index=True)


def peak_memory() -> float:
    """Highest resident size of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    records, truth = simulated_records(chosen.records, chosen.seed)
    began = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {peak_memory():5.1f} GiB  {line}", flush=True)

    resolution = identify.resolve(records, seed=chosen.seed, tell=tell)
    seconds = time.monotonic() - began
    quality = identify.pairwise(resolution.links, truth)
    print(
        f"\n{len(records):,} records, {os.cpu_count()} cores: {seconds:.0f} s, peak memory {peak_memory():.1f} GiB, "
        f"precision {quality['precision']:.3f}, recall {quality['recall']:.3f}, F1 {quality['f1']:.3f}"
    )


if __name__ == "__main__":
    main()
