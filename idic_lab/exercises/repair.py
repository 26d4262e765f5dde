"""Mending what can be mended in a submission before it is graded, and saying what was done.

What counts is what the student answered: a copied cell, metadata that a tool took away, a byte-order mark, a file of
another name or a script in place of the notebook cost nothing.
"""

import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from idic_lab import durability
from idic_lab.errors import DataError
from idic_lab.exercises.course_folder import CourseFolder, grade_id, with_student_id

TABLES = (".csv", ".xlsx", ".parquet")
Cells = dict[str, NotebookNode]  # those of the release, by the name nbgrader knows them by
MOST_BYTES, MOST_CELLS = 50 * 2**20, 2_000
_CELL = re.compile(r"^# (?:%%|In\[[ \d]*\]:).*$", re.M)  # where a script exported from a notebook begins a cell


def repair(course: CourseFolder, assignment: str, student: str) -> list[str]:
    """Bring a submission to the form nbgrader needs, and say what was mended; the file as handed in is kept beside it."""
    folder = course.root / "submitted" / student / assignment
    release = course.notebook(assignment, "release")
    originals = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    path = folder / f"{assignment}.ipynb"
    links = [file for file in folder.rglob("*") if file.is_symlink()]
    for link in links:
        link.unlink()
    source, notebook, notes = _best(folder, path, originals)
    notes += _mend(notebook, originals)
    if re.search(r"""^STUDENT_ID\s*=\s*(["'])\s*\1""", "\n".join(cell.source for cell in notebook.cells), re.M):
        with_student_id(notebook, student)
        notes.append("STUDENT_ID was empty, and was filled in")
    notes += [f"{len(links)} links were taken away: {links[0].name!r}"] if links else []
    if notes:
        when = source.stat().st_mtime  # a later file is told from an earlier one by it
        if path.exists():
            durability.write(path.with_suffix(".as_handed_in"), path.read_bytes())
        durability.write(path, nbformat.writes(notebook))
        os.utime(path, (when, when))
    return notes


def is_plain(path: Path) -> bool:
    """Whether it is a file of a size to be handed in, and not a link, which may lead anywhere."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size < MOST_BYTES


def tables_of(folder: Path) -> list[Path]:
    """The data files of a submission, as many as are together of a size to be handed in."""
    files = sorted(file for file in folder.glob("*") if file.suffix in TABLES and is_plain(file))
    sizes = itertools.accumulate(file.stat().st_size for file in files)
    return [file for file, size in zip(files, sizes, strict=True) if size < MOST_BYTES]


def read(path: Path) -> tuple[NotebookNode, list[str]]:
    """A notebook, or a script of one, whatever editors and tools did to the file."""
    notes = []
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if path.suffix == ".py":
            if "check(" not in text:
                raise ValueError("a script without checks is no assignment")
            notes.append(f"{path.name!r} is a script; its cells were made a notebook")
            cells = [new_code_cell(source.strip("\n")) for source in _CELL.split(text) if source.strip()]
            return new_notebook(cells=cells), notes
        if path.read_bytes().startswith(b"\xef\xbb\xbf"):
            notes.append("a byte-order mark was taken away")
        told = json.loads(text)
        return _whole(told if told.get("nbformat") == 4 else nbformat.reads(text, 4)), notes
    except Exception as error:  # whatever a student may hand in under this name
        raise DataError(f"{path.name} cannot be read as a notebook ({type(error).__name__}).") from None


def _whole(told: dict[str, Any]) -> NotebookNode:
    """A notebook whose every cell has what the format asks for, whatever was left of it."""
    seen: set[str] = set()
    cells = []
    if len(told["cells"]) > MOST_CELLS:
        raise ValueError(f"more than {MOST_CELLS:,} cells are no assignment")
    for cell in told["cells"]:
        kind = cell.get("cell_type") if cell.get("cell_type") in ("code", "markdown", "raw") else "markdown"
        metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
        name = cell.get("id") if cell.get("id") and cell.get("id") not in seen else new_code_cell()["id"]
        seen.add(name)
        kept = {"id": name, "cell_type": kind, "metadata": metadata, "source": "".join(cell.get("source") or "")}
        cells.append(kept | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    metadata = told.get("metadata") if isinstance(told.get("metadata"), dict) else {}
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


def _best(folder: Path, path: Path, originals: Cells) -> tuple[Path, NotebookNode, list[str]]:
    """Of the notebooks and scripts handed in, the one with most answers; of equals, the newest, then the one of the right name."""
    candidates, faults = [], []
    for file in sorted(folder.glob("*")):
        if file.suffix not in (".ipynb", ".py") or file.name.startswith("."):
            continue
        if not is_plain(file):
            faults.append(f"{file.name!r} is a link, or larger than {MOST_BYTES / 2**20:.0f} MB, and was not read.")
            continue
        try:
            notebook, notes = read(file)
        except DataError as error:
            faults.append(str(error))
            continue
        found = _places(notebook, originals)
        stubs = {name: originals[name].source.strip() for name in found if _is_answer(originals[name])}
        sources = {name: {notebook.cells[place].source.strip() for place in found[name]} for name in stubs}
        answered = sum(bool(sources[name] - {stub}) for name, stub in stubs.items())
        if found:
            candidates.append((answered, len(found), file.stat().st_mtime, file == path, file, notebook, notes))
    if not candidates:
        names = ", ".join(sorted(file.name for file in folder.iterdir())) or "nothing"
        told = " ".join(faults) or f"the folder holds {names}."
        raise DataError(f"No notebook of this assignment was handed in: {told}")
    *_, file, notebook, notes = max(candidates, key=lambda candidate: candidate[:4])
    if file != path:
        notes = [f"the notebook was called {file.name!r}", *notes]
    if len(candidates) > 1:
        others = ", ".join(repr(other[4].name) for other in candidates if other[4] != file)
        notes.append(f"{others} was handed in too and not graded: it holds no more answers")
    return file, notebook, notes + faults


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.get("solution"))


def _places(notebook: NotebookNode, originals: Cells) -> dict[str, list[int]]:
    """Where each cell of the release stands: by name, else by its id, its check, or the variable it answers with."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(notebook.cells):
        if grade_id(cell) in originals:
            found.setdefault(grade_id(cell), []).append(place)
    taken = {place for places in found.values() for place in places}
    for name in (name for name in originals if name not in found):
        free = (place for place in range(len(notebook.cells)) if place not in taken)
        like = [place for place in free if _is_like(notebook, place, originals[name])]
        if like:
            found[name] = like if _is_answer(originals[name]) else like[:1]
            taken |= {*found[name]}
    return found


