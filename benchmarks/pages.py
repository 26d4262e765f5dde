"""From what was measured to ``docs/scale.md``: tables between markers, and figures. No number is typed by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.case import Case
from benchmarks.catalogue import CASES
from idic_lab.figures import axes

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scale.md"
FIGURES = ROOT / "docs" / "figures"
COMPARED = [
    "summary",
    "fit",
    "value",
    "summary, integer",
    "summary, short text",
    "summary, UUID",
    "engines",
    "bootstrap",
]
BESIDE = ["fits", "season", "intervals", "audit"]  # cases of `value_models`


def write(results: Path, page: Path = PAGE, figures: Path = FIGURES) -> None:
    """Put the tables between the markers of the page, and draw the figures anew."""
    found = json.loads(results.read_text(encoding="utf-8"))
    text = page.read_text(encoding="utf-8")
    for name, part in parts(found).items():
        marked = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.S)
        text = marked.sub(lambda match, part=part: f"{match[1]}\n{part}\n\n{match[2]}", text)
    page.write_text(text, encoding="utf-8")
    draw(found, figures)


def parts(found: dict) -> dict[str, str]:
    """The text of each marked part."""
    return {
        "machine": _machine(found["machine"]),
        "promises": _promises(found),
        "compared": "\n\n".join(_compared(found, CASES[name]) for name in COMPARED),
        "beside": "\n\n".join(_compared(found, CASES[name], "cpu_seconds") for name in BESIDE),
        "growth": _growth(found),
        "identity": _sizes(found, ("identity", "identity, large"), "records"),
        "study": _sizes(found, ("study",), "cells"),
        "course": _course(found),
        "billion": _billion(found),
    }


def _course(found: dict) -> str:
    """Seconds of each notebook, and of the whole run."""
    entry = next((one for one in entries(found, "course") if one["size"] == 1), None)
    runs = {name: good(entry, name) for name in CASES["course"].alternatives} if entry else {}
    if not any(runs.values()):
        return "Not measured yet."
    seconds = {name: of[0]["facts"]["notebooks"] for name, of in runs.items() if of}
    rows = [f"| notebook | {' | '.join(seconds)} |", "|---|" + "--:|" * len(seconds)]
    for notebook in sorted({notebook for of in seconds.values() for notebook in of}):
        shown = (f"{of[notebook]:.1f}" if notebook in of else "" for of in seconds.values())
        rows.append(f"| {notebook} | {' | '.join(shown)} |")
    whole = " | ".join(f"{runs[name][0]['seconds']:.0f}" for name in seconds)
    return "\n".join([*rows, f"| the whole run, with data and report | {whole} |"])


def entries(found: dict, case: str) -> list[dict]:
    """What was measured of a case, by size."""
    return sorted(
        (entry for entry in found["cases"].values() if entry["case"] == case), key=lambda entry: entry["size"]
    )


def good(entry: dict, alternative: str) -> list[dict]:
    """Its runs that worked."""
    return [run for run in entry["measured"].get(alternative, []) if run["status"] == "ok"]


def ratios(entry: dict, ours: str, other: str, what: str = "seconds") -> list[float]:
    """Time of the other over ours, run by run: both of a pair ran one after the other."""
    return [b[what] / a[what] for a, b in zip(good(entry, ours), good(entry, other), strict=False)]


def _machine(machine: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB of memory, "
        f"{machine['system']}; {versions}."
    )


def _promises(found: dict) -> str:
    rows = ["| what | promised | measured | answers |", "|---|---|---|---|"]
    for case in CASES.values():
        if not case.target:
            continue
        entry = next((one for one in entries(found, case.name) if one["size"] == case.target.size), None)
        ours = next(iter(case.alternatives))
        pairs = ratios(entry, ours, case.target.against) if entry else []
        promise = f"{case.target.times_faster:g} times {case.target.against}"
        if not pairs:
            rows.append(f"| {case.title}, {case.target.size:,} {case.unit} | {promise} | not measured yet | |")
            continue
        factor = median(pairs)
        short = "" if factor >= case.target.times_faster else f", short by {1 - factor / case.target.times_faster:.0%}"
        rows.append(
            f"| {case.title}, {case.target.size:,} {case.unit} | {promise} | **{factor:.1f} times** "
            f"({min(pairs):.1f} to {max(pairs):.1f}){short} | {_same(case, entry, case.target.against)} |"
        )
    rows.append(_promise_of_memory(found))
    return "\n".join(rows)


def _promise_of_memory(found: dict) -> str:
    what, promise = "10 million customers, 50 million transactions, Parquet to Parquet", "8 GiB"
    entry = next((one for one in entries(found, "whole run") if one["size"] == 10_000_000), None)
    runs = entry["measured"].get("IDIC Lab", []) if entry else []
    if not runs:
        return f"| {what} | {promise} | not measured yet | |"
    if runs[0]["status"] != "ok":
        return f"| {what} | {promise} | {runs[0]['status']}: {runs[0]['reason']} | |"
    return f"| {what} | {promise} | **{runs[0]['peak_memory'] / 2**30:.1f} GiB**, {runs[0]['seconds'] / 60:.0f} min | |"


def _same(case: Case, entry: dict, other: str) -> str:
    found = entry["differences"].get(other, {})
    words = []
    for what, value in found.items():
        allowed = case.allowed.get(what)
        note = "" if allowed is None else f" (allowed {allowed:g})" + ("" if value <= allowed else ", **not equal**")
        words.append(f"{what} {value:.1g}{note}")
    return "; ".join(words)


def _compared(found: dict, case: Case, what: str = "seconds") -> str:
    ratio = {"seconds": "time over ours", "cpu_seconds": "processor time over the first"}[what]
    lines = []
    for entry in entries(found, case.name):
        ours = next(iter(case.alternatives))
        lines += [
            *([""] if lines else []),
            f"**{case.title}**, {entry['size']:,} {case.unit}:\n",
            f"| | seconds, median (least to most) | processor seconds | highest memory | {ratio} | differences |",
            "|---|---|---|---|---|---|",
        ]
        for name, all_runs in entry["measured"].items():
            runs = good(entry, name)
            if not runs:
                lines.append(
                    f"| {name} | {all_runs[0]['status']}: {all_runs[0]['reason']} | | | | |" if all_runs else ""
                )
                continue
            seconds = [run["seconds"] for run in runs]
            pairs = ratios(entry, ours, name, what)
            lines.append(
                f"| {name} | {median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f}) of {len(runs)} "
                f"| {median(run['cpu_seconds'] for run in runs):.2f} "
                f"| {max(run['peak_memory'] for run in runs) / 2**30:.1f} GiB "
                f"| {f'{median(pairs):.2f}' if pairs else ''} | {_same(case, entry, name)} |"
            )
    return "\n".join(lines) or f"**{case.title}**: not measured yet."


def growth_of(found: dict) -> tuple[list[int], dict[str, list[float]]]:
    """Customers, and median seconds of each step."""
    measured = [entry for entry in entries(found, "growth") if good(entry, "IDIC Lab")]
    steps: dict[str, list[float]] = {}
    for entry in measured:
        runs = [run["facts"]["steps"] for run in good(entry, "IDIC Lab")]
        for name in runs[0]:
            steps.setdefault(name, []).append(median(run[name] for run in runs))
    return [entry["size"] for entry in measured], steps


def exponent(sizes, seconds) -> float:
    """Slope of log seconds on log size, over the upper half of the sizes: below, fixed costs hide it."""
    upper = slice(max(len(sizes) // 2 - 1, 0), None)
    return float(np.polyfit(np.log(sizes[upper]), np.log(seconds[upper]), 1)[0])


def _growth(found: dict) -> str:
    sizes, steps = growth_of(found)
    if not sizes:
        return "Not measured yet."
    lines = ["| step | " + " | ".join(f"{size:,}" for size in sizes) + " | exponent |", "|---" * (len(sizes) + 2) + "|"]
    for name, seconds in steps.items():
        slope = f"{exponent(sizes, seconds):.2f}" if len(sizes) > 1 else ""
        lines.append(f"| {name} | " + " | ".join(f"{second:.2f}" for second in seconds) + f" | {slope} |")
    memory = [
        max(run["peak_memory"] for run in good(entry, "IDIC Lab")) / 2**30
        for entry in entries(found, "growth")
        if good(entry, "IDIC Lab")
    ]
    lines.append("| highest memory, GiB | " + " | ".join(f"{one:.1f}" for one in memory) + " | |")
    return "\n".join(lines)


def _sizes(found: dict, cases: tuple[str, ...], unit: str) -> str:
    rows = sized(found, cases, unit)
    if not rows:
        return "Not measured yet."
    facts = [name for name in rows[0][2] if name not in (unit, "failed")]
    lines = [
        f"| {unit} | seconds | highest memory | " + "".join(f"{name} | " for name in facts),
        "|---" * (3 + len(facts)) + "|",
    ]
    for size, seconds, told, memory in rows:
        lines.append(
            f"| {size:,} | {seconds:.1f} | {memory / 2**30:.1f} GiB | "
            + "".join(f"{told[name]:.3f} | " for name in facts)
        )
    if len(rows) > 1:
        slope = exponent([row[0] for row in rows], [row[1] for row in rows])
        lines.append(f"\nTime grows with the power {slope:.2f} of the number of {unit}.")
    return "\n".join(line.rstrip() for line in lines)


def sized(found: dict, cases: tuple[str, ...], unit: str) -> list[tuple]:
    """Size, median seconds, facts and highest memory, by size."""
    rows = []
    for case in cases:
        for entry in entries(found, case):
            if runs := good(entry, "IDIC Lab"):
                told = runs[0]["facts"]
                seconds = median(run["seconds"] for run in runs)
                rows.append((int(told[unit]), seconds, told, max(run["peak_memory"] for run in runs)))
    return sorted(rows, key=lambda row: row[0])


def _billion(found: dict) -> str:
    measured = [entry for entry in entries(found, "growth") if good(entry, "IDIC Lab")]
    if not measured:
        return "Not measured yet."
    run = good(measured[-1], "IDIC Lab")[0]
    rows, steps = run["facts"]["transactions"], growth_of(found)[1]
    on_disk = run["facts"]["bytes_on_disk"] / rows
    speed = rows / (steps["summary"][-1] + steps["rfm"][-1])
    return "\n".join(
        [
            f"- Measured at {rows:,} transactions: {on_disk:.0f} bytes per row as Parquet, {run['peak_memory'] / rows:.0f} "
            f"bytes per row of highest memory on pandas, {speed:,.0f} rows per second through summary and RFM together.",
            f"- Times 10⁹: {on_disk:.0f} GB of Parquet; on one machine with pandas {run['peak_memory'] / rows:,.0f} GB of "
            f"memory; {1e9 / speed / 60:.0f} minutes of one machine like this one, if memory allowed.",
            f"- A cluster of 16 such machines would take {1e9 / speed / 60 / 16:.1f} minutes if nothing were lost in "
            "distributing the rows; this is arithmetic, not a measurement.",
        ]
    )


def draw(found: dict, folder: Path) -> None:
    """Time by size, on logarithmic scales: one figure for the steps, one for identities."""
    sizes, steps = growth_of(found)
    if len(sizes) > 1:
        ax = axes()
        for (name, seconds), mark in zip(steps.items(), "osD^v", strict=False):
            ax.loglog(sizes, seconds, marker=mark, label=f"{name} (power {exponent(sizes, seconds):.2f})")
        ax.set(title="How the steps of lifetime value grow with customers", xlabel="customers", ylabel="seconds")
        ax.legend()
        _save(ax, folder / "scale_customers.svg")
    rows = sized(found, ("identity", "identity, large"), "records")
    if len(rows) > 1:
        ax = axes()
        ax.loglog([row[0] for row in rows], [row[1] for row in rows], marker="o")
        ax.set(title="How identity resolution grows with records", xlabel="records", ylabel="seconds")
        _save(ax, folder / "scale_records.svg")


def _save(ax, path: Path) -> None:
    ax.figure.savefig(path, metadata={"Date": None})
    plt.close(ax.figure)
