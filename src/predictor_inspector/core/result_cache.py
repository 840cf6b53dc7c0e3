"""LRU cache of intermediate results of consecutive inspections."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_KEPT = 2  # of each kind: the exact result's, and the preview's that came before it


class ResultCache:
    """Ground truth read, targets, and distances that they were made from, of the latest inspections.

    A slider that changes only a late step, such as the slope of a distance, then repeats no earlier one. For one thread at
    a time; take a new cache when the data change.
    """

    def __init__(self) -> None:
        self._kept: defaultdict[str, OrderedDict[Hashable, Any]] = defaultdict(OrderedDict)

    def recall(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """The result for `key`, or else what `make` returns, which replaces the oldest of its kind."""
        kept = self._kept[kind]
        if key not in kept:
            kept[key] = make()
        kept.move_to_end(key)
        while len(kept) > _KEPT:
            kept.popitem(last=False)
        found: T = kept[key]
        return found


def recall(cache: ResultCache | None, kind: str, key: Hashable, make: Callable[[], T], of: object = None) -> T:
    """The result for `key`, made of the very object `of`, if it is in the cache; else what `make` returns."""
    return make() if cache is None else cache.recall(kind, (_Same(of), key), make)


class _Same:
    """Key that equals only itself and other keys of the same object, which it keeps alive."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)
