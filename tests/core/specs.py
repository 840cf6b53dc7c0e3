"""A spec as gunpowder has it: attributes that predictors ask for, that they clear, and that they must leave alone."""

from __future__ import annotations

import copy
from typing import Any

from funlib.geometry import Coordinate, Roi


class GunpowderLikeSpec:
    def __init__(self, roi: Roi, voxel_size: Coordinate, dtype: Any = "uint8", nonspatial: bool = False) -> None:
        self.roi, self.voxel_size, self.dtype, self.nonspatial = roi, voxel_size, dtype, nonspatial
        self.interpolatable = True

    def copy(self) -> GunpowderLikeSpec:
        return copy.deepcopy(self)
