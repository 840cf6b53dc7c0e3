"""Reviews of several ground truths: from crop to crop, each has its own."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from predictor_inspector.data.layers import SOURCE
from predictor_inspector.inspection.findings.review import Review


class Reviews:
    """The review of each layer; of data in files, of each array, whichever layer shows it."""

    def __init__(self) -> None:
        self._of_files: dict[tuple[Any, ...], Review] = {}
        self._of_layers: WeakKeyDictionary[Any, Review] = WeakKeyDictionary()

    def of(self, layer: Any) -> Review:
        """The review of what a layer, or None, shows; an empty one if there is none yet."""
        found: Review | None = None if layer is None else self._place(layer).get(self._key(layer))
        return found or Review()

    def keep(self, layer: Any, review: Review) -> None:
        """Keep the review of what a layer shows; of no layer none is kept."""
        if layer is not None:
            self._place(layer)[self._key(layer)] = review

    def _place(self, layer: Any) -> Any:
        return self._of_layers if self._key(layer) is layer else self._of_files

    @staticmethod
    def _key(layer: Any) -> Any:
        known = layer.metadata.get(SOURCE)
        return layer if known is None else (known["path"], known["name"])
