"""Errors that tell a person what to do; the floor of the house, which imports nothing of ours.

Every error the package raises on purpose is a :class:`LabError`, so that a caller can show its message alone.
"""

import difflib
import importlib
from collections.abc import Collection, Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

# Through which door a person came: messages name the option as it is written there.
COMMAND_LINE: ContextVar[bool] = ContextVar("command line", default=False)


class LabError(ValueError):
    """Something a person can put right; the message says what, where and how."""


class DataError(LabError):
    """The data cannot be read or does not suffice."""


class ContractError(DataError):
    """A table does not keep to its contract."""


class FitError(LabError):
    """A model cannot be fitted to these data, or did not converge."""


class RepositoryError(LabError):
    """The customer repository cannot be opened, read or written."""


class DamagedRepository(RepositoryError):
    """The file of the repository is no database, or no longer one."""


class UnknownName(LabError):
    """A name that is not among the valid ones; the message gives the nearest.

    >>> print(UnknownName("data set", "cdnoww", ["cdnow", "meridian"]))
    Unknown data set 'cdnoww'. Did you mean 'cdnow'? Valid: cdnow, meridian.
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str]):
        choices = [str(choice) for choice in choices]
        near = difflib.get_close_matches(str(name), choices, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"Unknown {kind} {name!r}.{hint} Valid: {', '.join(choices) or 'none'}.")


def pick(kind: str, name: str, choices: Collection[str] | Mapping[str, Any]) -> Any:
    """What a name stands for among its choices, or the name itself where they are only listed; else UnknownName.

    >>> pick("model", "bg_nbd", {"bg_nbd": 4, "pareto_nbd": 4}), pick("unit", "days", ["days", "model"])
    (4, 'days')
    >>> pick("unit", "day", ["days", "model"])
    Traceback (most recent call last):
    ...
    idic_lab.errors.UnknownName: Unknown unit 'day'. Did you mean 'days'? Valid: days, model.
    """
    if not isinstance(name, str) or name not in choices:
        raise UnknownName(kind, name, choices)
    return choices[name] if isinstance(choices, Mapping) else name


def existing(path: Path, holding: str = "") -> Path:
    """The path itself when it is there and, being a folder, holds a file; else DataError with the nearest name beside it.

    >>> existing(Path(__file__)).name
    'errors.py'
    >>> existing(Path(__file__).with_name("erors.py"))
    Traceback (most recent call last):
    ...
    idic_lab.errors.DataError: There is no file '...erors.py'. Did you mean 'errors.py' in the same folder?
    """
    if (path / holding).exists():
        return path
    if not path.parent.is_dir():
        raise DataError(f"There is no file {str(path)!r}. The folder {str(path.parent)!r} does not exist either.")
    beside = [other.name for other in path.parent.iterdir() if (other / holding).exists()]
    near = difflib.get_close_matches(path.name, beside, n=1)
    hint = f" Did you mean {near[0]!r} in the same folder?" if near else ""
    what = f"'{path}' holds no run: there is no {holding} in it." if holding else f"There is no file {str(path)!r}."
    raise DataError(what + hint)


class MissingPackage(LabError, ImportError):
    """A package that an extra of ours brings is not installed; the message gives the command that installs it."""


def needs_extra(module: str, extra: str) -> ModuleType:
    """A module of a package that only an extra of idic-lab brings, imported where it is used; else MissingPackage.

    >>> needs_extra("json", "needs").dumps(1)
    '1'
    >>> needs_extra("stepmixx.stepmix", "needs")
    Traceback (most recent call last):
    ...
    idic_lab.errors.MissingPackage: This takes the package stepmixx, which is not installed: pip install 'idic-lab[needs]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        if (error.name or "").split(".")[0] != package:  # it is there, and lacks something itself
            raise
        command = f"pip install 'idic-lab[{extra}]'"
        raise MissingPackage(f"This takes the package {package}, which is not installed: {command}") from None


def option(name: str, value: object) -> str:
    """How an option is given at the door the person came through.

    >>> option("dayfirst", True)
    'dayfirst=True'
    >>> entered = COMMAND_LINE.set(True)
    >>> option("dayfirst", False), option("date_format", "%d.%m.%Y")
    ('--no-dayfirst', '--date-format "%d.%m.%Y"')
    >>> COMMAND_LINE.reset(entered)
    """
    if not COMMAND_LINE.get():
        return f"{name}={value!r}"
    words = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{words}"
    return f'--{words} "{value}"'
