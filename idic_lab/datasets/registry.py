"""Names that a user gave to files of their own, kept in one small file in their data folder."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import filelock

from idic_lab.durability import whole_files
from idic_lab.errors import DataError

FILE = "catalogue.json"


def home() -> Path:
    """The user's data folder: the environment variable IDIC_LAB_HOME, or ``.idic-lab`` in the home folder."""
    named = os.environ.get("IDIC_LAB_HOME", "")
    try:
        return Path(named).expanduser() if named else Path.home() / ".idic-lab"
    except (
        RuntimeError
    ):  # no home folder: nothing is registered, and what is written there has its own message
        return Path("/nonexistent/.idic-lab")


def read() -> dict[str, dict]:
    """Registered names, each with its ``path`` and ``columns``."""
    file = home() / FILE
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        for entry in entries.values():
            if not isinstance(entry["path"], str) or not isinstance(entry["columns"], dict):
                raise TypeError
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DataError(
            f"{FILE}, the list of your own data sets, is damaged. Mend or delete it (it lies in the folder that "
            "IDIC_LAB_HOME names, else .idic-lab in your home folder) and add the data sets again."
        ) from None
    except OSError as error:
        raise DataError(
            f"{FILE}, the list of your own data sets, cannot be read ({error.strerror})."
        ) from None
    return entries


def write(name: str, path: Path, columns: dict[str, str]) -> None:
    """Add or replace one name; the file is exchanged whole, so that it is never half written."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise DataError(f"{name!r} cannot name a data set: use lower-case letters, digits, '_' and '-'.")
    try:
        home().mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home() / ".lock", timeout=30):  # two that add at once keep both names
            whole_files.remove_leftovers(home(), f"{FILE}*{whole_files.SUFFIX}")
            whole_files.write_json(home() / FILE, read() | {name: {"path": str(path), "columns": columns}})
    except filelock.Timeout:
        raise DataError("another process holds the list of your own data sets; try again.") from None
    except OSError as error:
        raise DataError(
            f"the data folder cannot be written ({error.strerror}); name another in IDIC_LAB_HOME."
        ) from None
