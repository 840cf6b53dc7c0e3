"""Labels in a viewer, and what tests do with them and with what is shown of them, in a window or without one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from predictor_inspector.core import predictor_from_config
from predictor_inspector.data import array_from_layer
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.model.axes import array_at
from predictor_inspector.plugin.model.view import view_of

VOXEL_SIZE = (40.0, 4.0, 5.24)
TRANSLATE = (100.0, 2013.5, 77.1)
UNITS = ("nm", "nm", "nm")
LABELS = ("z", "y", "x")


def blocks(shape: tuple[int, ...] = (12, 40, 48), seed: int = 0) -> np.ndarray:
    """Ids in blocks of random size, some of them background."""
    rng = np.random.default_rng(seed)
    grid = [np.cumsum(rng.random(n) < 0.12) for n in shape]
    ids = np.zeros(shape, dtype=np.int64)
    for axis, g in enumerate(grid):
        ids = ids * 97 + g.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    _, ids = np.unique(ids, return_inverse=True)
    ids = ids.reshape(shape) + 1
    return np.where(ids % 5 == 0, 0, ids).astype(np.uint16)


class Stage(ABC):
    """A viewer whose layers are inspected, with the waiting done."""

    viewer: Any
    settings: Any
    controller: Any

    @abstractmethod
    def settle(self) -> Any:
        """Wait until nothing is being computed nor about to be."""

    @property
    @abstractmethod
    def message(self) -> str:
        """What is wrong, in a sentence."""

    @property
    def inspection(self) -> Inspection:
        return self.controller.inspection

    def after(self, action: Callable[[], Any]) -> None:
        """Do something and wait for what comes of it."""
        action()
        self.settle()

    def add_labels(self, data: np.ndarray | None = None, **kwargs: Any) -> Any:
        """A volume of labels, lying askew to the pixel grid and wherever it wants."""
        place = {"scale": VOXEL_SIZE, "translate": TRANSLATE, "units": UNITS, "axis_labels": LABELS, "name": "labels"}
        layer = self.viewer.add_labels(blocks() if data is None else data, **{**place, **kwargs})
        self.settle()
        return layer

    def set_config(self, kind: str, **parameters: Any) -> None:
        """Choose a predictor and wait for its target."""
        self.after(lambda: setattr(self.settings, "config", {"kind": kind, **parameters}))

    @property
    def target(self) -> Any:
        return self.controller.layers.find("target")

    @property
    def weight(self) -> Any:
        return self.controller.layers.find("weight")

    def assert_layers_show_the_inspection(self) -> None:
        """The layers hold what `inspect` gives for the region, where the region is."""
        settings, shown = self.settings, self.inspection
        assert self.message == ""
        assert shown is not None
        gt = array_at(settings.gt_layer, settings.axes, settings.level, view_of(self.viewer, settings.units))
        mask = settings.mask_layer
        if mask is not None:
            mask = array_from_layer(mask, dims=min(gt.dims, mask.ndim))
        expected = inspect(
            predictor_from_config(settings.config),
            gt,
            shown.roi,
            mask,
            outside=settings.outside,
            balance_over=settings.balance_over,
        )
        pairs = (self.target, shown.target, expected.target), (self.weight, shown.weight, expected.weight)
        for layer, array, anew in pairs:
            values = np.asarray(layer.data)
            if settings.axes.time:
                values = values[:, 0]
            np.testing.assert_array_equal(values, array.numpy())
            # torch adds up in another order where it has another number of threads.
            np.testing.assert_allclose(values, anew.numpy(), rtol=0, atol=2e-6)
            corner = np.array(array.offset) / array.subdivision
            centre = corner + np.array(array.physical_voxel_size) / 2
            np.testing.assert_allclose(layer.translate[-gt.dims :], centre, rtol=1e-12)
            np.testing.assert_allclose(layer.scale[-gt.dims :], array.physical_voxel_size, rtol=1e-12)
            assert [str(u) for u in layer.units[-gt.dims :]] == [str(u) for u in settings.gt_layer.units[-gt.dims :]]

    def roi_voxels(self) -> tuple[slice, ...]:
        """The region shown, in voxels of the ground truth."""
        settings = self.settings
        gt = array_at(settings.gt_layer, settings.axes, settings.level, view_of(self.viewer, settings.units))
        return gt.to_slices(self.inspection.roi)

    @property
    def regions(self) -> Any:
        return self.viewer.layers[layer_name("regions")]

    def rectangle(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Begin and end, in world units, of the frame that has this label."""
        layer = self.regions
        labels = [text for text in layer.features["label"] if text]
        corners = np.asarray(layer.data[labels.index(name)]) * layer.scale
        return corners.min(0), corners.max(0)
