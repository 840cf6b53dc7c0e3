"""`LayerPrediction`: a layer of the viewer as a prediction of the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.predictions import Prediction, counted_like, covered_roi
from predictor_inspector.inspection.engine.run import Progress
from predictor_inspector.plugin.model.axes import known_array


@dataclass(frozen=True)
class LayerPrediction(Prediction):
    """The values of an image layer with an axis of channels before space; of one channel it may be without.

    `version` counts its edits.
    """

    layer: Any
    logits: bool = False
    version: int = 0

    @property
    def title(self) -> str:  # type: ignore[override]
        """The layer's name."""
        return str(self.layer.name)

    def begin(self, inspection: Inspection) -> Callable[[Progress], Array]:
        """What reads the layer; see `Prediction.begin`."""
        grid = inspection.target
        stored = counted_like(known_array(self.layer, 0, min(grid.dims, int(self.layer.ndim))), grid)
        if stored.channel_dims or len(inspection.channels) > 1:
            return lambda _step: stored

        def with_channel(_step: Progress) -> Array:
            part = stored[covered_roi(inspection.roi, grid, stored)]
            return part.like(part.numpy()[None], grid.axis_names)

        return with_channel


def possible_predictions(layers: Iterable[Any], dims: int, channels: int) -> tuple[Any, ...]:
    """The images among layers that may be a prediction of so many channels, those that have as many first."""
    ndim = (dims + 1, dims) if channels == 1 else (dims + 1,)
    found = [layer for layer in layers if layer.ndim in ndim]
    return tuple(sorted(found, key=lambda layer: layer.ndim == dims + 1 and _channels(layer) != channels))


def _channels(layer: Any) -> int:
    data = layer.data[0] if layer.multiscale else layer.data
    return int(data.shape[0])
