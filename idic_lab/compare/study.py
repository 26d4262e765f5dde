"""A study: data sets, methods, numbers of segments, seeds and criteria, as a YAML file or a dict."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from idic_lab.compare import criterion_registry as criteria_of
from idic_lab.compare import method_registry as methods_of
from idic_lab.compare import sources
from idic_lab.compare.attractiveness_matrix import check_weights
from idic_lab.compare.segmentation import Effort
from idic_lab.errors import DataError, LabError, UnknownName, needs_extra

KEYS = (
    "name",
    "about",
    "modules",
    "datasets",
    "methods",
    "k",
    "seeds",
    "criteria",
    "effort",
    "attractiveness",
)


@dataclass(frozen=True)
class Study:
    """What to compare, checked.

    Attributes
    ----------
    name, about : str
    datasets : tuple of dict
        As :func:`idic_lab.compare.sources.checked` gives them.
    methods : tuple of Method
    k : tuple of int
        Numbers of segments; methods that find their own run once.
    seeds : tuple of int
    criteria : tuple of Criterion
    effort : Effort
    attractiveness : dict
        ``weights`` and ``knock_out`` by criterion.
    text : str
        The study as it was given, for the report.
    """

    name: str
    datasets: tuple[dict, ...]
    methods: tuple[methods_of.Method, ...]
    k: tuple[int, ...]
    seeds: tuple[int, ...]
    criteria: tuple[criteria_of.Criterion, ...]
    effort: Effort = field(default_factory=Effort)
    attractiveness: dict = field(default_factory=dict)
    about: str = ""
    text: str = ""


def read(study: str | Path | Mapping, at_hand=()) -> Study:
    """Read and check a study.

    Parameters
    ----------
    study : path or dict
        Keys: ``name``; ``about``; ``modules`` (Python files that register methods or criteria, relative to the study);
        ``datasets`` (names, or dicts: see :mod:`idic_lab.compare.sources`); ``methods`` and ``criteria`` (names, or
        ``all``); ``k`` (a number or several); ``seeds`` (how many, or which); ``effort`` (see
        :class:`~idic_lab.compare.segmentation.Effort`); ``attractiveness`` (``weights`` and ``knock_out``).
    at_hand : collection of str
        Names of data sets that need not be loaded.

    Returns
    -------
    Study

    Raises
    ------
    UnknownName
        For a name that does not exist; the message gives the nearest.
    LabError
        For a value that cannot be used.

    Examples
    --------
    >>> study = read({"datasets": ["cdnow_sample"], "methods": ["k_means", "one_segment"], "criteria": ["sizes"]})
    >>> len(study.seeds), study.k
    (5, (5,))
    >>> read({"datasets": ["cdnow_sample"], "methods": ["k_meens"]})
    Traceback (most recent call last):
    ...
    idic_lab.errors.UnknownName: Unknown method 'k_meens'. Did you mean 'k_means'? Valid: ...
    """
    given, text, folder = _given(study)
    for key in given:
        if key not in KEYS:
            raise UnknownName("key of a study", key, KEYS)
    for module in _listed(given.get("modules", []), "modules"):
        load_module(folder / module)
    datasets = tuple(sources.checked(spec, at_hand) for spec in _listed(given.get("datasets"), "datasets"))
    names = [spec["name"] for spec in datasets]
    if len(set(names)) < len(names):
        raise LabError(
            f"Two data sets of the study have the same name; give each its own. Found: {', '.join(names)}."
        )
    criteria = _named(given.get("criteria", "all"), "criteria", criteria_of.CRITERIA, criteria_of.get)
    attractiveness = dict(given.get("attractiveness") or {})
    check_weights(attractiveness, [one.name for one in criteria])
    return Study(
        name=str(given.get("name", "study")),
        datasets=datasets,
        methods=_named(given.get("methods", "all"), "methods", methods_of.METHODS, methods_of.get),
        k=_numbers(given.get("k", 5), "k", least=1),
        seeds=_seeds(given.get("seeds", 5)),
        criteria=criteria,
        effort=_effort(given.get("effort") or {}),
        attractiveness=attractiveness,
        about=str(given.get("about", "")),
        text=text,
    )


def load_module(path: Path) -> None:
    """Run a Python file so that it can register methods and criteria.

    The module is not entered in ``sys.modules``: what it defines then travels to other processes by value.
    """
    if not path.is_file():
        raise DataError(f"The study names the module {path.name}, which is not beside it.")
    spec = importlib.util.spec_from_file_location(f"study_module_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def _given(study) -> tuple[dict, str, Path]:
    yaml = needs_extra("yaml", "workbench")
    if isinstance(study, Mapping):
        return dict(study), yaml.safe_dump(json.loads(json.dumps(dict(study))), sort_keys=False), Path()
    path = Path(study)
    try:
        text = path.read_text(encoding="utf-8")
        given = yaml.safe_load(text)
    except FileNotFoundError:
        near = sorted(file.name for file in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise UnknownName("study file", path.name, near) from None
    except yaml.YAMLError as error:
        raise DataError(f"{path.name} is not valid YAML: {error}") from None
    if not isinstance(given, Mapping):
        raise DataError(f"{path.name} should hold keys and values, such as 'datasets: [cdnow]'.")
    return dict(given), text, path.parent


def _listed(value, key: str) -> list:
    if value is None:
        raise LabError(f"The study lacks '{key}'.")
    listed = [value] if isinstance(value, str | Mapping) else value
    if not isinstance(listed, list | tuple):
        raise LabError(f"'{key}' of the study should be a list, found {value!r}.")
    return list(listed)


def _named(value, key: str, registry: dict, get) -> tuple:
    names = list(registry) if value == "all" else _listed(value, key)
    if not names:
        raise LabError(f"'{key}' of the study is empty; leave it out for all of them.")
    return tuple(get(name) for name in dict.fromkeys(names))


def _numbers(value, key: str, least: int) -> tuple[int, ...]:
    numbers = value if isinstance(value, list | tuple) else [value]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise LabError(
                f"'{key}' of the study should hold whole numbers of {least} or more, found {number!r}."
            )
    return tuple(dict.fromkeys(numbers))


def _seeds(value) -> tuple[int, ...]:
    if isinstance(value, int) and not isinstance(value, bool):
        return tuple(range(1, _numbers(value, "seeds", least=1)[0] + 1))
    return _numbers(value, "seeds", least=0)


def _effort(value: Mapping) -> Effort:
    valid = list(Effort.__dataclass_fields__)
    for key, number in value.items():
        if key not in valid:
            raise UnknownName("key of effort", key, valid)
        _numbers(number, f"effort: {key}", least=1)
    return Effort(**value)
