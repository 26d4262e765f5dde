"""``python -m kills``: kill the project's work a few hundred times, and say what came of it.

Linux only: it finds orphans in /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
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
    run_kinds.LargeRun,
    other_kinds.Study,
    other_kinds.StudyInProcesses,
    other_kinds.Grading,
    other_kinds.Simulate,
    other_kinds.Add,
]
SHORT = 5.0  # seconds


def main() -> int:
    """Read the arguments, kill, report; 1 when anything was violated or too few were killed."""
    parser = argparse.ArgumentParser(prog="python -m kills", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, help="how many in all, shared out as in a full run")
    parser.add_argument("--only", help="kinds whose name holds this text; several with commas")
    parser.add_argument("--seed", type=int, default=1997)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write every record and the summary here")
    parser.add_argument("--records", type=Path, help="append each record to this file as it is made")
    parser.add_argument("--resume", action="store_true", help="begin no case that --records holds already")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no kill after so many")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else [""]
    kinds = [kind() for kind in KINDS if any(part in kind.name for part in wanted)]
    full = sum(kind.share for kind in kinds)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as made:
        place = Path(made)
        counts = [max(1, round(kind.share * (options.kills or full) / full)) for kind in kinds]
        file = (options.records or place / "records.jsonl").resolve()
        if not options.resume:
            file.unlink(missing_ok=True)
        done = {record["seed"] for record in read(file)}
        turns = [
            [
                (turn, seed)
                for turn in range(count)
                if (seed := options.seed * 100_000 + number * 1_000 + turn) not in done
            ]
            for number, count in enumerate(counts)
        ]
        known = undisturbed(
            kinds, [count if left else 0 for count, left in zip(counts, turns, strict=True)], options.jobs, place
        )
        cases = in_order(kinds, turns, known, options.seed)

        def kill(number: int) -> None:
            kind, variant, seed = cases[number]
            made = campaign.records_of(kind, variant, known[kind.name, variant], place, seed)
            with file.open("a") as into:  # one write, so that the lines of two drivers do not mix
                into.write("".join(json.dumps(record) + "\n" for record in made))

        campaign.in_parallel(len(cases), options.jobs, kill, began + 60 * options.minutes)
        records = read(file)
    left = len(cases) + len(done) - len({record["seed"] for record in records})
    return report(records, kinds, time.monotonic() - began, left, options)


def read(file: Path) -> list[dict]:
    """The records that a file holds."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def undisturbed(kinds, counts: list[int], jobs: int, place: Path) -> dict:
    """The undisturbed call of every variant of every kind that is to be killed."""
    pairs = []
    for number, kind in enumerate(kinds):
        kind.warm()
        pairs += [(number, kind, variant) for variant in sorted(set(kind.variants))[: counts[number]]]
    pairs.reverse()  # the short ones come first in the list of kinds, and last here

    def refer(number: int) -> None:
        which, kind, variant = pairs[number]
        try:
            one = campaign.reference(kind, variant, place / f"{which}-{variant}")
        except RuntimeError as error:
            print(f"{kind.name} ({variant}) cannot even be done undisturbed: {error}", flush=True)
            return
        print(f"{kind.name} ({variant}): undisturbed {one.seconds:.1f} s", flush=True)
        (place / f"reference-{number}").write_bytes(pickle.dumps(one))

    campaign.in_parallel(len(pairs), jobs, refer)
    return {
        (kind.name, variant): pickle.loads((place / f"reference-{number}").read_bytes())
        for number, (_, kind, variant) in enumerate(pairs)
        if (place / f"reference-{number}").exists()
    }


def in_order(kinds, turns: list[list[tuple[int, int]]], known: dict, seed: int) -> list[tuple]:
    """The cases, of turns (number and seed) per kind: one of every kind, then the short ones by chance, then the long ones.

    A run that is cut short has then tried every kind, and has the most kills that its time allows.
    """
    first, others = [], []
    for kind, mine in zip(kinds, turns, strict=True):
        usable = [variant for variant in kind.variants if (kind.name, variant) in known]
        for turn, own in mine if usable else ():  # no kill of a kind: the campaign fails
            (others if turn else first).append((kind, usable[turn % len(usable)], own))
    random.Random(seed).shuffle(others)
    others.sort(key=lambda case: known[case[0].name, case[1]].seconds > SHORT)
    return first[::-1] + others


def report(records: list[dict], kinds, seconds: float, left: int, options: argparse.Namespace) -> int:
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
    if left:
        print(f"{left} further cases were not begun, for want of time.")
    if options.json:
        if options.resume and options.json.exists():
            seconds += json.loads(options.json.read_text())["seconds"]
        said = {
            "seed": options.seed,
            "kills": kills,
            "violations": violated,
            "seconds": round(seconds),
            "not begun": left,
            "kinds": rows,
            "records": records,
        }
        options.json.write_text(json.dumps(said, indent=1))
    return int(violated > 0 or any(row["kills"] == 0 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
