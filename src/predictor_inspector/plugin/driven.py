"""`Driven`: what of the dock can be read and set from code as by hand."""

from __future__ import annotations

from typing import Any

from funlib.geometry import Roi

from predictor_inspector.plugin.live.controller import Inspector
from predictor_inspector.plugin.model.axes import Axes
from predictor_inspector.plugin.tabs.setup.compute_panel import ComputePanel
from predictor_inspector.plugin.tabs.setup.data_panel import DataPanel
from predictor_inspector.plugin.tabs.setup.predictor_panel import PredictorPanel
from predictor_inspector.plugin.tabs.setup.region_panel import RegionPanel


class Driven:
    """The dock's settings as properties; setting one is as good as choosing it in its panel."""

    _data: DataPanel
    _predictor: PredictorPanel
    _region: RegionPanel
    _compute: ComputePanel
    _inspector: Inspector

    @property
    def gt_layer(self) -> Any | None:
        """The ground-truth layer, or None; setting one that can't be ground truth is a ``ValueError``."""
        return self._data.gt_layer

    @gt_layer.setter
    def gt_layer(self, layer: Any | None) -> None:
        self._data.gt_layer = layer

    @property
    def mask_layer(self) -> Any | None:
        """The layer that is non-zero where the ground truth is annotated, or None for everywhere."""
        return self._data.mask_layer

    @mask_layer.setter
    def mask_layer(self, layer: Any | None) -> None:
        self._data.mask_layer = layer

    @property
    def axes(self) -> Axes | None:
        """How the ground truth's axes are read."""
        return self._data.axes

    @axes.setter
    def axes(self, axes: Axes) -> None:
        self._data.axes = axes

    @property
    def config(self) -> dict[str, Any]:
        """The predictor's configuration, ``{"kind": …, …}``; setting it changes kind and form."""
        return self._predictor.config

    @config.setter
    def config(self, config: dict[str, Any]) -> None:
        self._predictor.config = config

    @property
    def region_mode(self) -> str:
        """``"view"``, ``"box"`` or ``"layer"``."""
        return self._region.mode

    @region_mode.setter
    def region_mode(self, mode: str) -> None:
        self._region.mode = mode

    @property
    def thickness(self) -> int:
        """How many slices are inspected at a time, in voxels."""
        return self._region.thickness

    @thickness.setter
    def thickness(self, thickness: int) -> None:
        self._region.thickness = thickness

    @property
    def box(self) -> Roi | None:
        """The pinned box in the ground truth's world coordinates; None until there was one. Setting it pins it."""
        return self._inspector.box.roi

    @box.setter
    def box(self, roi: Roi) -> None:
        self._inspector.box.roi = roi
        self.region_mode = "box"
        self._inspector.request_update()

    @property
    def live(self) -> bool:
        """Whether to compute whenever anything changes."""
        return self._compute.live

    @live.setter
    def live(self, live: bool) -> None:
        self._compute.live = live

    @property
    def device(self) -> str:
        """As `inspect` takes it; so are `outside` and `balance_over`."""
        return self._compute.device

    @device.setter
    def device(self, device: str) -> None:
        self._compute.device = device

    @property
    def outside(self) -> str:
        """What to do where the context reaches beyond the data: ``"clip"`` or ``"zero"``."""
        return self._compute.outside

    @outside.setter
    def outside(self, outside: str) -> None:
        self._compute.outside = outside

    @property
    def balance_over(self) -> str:
        """Over what classes are counted: ``"roi"`` or ``"context"``."""
        return self._compute.balance_over

    @balance_over.setter
    def balance_over(self, balance_over: str) -> None:
        self._compute.balance_over = balance_over

    @property
    def memory(self) -> str:
        """How much memory a region may take: ``"auto"``, half of the machine's, or a size such as ``"4 GB"``."""
        return self._compute.memory

    @memory.setter
    def memory(self, memory: str) -> None:
        self._compute.memory = memory
