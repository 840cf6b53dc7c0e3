"""`Workbench`: what one inspection leaves lying for the next, so that nothing is done twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor

T = TypeVar("T")

_KEPT = 2  # of each kind: the exact result's, and the preview's that came before it


class Workbench:
    """Remembers the ground truth read, the targets made and what they were made from, for one state of the data.

    Whoever knows that the data have changed takes a new workbench. For one thread at a time.
    """

    def __init__(self) -> None:
        self._kept: dict[str, OrderedDict[Hashable, Any]] = {}

    def recall(self, what: str, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for `key`, or else what `make` returns, which is remembered in place of the oldest."""
        kept = self._kept.setdefault(what, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            found: T = kept[key]
            return found
        made = make()
        kept[key] = made
        while len(kept) > _KEPT:
            kept.popitem(last=False)
        return made


def target_key(predictor: Predictor) -> Hashable:
    """Equal for predictors that make the same targets, whatever weights they give them."""
    cls = type(predictor)
    values = tuple(getattr(predictor, p.name) for p in parameters_of(cls) if p.affects == "target")
    return cls, values
