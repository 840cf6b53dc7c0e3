"""`Architecture`: the trunk of a network, of which a predictor makes a model by adding a head."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from funlib.geometry import Coordinate


class Architecture(torch.nn.Module, ABC):
    """Maps raw data, [B, `num_in_channels`, …spatial axes], to features, [B, `num_out_channels`, …].

    Shapes are in voxels, without batch and channels, slowest axis first. Subclasses also define ``forward``.
    """

    @property
    @abstractmethod
    def input_shape(self) -> Coordinate:
        """Shape that the network is trained on, in voxels."""

    @property
    @abstractmethod
    def num_in_channels(self) -> int:
        """How many channels the raw data have."""

    @property
    @abstractmethod
    def num_out_channels(self) -> int:
        """How many channels the features have."""

    @property
    def dims(self) -> int:
        """Number of spatial axes."""
        return self.input_shape.dims

    @property
    def eval_shape_increase(self) -> Coordinate:
        """By how many voxels the input may be larger in prediction than in training; none by default."""
        return Coordinate((0,) * self.dims)

    def scale(self, voxel_size: Coordinate) -> Coordinate:
        """Voxel size of the output, given that of the input, in the same counts; the same by default."""
        return voxel_size
