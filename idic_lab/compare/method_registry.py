"""Methods of segmentation and how to register one's own, in three lines."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from idic_lab.errors import LabError, UnknownName

SEES = ("features", "measures")
_THIRD_PARTY = ("sklearn.", "builtins", "numpy", "scipy", "pandas", "stepmix", "kmedoids")


@dataclass(frozen=True)
class Method:
    """One way of dividing customers.

    Attributes
    ----------
    name : str
    factory : callable
        Takes the number of segments and a seed, returns an unfitted estimator with ``fit`` and ``labels_`` (or
        ``predict``). One without ``predict`` places others by their nearest neighbour, and the results say so.
    sees : {"features", "measures"}
        What ``fit`` is given: an array of standardised features, or the DataFrame of measures.
    needs : tuple of str
        Measures without which the method does not apply; ``answers`` stands for the survey.
    takes_k : bool
        False when the method finds or fixes the number of segments itself; it then runs once, not once per number.
    """

    name: str
    factory: Callable
    sees: str = "features"
    needs: tuple[str, ...] = ()
    takes_k: bool = True

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the source that makes the method: its factory and the classes of ours that it uses."""
        found = [_source(self.factory), repr((self.sees, self.needs, self.takes_k))]
        pending, seen = [self.factory(2, 0)], set()
        while pending:
            part = pending.pop()
            for cls in type(part).__mro__:
                if cls not in seen and not cls.__module__.startswith(_THIRD_PARTY):
                    seen.add(cls)
                    found.append(_source(cls))
            if hasattr(part, "get_params"):
                values = part.get_params(deep=False)
                found.append(repr({key: value for key, value in values.items() if _plain(value)}))
                pending += [value for value in values.values() if hasattr(value, "get_params")]
        return hashlib.sha256("\n".join(found).encode()).hexdigest()

    def lacks(self, columns) -> list[str]:
        """The needed measures that a table does not have."""
        columns = list(columns)
        answers = any(name.startswith("answer ") for name in columns)
        return [name for name in self.needs if not (answers if name == "answers" else name in columns)]


METHODS: dict[str, Method] = {}


def method(name: str, sees: str = "features", needs: tuple[str, ...] = (), takes_k: bool = True):
    """Register a method of one's own.

    Parameters
    ----------
    name : str
    sees, needs, takes_k
        As in :class:`Method`.

    Examples
    --------
    >>> from sklearn.cluster import MiniBatchKMeans
    >>> @method("mini batch")
    ... def mini_batch(k, seed): return MiniBatchKMeans(k, random_state=seed)
    >>> get("mini batch").factory(3, 0)
    MiniBatchKMeans(n_clusters=3, random_state=0)
    >>> del METHODS["mini batch"]
    """
    if sees not in SEES:
        raise UnknownName("view of a method", sees, SEES)

    def register(factory: Callable) -> Callable:
        METHODS[name] = Method(name, factory, sees, tuple(needs), takes_k)
        return factory

    return register


def get(name: str) -> Method:
    """A registered method; UnknownName with the nearest when there is none."""
    if name not in METHODS:
        raise UnknownName("method", name, METHODS)
    return METHODS[name]


def _source(thing) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        if code is None:
            raise LabError(
                f"The source of {thing!r} cannot be read, so a study could not tell when it changes. "
                "Write it in a file or a notebook cell."
            ) from None
        return repr((code.co_code, code.co_consts, code.co_names))


def _plain(value) -> bool:
    return isinstance(value, int | float | str | bool | tuple | type(None))
