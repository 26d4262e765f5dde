"""``python -m kills``: kill the project's work a few hundred times, and say what came of it.

Linux only: it finds orphans in /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"  # before numpy: a driver that forks must have no threads

from kills import campaign, other_kinds, repository_kinds, run_kinds  # noqa: E402

KINDS = [
    repository_kinds.WholeTable,
    repository_kinds.OnePartition,
    repository_kinds.Forget,
    repository_kinds.Export,
    repository_kinds.KeptTables,
    run_kinds.SmallRun,
    run_kinds.EveryQuarter,
    run_kinds.RealRun,
    run_kinds.MeridianRun,
    other_kinds.Study,
    other_kinds.StudyInProcesses,
    other_kinds.Grading,
    other_kinds.Simulate,
    other_kinds.Add,
]


def main() -> int:
    """Read the arguments, kill, report; 1 when anything was violated or too few were killed."""
    parser = argparse.ArgumentParser(prog="python -m kills", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, help="how many in all, shared out as in a full run")
    parser.add_argument("--only", help="kinds whose name holds this text; several with commas")
    parser.add_argument("--seed", type=int, default=1997)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write every record and the summary here")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else [""]
    kinds = [kind() for kind in KINDS if any(part in kind.name for part in wanted)]
    full = sum(kind.share for kind in kinds)
    total = options.kills or full
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as place:
        cases = []
        for number, kind in enumerate(kinds):
            kind.warm()
            count = max(1, round(kind.share * total / full))
            known = {}
            for variant in sorted(set(kind.variants))[:count]:
                try:
                    known[variant] = campaign.reference(kind, variant, Path(place) / f"{number}-{variant}")
                except RuntimeError as error:
                    print(f"{kind.name} ({variant}) cannot even be done undisturbed: {error}", flush=True)
            if not known:
                continue  # no kill of this kind: the campaign fails
            print(f"{kind.name}: undisturbed {max(one.seconds for one in known.values()):.1f} s", flush=True)
            usable = [variant for variant in kind.variants if variant in known]
            for turn in range(count):
                variant = usable[turn % len(usable)]
                cases.append((kind, variant, known[variant], options.seed * 100_000 + number * 1_000 + turn))
        random.Random(options.seed).shuffle(cases)
        shares = [cases[job :: options.jobs] for job in range(options.jobs)]
        records = campaign.in_parallel(shares, Path(place))
    return report(records, kinds, time.monotonic() - began, options)


def report(records: list[dict], kinds, seconds: float, options: argparse.Namespace) -> int:
    """Print a line per kind and every violation."""
    rows = campaign.summary(records, kinds)
    head = (
        "kills",
        "random",
        "operation",
        "appears",
        "parent alone",
        "second kills",
        "resumed",
        "too late",
        "violations",
    )
    print(f"\n{'kind':<38}" + "".join(f"{name:>14}" for name in head))
    for row in rows:
        print(f"{row['kind']:<38}" + "".join(f"{row[name]:>14}" for name in head))
    kills, violated = sum(row["kills"] for row in rows), sum(row["violations"] for row in rows)
    for record in records:
        for line in record.get("violations", ()):
            print(
                f"\nVIOLATION, {record['kind']} ({record['variant']}), seed {record['seed']}, {record['whom']}, {record['moment']}: {line}"
            )
    print(f"\n{kills} kills in {seconds:.0f} s: {violated} violated an invariant.")
    if options.json:
        said = {
            "seed": options.seed,
            "kills": kills,
            "violations": violated,
            "seconds": round(seconds),
            "kinds": rows,
            "records": records,
        }
        options.json.write_text(json.dumps(said, indent=1))
    return int(violated > 0 or any(row["kills"] == 0 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
