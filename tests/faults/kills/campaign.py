"""Many kills: prepared, chosen, carried out, checked, resumed, compared and counted."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kills.kind import Kind
from kills.moments import choose
from kills.processes import alive, asked, carry_out, kill_marked

AGAIN = 0.25  # chance that the resumed work is killed too
ORPHANS_GONE = 10.0  # seconds after a kill within which nothing that the work started may live
WHOM = ("parent", "group", "all")


@dataclass(frozen=True)
class Reference:
    """An undisturbed call: where it begins, how long it takes, and what it leaves."""

    template: Path
    seconds: float
    operations: int
    before: dict
    after: dict


def reference(kind: Kind, variant: str, place: Path) -> Reference:
    """Prepare a variant and carry its work out undisturbed."""
    template, folder = place / "template" / "case", place / "undisturbed" / "case"
    for made in (template, folder.parent):
        made.mkdir(parents=True)
    _must(carry_out(lambda folder: kind.prepare(folder, variant), template), f"{kind.name}: preparation")
    before = asked(lambda folder: _state_or_nothing(kind, folder), template)
    shutil.copytree(template, folder)
    ended = _must(carry_out(kind.work, folder), f"{kind.name}: the undisturbed call")
    after = asked(kind.state, folder)
    wrong = asked(lambda folder: kind.at_the_end(folder, after), folder)
    if wrong:
        raise RuntimeError(f"{kind.name}: already undisturbed, {wrong}")
    return Reference(template, ended.seconds, ended.operations, before, after)


def one_kill(kind: Kind, variant: str, known: Reference, place: Path, seed: int) -> list[dict]:
    """One case: kill, check, resume (perhaps killed again), check. A record per kill; none when all came too late."""
    draw, records, marks = random.Random(seed), [], []
    folder = place / f"{seed}" / "case"
    folder.parent.mkdir(parents=True)
    resumed, wrong = True, []
    misses, ended = -1, None
    while ended is None or not ended.killed:
        misses += 1
        if misses == 4:
            return []
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(known.template, folder)
        moment = choose(draw, known.seconds * 1.1, known.operations, kind.aims)
        whom = draw.choice(WHOM)
        ended = carry_out(kind.work, folder, moment, whom)
    records.append(
        {
            "kind": kind.name,
            "variant": variant,
            "seed": seed,
            "whom": whom,
            "moment": moment.as_dict(),
            "misses": misses,
        }
    )
    marks.append((ended.mark, time.monotonic()))
    wrong += _told("after the kill", kind, folder, known)
    if draw.random() < AGAIN:
        moment = choose(draw, known.seconds, known.operations, kind.aims)
        ended = carry_out(kind.work, folder, moment, draw.choice(WHOM))
        if ended.killed:
            records.append(records[0] | {"moment": moment.as_dict(), "second": True})
            marks.append((ended.mark, time.monotonic()))
            wrong += _told("after the second kill", kind, folder, known)
    last = carry_out(kind.work, folder)
    if last.status != 0:
        resumed = False
        wrong.append(f"the next call ended with {last.status}: {last.said[-1500:]}")
    else:
        wrong += _asked(lambda folder: kind.at_the_end(folder, known.after), folder, "at the end")
    wrong += _orphans(marks)
    for record in records:
        record |= {"resumed": resumed, "violations": wrong if record is records[0] else []}
    shutil.rmtree(folder.parent, ignore_errors=True)
    return records


def _told(when: str, kind: Kind, folder: Path, known: Reference) -> list[str]:
    return _asked(lambda folder: kind.check(folder, known.before, known.after), folder, when)


def _asked(question, folder: Path, when: str) -> list[str]:
    # Looking must change nothing that the next call finds, so it looks at a copy.
    with tempfile.TemporaryDirectory() as between:
        copy = Path(between) / "case"
        for _ in range(20):
            try:
                shutil.copytree(folder, copy)
                break
            except (shutil.Error, OSError):  # something still alive moves files
                shutil.rmtree(copy, ignore_errors=True)
                time.sleep(0.2)
        try:
            return [f"{when}: {line}" for line in asked(question, copy)]
        except RuntimeError as error:
            return [f"{when}: {str(error)[-1500:]}"]


def _orphans(marks: list[tuple[str, float]]) -> list[str]:
    wrong = []
    for mark, killed_at in marks:
        while alive(mark) and time.monotonic() < killed_at + ORPHANS_GONE:
            time.sleep(0.1)
        left = alive(mark)
        if left:
            names = [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:80] for pid in left]
            wrong.append(f"{len(left)} processes of the killed work lived on after {ORPHANS_GONE:.0f} s: {names}")
            kill_marked(mark)
    return wrong


def _state_or_nothing(kind: Kind, folder: Path) -> dict:
    try:
        return kind.state(folder)
    except (OSError, ValueError):
        return {}


def _must(ended, what: str):
    if ended.status != 0:
        raise RuntimeError(f"{what} failed with {ended.status}:\n{ended.said}")
    return ended


def records_of(kind: Kind, variant: str, known: Reference, place: Path, seed: int) -> list[dict]:
    """The records of one case; a failure of the driver itself is told, and counted as a violation."""
    began, case = time.monotonic(), {"kind": kind.name, "variant": variant, "seed": seed}
    try:
        records = one_kill(kind, variant, known, place, seed) or [case | {"missed": True}]
    except Exception as error:
        told = {"whom": "", "moment": {"kind": "none"}, "misses": 0, "resumed": False}
        records = [case | told | {"violations": [f"the driver: {error}"]}]
    return [record | {"seconds": round(time.monotonic() - began, 1)} for record in records]


def summary(records: list[dict], kinds: list[Kind]) -> list[dict]:
    """A row per kind: kills, at which moments, of whom, resumed, violations."""
    rows = []
    for kind in kinds:
        mine = [record for record in records if record["kind"] == kind.name]
        kills = [record for record in mine if not record.get("missed")]
        moments = Counter(record["moment"]["kind"] for record in kills)
        rows.append(
            {
                "kind": kind.name,
                "kills": len(kills),
                "random": moments["random"],
                "operation": moments["operation"],
                "appears": moments["appears"],
                "parent alone": sum(record["whom"] == "parent" for record in kills),
                "second kills": sum(record.get("second", False) for record in kills),
                "resumed": sum(record["resumed"] for record in kills),
                "too late": len(mine) - len(kills),
                "violations": sum(bool(record["violations"]) for record in kills),
            }
        )
    return rows


def in_parallel(count: int, jobs: int, task, until: float = float("inf")) -> None:
    """Carry out ``task(number)`` for the numbers below a count, in order, in forked drivers.

    Each driver takes the next number from a pipe; none is taken after ``until`` (of `time.monotonic`).
    """
    numbers, written = os.pipe()  # holds 64 KiB: 16,384 numbers
    os.write(written, b"".join(number.to_bytes(4, "little") for number in range(count)))
    os.close(written)
    children = []
    for _ in range(jobs):
        pid = os.fork()
        if pid == 0:
            try:
                while time.monotonic() < until and (number := os.read(numbers, 4)):
                    task(int.from_bytes(number, "little"))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        children.append(pid)
    os.close(numbers)
    for pid in children:
        os.waitpid(pid, 0)
