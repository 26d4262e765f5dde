"""The folder in which a large run works: tables in parts, one for each slice of customers, and what is done already.

A part is a whole file or not there. Each step, and each part of a step, is done once: a call that was killed goes on behind
the last file it made.
"""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from idic_lab import dataframes, durability, tables
from idic_lab.course.runs.execution import Console
from idic_lab.datasets.own.engine import literal

PROGRESS = "progress.json"
THREADS = 4


@dataclass
class Progress:
    """How far a large run has come and what it found, as ``progress.json`` keeps it."""

    key: str  # of what the tables are made of
    slices: int
    begun: str = ""  # the step at work
    done: list[str] = field(default_factory=list)  # steps
    seconds: dict[str, float] = field(default_factory=dict)  # step to how long it took
    files: dict[str, int] = field(default_factory=dict)  # part of a table to its size in bytes
    card: dict = field(default_factory=dict)  # of all data
    customers: int = 0
    sampled: int = 0  # customers that the notebooks see
    seed: int = 0  # of the sample
    models: list[str] = field(default_factory=list)  # the fitted models in words
    totals: list[dict] = field(default_factory=list)  # segment, customers, revenue, residual_value
    not_made: dict[str, str] = field(default_factory=dict)  # table to the reason

    @classmethod
    def read(cls, folder: Path) -> "Progress | None":
        """What a folder holds; None when there is nothing, or nothing that can be read."""
        try:
            return cls(**json.loads((folder / PROGRESS).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write it down whole."""
        durability.write_json(folder / PROGRESS, asdict(self))


class SlicedTables:
    """Tables in parts, as Parquet, and the connection that makes them.

    Parameters:
        slices: Into how many the customers are cut.
        key: Of what the tables are made of; what was made of anything else is removed.
        memory: GB that the engine may take; what needs more goes through a folder on disk.
        last_step: The step after which the lines, which all steps read, are not needed.
    """

    def __init__(self, folder: Path, slices: int, key: str, memory: float, last_step: str, console: Console):
        self.folder, self.console = folder, console
        self.parts = range(slices)
        self.state = self._state(key, last_step)
        temporary = folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        self.connection = dataframes.connect()
        settings = {
            "memory_limit": f"{memory:g}GB",
            "temp_directory": str(temporary),
            "preserve_insertion_order": "false",
        }
        for setting, value in (settings | {"threads": str(min(os.cpu_count() or 1, THREADS))}).items():
            self.connection.execute(f"SET {setting} = {literal(value)}")

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.folder / "temporary", ignore_errors=True)

    def _state(self, key: str, last_step: str) -> Progress:
        """What an earlier call left, when it worked on the same files with the same code."""
        state = Progress.read(self.folder)
        if state is not None and state.key == key:
            sizes = {file: (self.folder / file).stat().st_size for file in state.files if (self.folder / file).exists()}
            if sizes == state.files and (last_step in state.done or (self.folder / "lines").exists()):
                return state
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return Progress(key, len(self.parts))

    def step(self, name: str, what: str, work: Callable[[], None], makes: tuple = ()) -> None:
        """Do one step unless it is done, and keep in mind that it is.

        Parameters:
            name: A step of another name makes its tables anew.
            what: For the reader.
            makes (tuple of str): Tables; parts of them that this step left when it was stopped are kept.
        """
        if name in self.state.done:
            self.console.say(f"All customers: {what}: kept from the last call")
            return
        self.console.say(f"All customers: {what} ...")
        began = time.monotonic()
        if self.state.begun != name:
            for table in makes:
                shutil.rmtree(self.folder / table, ignore_errors=True)
            sizes = self.state.files.items()
            self.state.files = {file: size for file, size in sizes if file.split("/")[0] not in makes}
            self.state.begun = name
            self.state.write(self.folder)
        work()
        self.state.seconds[name] = round(time.monotonic() - began, 1)
        self.state.done.append(name)
        self.state.write(self.folder)
        self.console.say(f"All customers: {what}: done in {self.state.seconds[name]} s")

    def path(self, table: str, part: int) -> Path:
        return self.folder / table / f"part-{part:04d}.parquet"

    def of(self, table: str, part: int) -> str:
        """One part, as SQL."""
        return f"read_parquet({literal(str(self.path(table, part)))})"

    def part(self, table: str, part: int):
        """One part, as a relation."""
        return self.connection.read_parquet(str(self.path(table, part)))

    def whole(self, table: str):
        """All parts of a table, as a relation."""
        return self.connection.read_parquet(str(self.folder / table / "*.parquet"))

    def lines(self, part: int) -> str:
        """The lines of one slice, as SQL."""
        files = literal(str(self.folder / "lines" / f"slice={part}" / "*.parquet"))
        return f"read_parquet({files}, hive_partitioning = false)"

    def written(self, table: str) -> list[int]:
        return [part for part in self.parts if self.path(table, part).exists()]

    def write(self, table: str, part: int, relation: Callable[[], object], contract: bool = True):
        """Write one part of a table, unless this step has written it, and read it back.

        Its file is whole or not there, and is held to the table's contract before it counts.
        """
        path = self.path(table, part)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(".partial")
            relation().write_parquet(str(partial), compression="zstd")
            if contract:
                tables.check(table, self.connection.read_parquet(str(partial)))
            os.replace(partial, path)
        if table != "measures":
            self.state.files[str(path.relative_to(self.folder))] = path.stat().st_size
        return self.part(table, part)

    def over(self, parts):
        """The same parts, with a bar over them."""
        return self.console.over(parts, "slice")
