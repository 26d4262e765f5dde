"""A study: data sets, methods, numbers of segments, seeds and criteria, as a YAML file or a dict."""

import importlib
import json
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from idic_lab import datasets, meridian
from idic_lab.compare.customers import Customers, customers_of, prepared, respondents_of
from idic_lab.compare.registry import CRITERIA, METHODS, Criterion, Method
from idic_lab.compare.segmentation import Effort
from idic_lab.compare.statistics import SEED, check_weights
from idic_lab.errors import DataError, LabError, UnknownName, existing, needs_extra, pick

KEYS = ("name", "about", "modules", "datasets", "methods", "k", "seeds", "criteria", "effort", "attractiveness")


@dataclass(frozen=True)
class Study:
    """What to compare, checked.

    Attributes:
        datasets: As :func:`checked_dataset` gives them.
        k: Numbers of segments; methods that find their own run once.
        attractiveness: ``weights`` and ``knock_out`` by criterion.
        text: The study as it was given, for the report; `given` is the same as a dict.
        modules: Source of the modules it names, and of what they import from its folder, by file name.
    """

    name: str
    datasets: tuple[dict, ...]
    methods: tuple[Method, ...]
    k: tuple[int, ...]
    seeds: tuple[int, ...]
    criteria: tuple[Criterion, ...]
    effort: Effort = field(default_factory=Effort)
    attractiveness: dict = field(default_factory=dict)
    about: str = ""
    text: str = ""
    given: dict = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)