def _is_like(notebook: NotebookNode, place: int, original: NotebookNode) -> bool:
    cell, name = notebook.cells[place], grade_id(original)
    if cell.get("id") and cell.get("id") == original.get("id"):
        return True
    if name == "student_id":
        return cell.source.strip().startswith("STUDENT_ID =")
    if name == "setup":
        return "begin(STUDENT_ID)" in cell.source
    if not _is_answer(original):
        return f'check("{name}"' in cell.source.replace("'", '"')
    if cell.cell_type != original.cell_type:
        return False
    if original.cell_type == "markdown":
        number = re.search(r"_text(\d+)$", name)
        heading = notebook.cells[place - 1].source if place else ""
        return bool(number) and heading.startswith(f"### Text {int(number[1])} ")
    variable = re.match(r"(\w+) = ", original.source)
    return bool(variable and re.search(rf"^{variable[1]}\s*=", cell.source, re.M))


def _mend(notebook: NotebookNode, originals: Cells) -> list[str]:
    """Give every cell of the release its one place, its metadata and its type; what was mended."""
    notes = []
    if bare := [cell for cell in notebook.cells if "nbgrader" in cell.metadata and grade_id(cell) is None]:
        notes.append(f"empty metadata of {len(bare)} cells were taken away")
    for cell in bare:
        del cell.metadata["nbgrader"]
    found = _places(notebook, originals)
    lost = sorted(name for name, places in found.items() if grade_id(notebook.cells[places[0]]) != name)
    gone: set[int] = set()
    for name, places in found.items():
        original, place = originals[name], places[0]
        if _is_answer(original):  # of several places, the last before its check
            check = found.get(name.removesuffix("_answer"), [len(notebook.cells)])[0]
            place = ([place for place in places if place < check] or places)[-1]
        kept = notebook.cells[place]
        if len(places) > 1:
            kept.source = _joined([notebook.cells[other].source for other in places], original)
            gone |= set(places) - {place}
            notes.append(f"{name} stood there {len(places)} times; its parts were put together")
        kept.metadata["nbgrader"] = original.metadata.nbgrader
        if kept.cell_type != original.cell_type:
            notes.append(f"{name} was a {kept.cell_type} cell, and is one of {original.cell_type} again")
            kept.cell_type = original.cell_type
            for part, empty in (("outputs", []), ("execution_count", None)):
                kept.setdefault(part, empty) if kept.cell_type == "code" else kept.pop(part, None)
    if strays := [cell for cell in notebook.cells if grade_id(cell) and grade_id(cell) not in originals]:
        notes.append(f"{len(strays)} cells are of no question of this assignment, and count for nothing")
    for cell in strays:
        del cell.metadata["nbgrader"]
    notebook.cells = [cell for place, cell in enumerate(notebook.cells) if place not in gone]
    if lost:
        notes.append(f"metadata were put back, answers matched by question: {', '.join(lost)}")
    order = list(originals)
    missing = [name for name in order if name not in found]
    for name in missing:  # each behind what comes before it in the release
        before = order[: order.index(name)]
        places = [place for place, cell in enumerate(notebook.cells) if grade_id(cell) in before]
        notebook.cells.insert(max(places, default=-1) + 1, originals[name])
    if missing:
        notes.append(f"deleted cells were put back: {', '.join(missing)}")
    return notes


def _joined(parts: list[str], original: NotebookNode) -> str:
    """The parts of an answer that was split or copied; an untouched copy adds nothing."""
    if not _is_answer(original):
        return parts[0]
    told = [part for part in dict.fromkeys(parts) if part.strip() and part.strip() != original.source.strip()]
    return "\n".join(told) or original.source
