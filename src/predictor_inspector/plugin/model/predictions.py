"""Predictions of the target: a layer of the viewer, and what a trained model gave."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import ref

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.networks import NetworkConfig
from predictor_inspector.inspection import Inspection, Request
from predictor_inspector.inspection.engine.network import head_of
from predictor_inspector.inspection.engine.predictions import Prediction, counted_like, covered_roi
from predictor_inspector.inspection.engine.run import Progress
from predictor_inspector.inspection.models import (
    ModelConfig,
    Predicted,
    chosen_model,
    model_from_config,
    model_of_any_kind,
    model_to_config,
)
from predictor_inspector.inspection.models.kinds import CheckpointModel
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


@dataclass(frozen=True, eq=False)
class ModelChoice:
    """A trained model as a person has chosen it: a file or an import path, and those of its parameters that were set.

    It is compared by identity: what has changed its prediction otherwise, edited raw data for instance, makes it another one.
    """

    path: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ModelChoice:
        """The choice that `config` describes; ``ValueError`` if a parameter is wrong. No file is opened, no model run."""
        made = model_of_any_kind(config)
        return cls(made.path, {name: getattr(made, name) for name in config if name != "path"})

    @property
    def config(self) -> dict[str, Any]:
        """Path and values, as a session has them."""
        return {"path": os.path.expanduser(self.path), **self.values}

    def model(self, network: NetworkConfig | None) -> ModelConfig:
        """The model, whose kind its file says; `network` is a checkpoint's. Nothing is run. Errors as of `chosen_model`."""
        if not self.path:
            raise ValueError("say where the model is: a file, or an import path, module:name")
        model = chosen_model(self.path, network=network)
        if isinstance(model, CheckpointModel) and model.network is None:
            raise ValueError(f"{self.path} holds weights only; choose their network in Setup")
        config = model_to_config(model)
        return model_from_config({**config, **{name: v for name, v in self.values.items() if name in config}})


@dataclass(frozen=True, eq=False)
class ModelRun:
    """What a model gave, and all that this depends on; `files` are stamps of the model's files before it was run."""

    choice: ModelChoice
    model: ModelConfig
    files: tuple[Any, ...]
    predicted: Predicted
    roi: Roi
    grid: tuple[Any, ...]
    head: tuple[Any, ...]
    raw: ref[Array]

    @classmethod
    def of(
        cls, choice: ModelChoice, model: ModelConfig, files: tuple[Any, ...], predicted: Predicted, request: Request
    ) -> ModelRun:
        """The run of a model on the raw data and the region of a request."""
        assert request.source.raw is not None
        head, raw = head_of(request.predictor), ref(request.source.raw)
        return cls(choice, model, files, predicted, request.regions.roi, _grid(request.source.gt), head, raw)

    def is_of(self, request: Request) -> bool:
        """Whether it would give the same for a request."""
        same = (self.grid, self.head) == (_grid(request.source.gt), head_of(request.predictor))
        return same and self.raw() is request.source.raw and self.roi.contains(request.regions.roi)


class RunFirstError(ValueError):
    """A model must be run before there is a prediction."""


@dataclass(frozen=True, eq=False)
class ModelPrediction(Prediction):
    """A trained model, and what it gave when it was last run; only the tab Loss runs it, all tabs use what it gave."""

    choice: ModelChoice = field(default_factory=ModelChoice)
    run: ModelRun | None = None

    @property
    def title(self) -> str:  # type: ignore[override]
        """The model's path."""
        return self.choice.path

    @property
    def logits(self) -> bool:  # type: ignore[override]
        """As the model says it."""
        return self.run is not None and self.run.predicted.logits

    def is_current(self, request: Request) -> bool:
        """Whether what it gave is what it would give now."""
        run = self.run
        if run is None or run.choice is not self.choice or not run.is_of(request):
            return False
        return run.files == stamps_of(self.choice.path, run.model.path)

    def begin(self, inspection: Inspection) -> Callable[[Progress], Array]:
        """What gives the kept values; a `RunFirstError` if there are none, or of other settings."""
        name = Path(self.title).name or "chosen"
        run = self.run
        if run is None:
            raise RunFirstError(f"the model {name} wasn't run yet: press Run in the tab Loss")
        if not self.is_current(inspection.request):
            raise RunFirstError(
                f"the prediction of the model {name} is of earlier settings: run it again in the tab Loss"
            )
        return lambda _step: run.predicted.array


def stamps_of(*paths: str) -> tuple[Any, ...]:
    """Of each path of a model, what is another once its file was written; None where it is in no file."""
    found: list[Any] = []
    for path in paths:
        try:
            stat = Path(path if ".py:" not in path else path.rpartition(":")[0]).expanduser().stat()
        except OSError:
            found.append(None)
        else:
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)


def _grid(array: Array) -> tuple[Any, ...]:
    """Equal for arrays on the same grid."""
    return array.voxel_size, array.offset, array.unit, array.subdivision


def possible_predictions(layers: Iterable[Any], dims: int, channels: int) -> tuple[Any, ...]:
    """The images among layers that may be a prediction of so many channels, those that have as many first."""
    ndim = (dims + 1, dims) if channels == 1 else (dims + 1,)
    found = [layer for layer in layers if layer.ndim in ndim]
    return tuple(sorted(found, key=lambda layer: layer.ndim == dims + 1 and _channels(layer) != channels))


def _channels(layer: Any) -> int:
    data = layer.data[0] if layer.multiscale else layer.data
    return int(data.shape[0])
