"""Registry of extensions: predictors, networks, formats, checks, decoders, tabs and more.

An extension is a name and an object, written ``"module:attribute"``: built-in ones in a table beside their kind's home,
other packages' as entry points of the same form. Both are imported when they are first used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ExtensionError(ValueError):
    """An extension can't be loaded; the message names it, its package and the cause."""


@dataclass(frozen=True)
class Extensions(Generic[T]):
    """All extensions of one kind.

    Attributes
    ----------
    noun : str
        What one is, for messages: ``"predictor"``.
    group : str
        The entry-point group in which packages register theirs.
    built_in : mapping of str to str
        Names and where their objects lie, ``"module:attribute"``; other packages can't replace them.
    is_valid, requirement
        Whether a loaded object may be used, and what one must be, for messages: ``"a dataclass derived from Predictor"``.
    """

    noun: str
    group: str
    built_in: Mapping[str, str]
    is_valid: Callable[[Any], bool]
    requirement: str

    def names(self) -> tuple[str, ...]:
        """All names, loaded or not: built-in ones first, then installed packages' by name."""
        others = _installed(self.group, tuple(sys.path)).keys() - self.built_in.keys()
        return (*self.built_in, *sorted(others))

    def load(self, name: str) -> T:
        """The extension called `name`.

        ``ValueError`` if there is none; the message suggests the nearest name. `ExtensionError` if its package can't be
        imported, or registers something else.
        """
        entry = self._entry(name)
        if entry is None:
            raise ValueError(f"unknown {self.noun} {name!r}{nearest(name, self.names())}")
        try:
            found = entry.load()
        except Exception as error:  # another package may fail in any way
            raise ExtensionError(f"{self._title(entry)} can't be loaded: {type(error).__name__}: {error}") from error
        if not self.is_valid(found):
            raise ExtensionError(f"{self._title(entry)} is {entry.value}, which is not {self.requirement}")
        loaded: T = found
        return loaded

    def load_all(self) -> tuple[dict[str, T], tuple[str, ...]]:
        """All extensions that can be loaded, by name, and a sentence for each that can't."""
        loaded, failures = {}, []
        for name in self.names():
            try:
                loaded[name] = self.load(name)
            except ExtensionError as error:
                failures.append(f"{error}.")
        return loaded, tuple(failures)

    def name_of(self, extension: T) -> str:
        """The name under which a class or function is registered; if it isn't, a ``ValueError`` that says where to."""
        qualified = getattr(extension, "__qualname__", "")
        for name in self.names():
            entry = self._entry(name)
            # Only candidates are loaded: one broken package must not affect the others.
            if entry is not None and entry.attr == qualified and self.load(name) is extension:
                return name
        raise ValueError(
            f"{qualified} is not registered as a {self.noun}; add it to the entry-point group {self.group!r}"
        )

    def _entry(self, name: str) -> EntryPoint | None:
        if name in self.built_in:
            return EntryPoint(name, self.built_in[name], self.group)
        return _installed(self.group, tuple(sys.path)).get(name)

    def _title(self, entry: EntryPoint) -> str:
        package = f" of the package {entry.dist.name}" if entry.dist is not None else ""
        return f"the {self.noun} {entry.name!r}{package}"


def derived_from(
    base: type, noun: str, group: str, built_in: Mapping[str, str], dataclasses: bool = True
) -> Extensions[Any]:
    """Extensions that are classes derived from `base`, which must be dataclasses by default."""

    def is_valid(found: Any) -> bool:
        return isinstance(found, type) and issubclass(found, base) and (is_dataclass(found) or not dataclasses)

    what = "dataclass" if dataclasses else "class"
    return Extensions(noun, group, built_in, is_valid, f"a {what} derived from {base.__name__}")


@lru_cache(maxsize=64)
def _installed(group: str, path: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """Installed packages' entry points of a group by name, the first of each."""
    return {entry.name: entry for entry in reversed(list(_all_installed(path).select(group=group)))}


@lru_cache(maxsize=4)
def _all_installed(_path: tuple[str, ...]) -> Any:
    """Installed packages' entry points; looking through all packages takes 10 ms or more, for one group or for all."""
    return entry_points()


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the most similar known one, or all of them."""
    known = list(known)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
