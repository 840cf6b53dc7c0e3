"""Array types: the meaning of an array's channels, after DaCapo's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ArrayType:
    """The meaning of an array's channels."""

    def __post_init__(self) -> None:
        for name in {"classes", "channels", "names"} & vars(self).keys():
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def channel_names(self) -> tuple[str, ...]:
        """One name per channel; empty for arrays without a channel axis."""
        return tuple(getattr(self, "channels", ()) or getattr(self, "classes", ()))


@dataclass(frozen=True)
class DistanceArray(ArrayType):
    """One signed distance per class, from -1 to 1: positive inside, negative outside."""

    classes: Sequence[str]


@dataclass(frozen=True)
class ProbabilityArray(ArrayType):
    """One probability in [0, 1] per class."""

    classes: Sequence[str]


@dataclass(frozen=True)
class EmbeddingArray(ArrayType):
    """`embedding_dims` numbers per voxel that describe its surroundings, with `names` if each has a meaning of its own."""

    embedding_dims: int
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.names and len(self.names) != self.embedding_dims:
            raise ValueError(f"names must be {self.embedding_dims}, one per embedding dimension, got {len(self.names)}")

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The names, or the channels' numbers."""
        return tuple(self.names) or tuple(f"channel {i}" for i in range(self.embedding_dims))


@dataclass(frozen=True)
class IntensitiesArray(ArrayType):
    """Raw intensities between `minimum` and `maximum`."""

    channels: Sequence[str]
    minimum: float
    maximum: float
