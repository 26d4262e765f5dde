"""Methods of segmentation and criteria that judge them, and how to enter one's own in three lines.

A method or criterion is known by what makes it: those of the package by their own source, without comments and layout, those of
a study's module by the whole module and whatever it imports from its folder.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from idic_lab.errors import LabError, pick

SEES = ("features", "measures")
_THIRD_PARTY = ("sklearn.", "builtins", "numpy", "scipy", "pandas", "stepmix", "kmedoids")
_NUMBER = ("n_segments", "n_clusters", "n_components", "k")
_SEED = ("random_state", "seed")


@dataclass(frozen=True)
class Method:
    """One way of dividing customers.

    Attributes:
        factory: Takes the number of segments and a seed, returns an unfitted estimator with ``fit`` and ``labels_`` (or
            ``predict``). One without ``predict`` places others by their nearest neighbour, and the results say so.
        sees: What ``fit`` is given: an array of standardised ``features``, or the DataFrame of ``measures``.
        needs: Measures without which the method does not apply; ``answers`` stands for the survey.
        takes_k: False when the method finds or fixes the number of segments itself; it then runs once.
        baseline: True for what every method has to beat: it judges, and is never ranked.
        module: Source of the study's module it comes from.
    """

    name: str
    factory: Callable
    sees: str = "features"
    needs: tuple[str, ...] = ()
    takes_k: bool = True
    baseline: bool = False
    module: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what makes the method: its factory and the classes of ours that it uses, or its whole module."""
        made_by = self.module or _sources(self.factory, self.checked())
        return _hashed(made_by, self.name, repr((self.sees, self.needs, self.takes_k)))

    def checked(self):
        """An estimator, unfitted; LabError where the factory gives none."""
        try:
            estimator = self.factory(2, 0)
        except Exception as error:
            raise LabError(f"Method {self.name!r} cannot be made: {type(error).__name__}: {error}") from error
        if not hasattr(estimator, "fit"):
            raise LabError(f"Method {self.name!r} should return an estimator with fit, found {estimator!r}.")
        return estimator

    def lacks(self, columns) -> list[str]:
        """The needed measures that a table does not have."""
        known = {*columns, *("answers" for name in columns if name.startswith("answer "))}
        return [name for name in self.needs if name not in known]


@dataclass(frozen=True)
class Score:
    """What a criterion says: numbers by name, and in ``extra`` what figures and tables need beyond them, as JSON can."""

    numbers: dict[str, float]
    extra: dict = field(default_factory=dict)

    def __post_init__(self):
        self.numbers.update({name: float(value) for name, value in self.numbers.items()})