def read(study: str | Path | Mapping, at_hand=()) -> Study:
    """Read and check a study.

    Parameters:
        study: A file, or a dict of its keys, which docs/compare.md explains: ``datasets`` (names, or dicts as :func:`load` takes
            them), ``methods`` and ``criteria`` (names, or ``all``), ``seeds`` (how many, or which), and others.
        at_hand: Names of data sets that need not be loaded.
    Raises:
        LabError: For a value that cannot be used; for a name that does not exist it gives the nearest.

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
        pick("key of a study", key, KEYS)
    modules: dict[str, str] = {}
    for module in _listed(given.get("modules", []), "modules"):
        modules |= load_module(folder / module)
    listed = _listed(given.get("datasets"), "datasets")
    specs = (_beside(one, folder) for spec in listed for one in _each_seed(spec))
    datasets = tuple(checked_dataset(spec, at_hand) for spec in specs)
    names = [spec["name"] for spec in datasets]
    if len(set(names)) < len(names):
        raise LabError(f"Two data sets of the study have the same name; give each its own. Found: {', '.join(names)}.")
    criteria = _named(given.get("criteria", "all"), "criteria", "criterion", CRITERIA)
    methods = _named(given.get("methods", "all"), "methods", "method", METHODS)
    for one in methods:  # what cannot be made should fail before the data are read
        one.checked()
    attractiveness, effort = (dict(given.get(key) or {}) for key in ("attractiveness", "effort"))
    check_weights(attractiveness, [one.name for one in criteria])
    for key, number in effort.items():
        pick("key of effort", key, list(Effort.__dataclass_fields__))
        _numbers(number, f"effort: {key}", least=1)
    name, about = str(given.get("name", "study")), str(given.get("about", ""))
    k, seeds = _numbers(given.get("k", 5), "k", least=1), _seeds(given.get("seeds", 5))
    checked = name, datasets, methods, k, seeds, criteria, Effort(**effort), attractiveness
    return Study(*checked, about, text, given, modules)


def load_module(path: Path) -> dict[str, str]:
    """Run a Python file so that it can register methods and criteria; it may import other files of its folder.

    None of them stays in ``sys.modules``: what they define then travels to other processes by value, and is read anew
    the next time. What is entered is known by the text of all of them, which is returned by file name.
    """
    if not path.is_file():
        raise DataError(f"The study names the module {path.name}, which is not beside it.")
    folder, before, writes = path.parent.resolve(), set(sys.modules), sys.dont_write_bytecode
    known = [(entries, dict(entries)) for entries in (METHODS, CRITERIA)]
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # a compiled copy made within the same second as a change would be taken for it
    importlib.invalidate_caches()
    try:
        runpy.run_path(str(path), run_name=f"study_module_{path.stem}")
        files = [path, *(Path(module.__file__) for _, module in sorted(_of_folder(folder, before).items()))]
    except LabError:
        raise
    except Exception as error:
        raise DataError(
            f"The module {path.name} of the study cannot be run: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes
        for name in _of_folder(folder, before):
            del sys.modules[name]
    texts = {file.resolve().relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}
    for entries, earlier in known:
        new = {name: entry for name, entry in entries.items() if earlier.get(name) is not entry}
        entries.update({name: replace(entry, module="\n".join(texts.values())) for name, entry in new.items()})
    return texts


def _of_folder(folder: Path, before: set[str]) -> dict:
    new = {name: module for name, module in sys.modules.items() if name not in before}
    files = {name: Path(getattr(module, "__file__", None) or "") for name, module in new.items()}
    inside = [name for name, file in files.items() if file.suffix == ".py" and file.resolve().is_relative_to(folder)]
    return {name: new[name] for name in inside}


def _given(study) -> tuple[dict, str, Path]:
    yaml = needs_extra("yaml", "workbench")
    if isinstance(study, Mapping):
        return dict(study), yaml.safe_dump(json.loads(json.dumps(dict(study), default=str)), sort_keys=False), Path()
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


def _each_seed(spec: str | Mapping) -> list[str | Mapping]:
    """One data set for each seed of a simulation that names several; :func:`~idic_lab.compare.statistics.world` tells that they belong together."""
    simulated = spec.get("simulate") if isinstance(spec, Mapping) else None
    if not isinstance((simulated or {}).get("seed"), list):
        return [spec]
    name = spec.get("name", "meridian simulated")
    return [
        {**spec, "name": f"{name}{SEED}{seed}", "simulate": {**simulated, "seed": seed}} for seed in simulated["seed"]
    ]


def _beside(spec: str | Mapping, folder: Path) -> str | Mapping:
    """A data set whose file lies beside the study; by name it stays what the study calls it."""
    for key in ("file", "prepared"):
        if isinstance(spec, Mapping) and spec.get(key) and (folder / str(spec[key])).exists():
            spec = {"name": spec[key], **spec, key: str(folder / str(spec[key]))}
    return spec


def _named(value, key: str, kind: str, registry: dict) -> tuple:
    names = list(registry) if value == "all" else _listed(value, key)
    if not names:
        raise LabError(f"'{key}' of the study is empty; leave it out for all of them.")
    given = {json.dumps(name, sort_keys=True): name for name in names}
    return tuple(_tuned(name) if isinstance(name, Mapping) else pick(kind, name, registry) for name in given.values())


def _tuned(entry: Mapping) -> Method:
    from idic_lab.compare.methods.rules import tuned

    for key in entry:
        pick("key of a tuned method", key, ("tune", "over"))
    return tuned(entry.get("tune", ""), _numbers(entry.get("over"), "over", least=2))


def _numbers(value, key: str, least: int) -> tuple[int, ...]:
    numbers = value if isinstance(value, list | tuple) else [value]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise LabError(f"'{key}' of the study should hold whole numbers of {least} or more, found {number!r}.")
    return tuple(dict.fromkeys(numbers))


def _seeds(value) -> tuple[int, ...]:
    if isinstance(value, int) and not isinstance(value, bool):
        return tuple(range(1, _numbers(value, "seeds", least=1)[0] + 1))
    return _numbers(value, "seeds", least=0)


_OF_SURVEYS = ("order", "evaluate")
DATASET_KEYS = ("name", "note", "file", "columns", "simulate", "prepared", "basis", "calibration_end", *_OF_SURVEYS)
SIMULATION = ("n", "seed", "difficulty", "world", "separation", "segments", "campaign_effect", "independence")


def checked_dataset(spec: str | Mapping, at_hand=()) -> dict:
    """A data set of a study as a dict with a name; the names of those `at_hand`, which need not be loaded, may be any.

    >>> checked_dataset("cdnow")
    {'name': 'cdnow', 'basis': 'value'}
    >>> checked_dataset({"name": "mine", "fil": "sales.csv"})
    Traceback (most recent call last):
    ...
    idic_lab.errors.UnknownName: Unknown key of data set 'fil'. Did you mean 'file'? Valid: name, note, file, ...
    """
    spec = {"name": spec} if isinstance(spec, str) else dict(spec)
    for key in spec:
        pick("key of data set", key, DATASET_KEYS)
    if "file" in spec and "simulate" in spec:
        raise LabError("A data set is either a file or a simulation; found both.")
    unnamed = str(spec.get("file", "meridian simulated" if "simulate" in spec else ""))
    spec = {"name": unnamed, "basis": "value"} | spec
    if not spec["name"]:
        raise LabError("A data set needs a name, a file or a simulation.")
    spec["basis"] = "needs" if spec["basis"] == "answers" else pick("basis", spec["basis"], ("value", "needs"))
    for part in spec.get("evaluate") or {}:
        pick("part of the evaluation plot", part, ("x", "y", "size"))
    for knob in spec.get("simulate") or {}:
        pick("knob of the simulation", knob, SIMULATION)
    if not {"file", "simulate", "prepared"} & set(spec):
        pick("data set", spec["name"], [*datasets.names(), *at_hand])
    return spec


def load(spec: str | Mapping) -> Customers:
    """The customers that a data set of a study names.

    Parameters:
        spec: A data set's name, or ``name`` with ``file`` (and ``columns``), ``simulate`` (knobs of Meridian) or ``prepared``
            (a folder of a packet); ``basis``: ``value`` (transactions), ``needs`` or ``answers`` (the survey battery);
            ``calibration_end``; ``note``, for the report; of a survey ``order`` (values of a descriptor, lowest first) and
            ``evaluate`` (descriptors as ``x``, ``y`` and ``size``; ``Gender=Female`` stands for a share).
    """
    spec = checked_dataset(spec)
    if "prepared" in spec:
        return replace(prepared(existing(Path(spec["prepared"]))), name=spec["name"])
    tables, planted, shop, facts = _tables(spec)
    if spec["basis"] == "needs":
        if "survey_responses" not in tables:
            raise DataError(f"Data set {spec['name']!r} has no survey, so it cannot be compared by needs.")
        found = respondents_of(tables, spec["name"], planted, spec.get("order"))
    elif "transactions" not in tables:
        raise DataError(f"Data set {spec['name']!r} has no transactions. Of a survey, say basis: answers.")
    else:
        told = tables["transactions"], spec["name"], spec.get("calibration_end"), tables.get("campaign_results")
        found = customers_of(*told, _people(tables.get("source_records")))
    facts |= {"note": spec["note"]} if "note" in spec else {}
    evaluate = spec.get("evaluate") or {}
    for named in evaluate.values():
        pick("descriptor of this data set", named.partition("=")[0], () if found.described is None else found.described)
    return replace(found, shop=shop, evaluate=evaluate, facts=facts | {"basis": spec["basis"]} | found.facts)


def _tables(spec: Mapping) -> tuple[dict[str, pd.DataFrame], dict | None, dict | None, dict]:
    """Tables; of a simulation what was planted in them and how its shop is opened; and facts for the report."""
    by_needs = spec["basis"] == "needs"
    if "simulate" in spec:
        shop = {"n": 1_000, "seed": 1, "difficulty": "default"} | (spec["simulate"] or {})
        if (separation := shop.pop("separation", None)) is not None:
            known = meridian.DIFFICULTIES[shop["difficulty"]]
            shop["difficulty"] = replace(known, separation=float(separation))
        made = meridian.simulate(**shop)
        told = ", ".join(f"{knob.replace('_', ' ')} {value}" for knob, value in (spec["simulate"] or {}).items())
        return made.tables, made.truth if by_needs else None, shop, {"source": f"simulated (Meridian): {told}"}
    dataset = datasets.load(spec.get("file", spec["name"]), columns=spec.get("columns"), quiet=True)
    ours = dataset.name == "meridian"
    facts = {"source": dataset.card.title or dataset.card.name, "data fingerprint": dataset.card.fingerprint}
    shop = {"n": meridian.PEOPLE, "seed": meridian.SEED} if ours else None
    return dataset.tables, meridian.truth() if by_needs and ours else None, shop, facts


def _people(records: pd.DataFrame | None) -> pd.DataFrame | None:
    """Year of birth per customer number, where records say."""
    if records is None or not {"customer_id", "birth_date"} <= set(records):
        return None
    known = records.dropna(subset=["customer_id", "birth_date"])
    year = pd.to_datetime(known["birth_date"], errors="coerce").dt.year
    return pd.DataFrame({"customer_id": known["customer_id"], "birth_year": year.astype(float)})
