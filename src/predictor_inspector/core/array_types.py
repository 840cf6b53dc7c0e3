"""What the channels of an array mean, after DaCapo's array types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ArrayType:
    """The meaning of an array's channels.

    Attributes
    ----------
    interpolatable : bool
        Whether values between two voxels make sense (distances do, ids don't).
    """

    interpolatable: ClassVar[bool] = False

    @property
    def channel_names(self) -> tuple[str, ...]:
        """One name per channel; empty for arrays without a channel axis."""
        return ()


@dataclass(frozen=True)
class _PerClass(ArrayType):
    classes: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))

    @property
    def channel_names(self) -> tuple[str, ...]:
        return tuple(self.classes)


@dataclass(frozen=True)
class _PerChannel(ArrayType):
    channels: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))

    @property
    def channel_names(self) -> tuple[str, ...]:
        return tuple(self.channels)


@dataclass(frozen=True)
class DistanceArray(_PerClass):
    """One signed distance per class, squashed to [-1, 1]: positive inside, negative outside."""

    interpolatable = True


@dataclass(frozen=True)
class ProbabilityArray(_PerClass):
    """One probability in [0, 1] per class."""

    interpolatable = True


@dataclass(frozen=True)
class EmbeddingArray(ArrayType):
    """`embedding_dims` numbers per voxel that describe its surroundings.

    `names` tells them apart where they have a meaning of their own (the offset of an affinity, say).
    """

    embedding_dims: int
    names: Sequence[str] = ()

    interpolatable = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        if self.names and len(self.names) != self.embedding_dims:
            raise ValueError(f"names must be {self.embedding_dims}, one per embedding dimension, got {len(self.names)}")

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The names, or the channels' numbers."""
        return tuple(self.names) or tuple(f"channel {i}" for i in range(self.embedding_dims))


@dataclass(frozen=True)
class IntensitiesArray(_PerChannel):
    """Raw intensities between `minimum` and `maximum`."""

    minimum: float
    maximum: float

    interpolatable = True


@dataclass(frozen=True)
class BinaryArray(_PerChannel):
    """One 0/1 channel per class; a voxel may belong to several."""


@dataclass(frozen=True)
class AnnotationArray(ArrayType):
    """One class id per voxel, without a channel axis; `classes` names the ids in order."""

    classes: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))


@dataclass(frozen=True)
class Mask(ArrayType):
    """Non-zero where the ground truth is annotated, without a channel axis."""