@dataclass(frozen=True)
class Criterion:
    """One way of judging a segmentation.

    Attributes:
        function: Takes a :class:`~idic_lab.compare.Segmentation`, returns a :class:`Score`, a float, or a dict of floats.
        main: The value by which methods are compared.
        question, warning: What it asks, and what the report says wherever it is shown.
        module: Source of the study's module it comes from.
    """

    name: str
    function: Callable
    main: str
    higher_is_better: bool = True
    question: str = ""
    warning: str = ""
    module: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its source, or of its whole module."""
        return _hashed(self.module or _source(self.function), self.name)

    def __call__(self, segmentation) -> Score:
        found = self.function(segmentation)
        if isinstance(found, Score):
            return found
        return Score(found if isinstance(found, dict) else {self.main: found})


METHODS: dict[str, Method] = {}
CRITERIA: dict[str, Criterion] = {}


def method(
    name: str, sees: str = "features", needs: tuple[str, ...] = (), takes_k: bool = True, baseline: bool = False
):
    """Register a :class:`Method` of one's own: a function of the number of segments and a seed, or an estimator class as it is.

    Raises:
        LabError: When the package has a method of that name.

    >>> from sklearn.cluster import MiniBatchKMeans
    >>> @method("mini batch")
    ... def mini_batch(k, seed): return MiniBatchKMeans(k, random_state=seed)
    >>> get_method("mini batch").factory(3, 0)
    MiniBatchKMeans(n_clusters=3, random_state=0)
    >>> del METHODS["mini batch"]
    """
    pick("view of a method", sees, SEES)

    def entry(made_by: Callable) -> Method:
        factory = _instances_of(made_by) if inspect.isclass(made_by) else made_by
        return Method(name, factory, sees, tuple(needs), takes_k, baseline)

    return _registering("method", name, METHODS, entry, "factory")


def criterion(name: str, main: str = "value", higher_is_better: bool = True, question: str = "", warning: str = ""):
    """Register a criterion of one's own.

    Parameters:
        main: Which of the values it returns is compared.
        question, warning: For the report; the question is the first line of the docstring unless given.
    Raises:
        LabError: When the package has a criterion of that name.

    >>> @criterion("largest share", higher_is_better=False)
    ... def largest_share(segmentation): return (segmentation.labels == 0).mean()
    >>> get_criterion("largest share").higher_is_better
    False
    >>> del CRITERIA["largest share"]
    """

    def entry(function: Callable) -> Criterion:
        asked = question or (function.__doc__ or "").strip().partition("\n")[0]
        return Criterion(name, function, main, higher_is_better, asked, warning)

    return _registering("criterion", name, CRITERIA, entry, "function")


def _registering(kind: str, name: str, entries: dict, entry: Callable, made_by: str) -> Callable:
    """A decorator that enters what it decorates, unless the package has something of that name."""

    def ours(function) -> bool:
        return getattr(function, "__module__", "").startswith("idic_lab.")

    def register(made):
        if name in entries and ours(getattr(entries[name], made_by)) and not ours(made):
            raise LabError(f"The package has a {kind} {name!r}; give yours another name.")
        entries[name] = entry(made)
        return made

    return register


def get_method(name: str) -> Method:
    """A registered method; UnknownName with the nearest when there is none.

    >>> get_method("k_means").takes_k
    True
    """
    return pick("method", name, METHODS)


def get_criterion(name: str) -> Criterion:
    """A registered criterion; UnknownName with the nearest when there is none.

    >>> get_criterion("holdout_value").main
    'capture'
    """
    return pick("criterion", name, CRITERIA)


def baselines() -> tuple[str, ...]:
    """The methods that every other has to beat, which are drawn as lines and never ranked.

    >>> sorted(baselines())
    ['one_segment', 'random_segments']
    """
    return tuple(name for name, entry in METHODS.items() if entry.baseline)


def _instances_of(estimator: type) -> Callable:
    """A factory for a class as it is, whichever of the usual names its number of segments and its seed have."""
    known = inspect.signature(estimator).parameters
    number, random = ([name for name in names if name in known][:1] for names in (_NUMBER, _SEED))

    def factory(k, seed):
        return estimator(**dict.fromkeys(number, k), **dict.fromkeys(random, seed))

    factory.__module__, factory.__doc__ = estimator.__module__, estimator.__doc__
    return factory


def _sources(function: Callable, estimator) -> str:
    """The source of a function, and of the classes of ours of an estimator and of what it is composed of."""
    found, seen, pending = [_source(function)], set(), [estimator]
    while pending:
        part = pending.pop()
        for cls in type(part).__mro__:
            if cls not in seen and not cls.__module__.startswith(_THIRD_PARTY):
                seen.add(cls)
                found.append(_source(cls))
        if hasattr(part, "get_params"):
            values = part.get_params(deep=False)
            plain = int | float | str | bool | tuple | None
            found.append(repr({key: value for key, value in values.items() if isinstance(value, plain)}))
            pending += [value for value in values.values() if hasattr(value, "get_params")]
    return "\n".join(found)


def _source(thing) -> str:
    try:
        return normalised(inspect.getsource(thing))
    except (OSError, TypeError, SyntaxError):  # typed at a prompt: its compiled code has to do
        parts = vars(thing).values() if inspect.isclass(thing) else [thing]
        codes = [part.__code__ for part in parts if hasattr(part, "__code__")]
        return repr([(code.co_code, code.co_consts, code.co_names) for code in codes])


def normalised(source: str) -> str:
    """Source code without comments, layout and docstrings, which make no number.

    >>> normalised("x = 1  # one") == normalised("x=1")
    True
    """
    tree = ast.parse(textwrap.dedent(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    return ast.dump(tree)


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
