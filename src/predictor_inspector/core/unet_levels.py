"""What a U-Net is made of, with CNNectome's names of parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import torch

Kernels = Sequence[tuple[int, ...]]


class DoesNotFitError(ValueError):
    """Sizes don't fit inside a U-Net: along which axes, and a clause that says where."""

    def __init__(self, axes: Sequence[int], clause: str) -> None:
        super().__init__(clause)
        self.axes = axes


class Levels(torch.nn.Module):
    """Down and up again. The names of what has parameters are CNNectome's; heads, of which it knows several, are one."""

    def __init__(
        self,
        fmaps_in: int,
        fmaps: Sequence[int],
        fmaps_out: int,
        factors: Kernels,
        kernels_down: Sequence[Kernels],
        kernels_up: Sequence[Kernels],
        constant_upsample: bool,
        padding: str,
        use_attention: bool,
        batch_norm: bool,
    ) -> None:
        super().__init__()
        self._factors = factors
        # Without another level, what goes down comes out.
        after = fmaps if factors else [fmaps_out]
        self.l_conv = torch.nn.ModuleList(
            ConvPass(before, now, kernels, padding, batch_norm)
            for before, now, kernels in zip([fmaps_in, *fmaps], after, kernels_down, strict=False)
        )
        levels = range(len(factors))
        up = [fmaps[level] if level else fmaps[1] for level in levels]
        out = [fmaps[level] if level else fmaps_out for level in levels]
        self.r_up = _one_head(
            Upsample(
                fmaps[level + 1],
                up[level],
                factors[level],
                constant_upsample,
                cell=tuple(map(prod, zip(*factors[level:], strict=True))),
                taken=_taken(kernels_up[level]),
            )
            for level in levels
        )
        self.attention: Any = None
        if use_attention:
            self.attention = _one_head(
                _Attention(fmaps[level + 1], fmaps[level], out[level], factors[level], batch_norm) for level in levels
            )
        self.r_conv = _one_head(
            ConvPass(fmaps[level] + up[level], out[level], kernels_up[level], padding, batch_norm) for level in levels
        )

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """The output for `raw`, [B, C, …]."""
        features, skipped = raw, []
        for level, convolve in enumerate(self.l_conv):
            features = convolve(features)
            if level < len(self._factors):
                skipped.append(features)
                features = _pool(features, self._factors[level])
        attention = self.attention[0] if self.attention is not None else None
        for level, up, convolve in reversed(list(zip(range(len(skipped)), self.r_up[0], self.r_conv[0], strict=True))):
            skipping = skipped[level] if attention is None else attention[level](features, skipped[level])
            features = up(features)
            features = convolve(torch.cat([_crop(skipping, features.shape[2:]), features], dim=1))
        return features


class ConvPass(torch.nn.Module):
    """Convolutions from `before` to `after` channels, with an activation each."""

    def __init__(
        self,
        before: int,
        after: int,
        kernels: Kernels,
        padding: str,
        batch_norm: bool,
        activation: Callable[[], torch.nn.Module] | None = torch.nn.ReLU,
    ) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        for kernel in kernels:
            pad = tuple(k // 2 for k in kernel) if padding == "same" else 0
            layers.append(_layer("Conv", len(kernel))(before, after, kernel, padding=pad))
            if batch_norm:
                layers.append(_layer("BatchNorm", len(kernel))(after))
            if activation is not None:
                layers.append(activation())
            before = after
        self.conv_pass = torch.nn.Sequential(*layers)
        self._taken = (0,) * len(kernels[0]) if padding == "same" else _taken(kernels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Convolved features, [B, `after`, …]."""
        sizes = tuple(features.shape[2:])
        if small := [axis for axis, taken in enumerate(self._taken) if sizes[axis] <= taken]:
            raise DoesNotFitError(small, f"where features of {sizes} meet convolutions that take {self._taken} away")
        convolved: torch.Tensor = self.conv_pass(features)
        return convolved


class Upsample(torch.nn.Module):
    """From `before` to `after` channels and `factor` times the size.

    Given `cell`, features are cropped until convolutions that take `taken` voxels away leave whole cells. Within a cell, as
    large as a voxel of the coarsest level, every voxel sees the coarse levels from another place; with whole cells only,
    the next block goes on where this one ends.
    """

    def __init__(
        self,
        before: int,
        after: int,
        factor: tuple[int, ...],
        constant: bool,
        cell: tuple[int, ...] | None = None,
        taken: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        dims, relu = len(factor), torch.nn.ReLU()
        if constant:
            repeat = torch.nn.Upsample(scale_factor=tuple(map(float, factor)), mode="nearest")
            # Named by CNNectome's order. Convolving single voxels and repeating them commute; before, there are fewer.
            layers = {"1": _layer("Conv", dims)(before, after, 1), "2": relu, "0": repeat}
        else:
            layers = {"0": _layer("ConvTranspose", dims)(before, after, factor, stride=factor), "1": relu}
        self.up = torch.nn.Sequential(OrderedDict(layers))
        self._cell, self._taken = cell, taken

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Larger features, [B, `after`, …], cropped to whole cells."""
        upsampled: torch.Tensor = self.up(features)
        if self._cell is None:
            return upsampled
        sizes = tuple(upsampled.shape[2:])
        cells = [(n - taken) // cell for n, taken, cell in zip(sizes, self._taken, self._cell, strict=True)]
        if small := [axis for axis, n in enumerate(cells) if n < 1]:
            raise DoesNotFitError(
                small,
                f"where features of {sizes} on the way up are too few for convolutions that take {self._taken} away and "
                f"leave a multiple of {self._cell}",
            )
        return _crop(upsampled, [n * c + t for n, c, t in zip(cells, self._cell, self._taken, strict=True)])


class _Attention(torch.nn.Module):
    """Weights for the features that skip levels, from those of the next level, after Oktay et al. 2018."""

    def __init__(self, coarse: int, fine: int, between: int, factor: tuple[int, ...], batch_norm: bool) -> None:
        super().__init__()
        dims = len(factor)
        twice = [(1,) * dims] * 2
        self._factor = factor
        self.W_g = ConvPass(coarse, between, twice, "same", batch_norm, activation=None)
        self.W_x = torch.nn.Sequential(ConvPass(fine, between, twice, "same", batch_norm, activation=None))
        self.psi = ConvPass(between, 1, twice, "same", batch_norm, activation=torch.nn.Sigmoid)
        self.up = torch.nn.Upsample(
            scale_factor=tuple(map(float, factor)), mode={2: "bilinear", 3: "trilinear"}[dims], align_corners=True
        )

    def forward(self, coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        here, there = _pool(self.W_x(fine), self._factor), self.W_g(coarse)
        missing = [a - b for a, b in zip(here.shape[2:], there.shape[2:], strict=True)]
        # The larger half before, in the order of pad: the last axis first.
        pads = [half for n in reversed(missing) for half in (n - n // 2, n // 2)]
        weights: torch.Tensor = self.up(self.psi(torch.relu(here + torch.nn.functional.pad(there, pads))))
        return fine * weights


def _one_head(modules: Iterable[torch.nn.Module]) -> Any:
    return torch.nn.ModuleList([torch.nn.ModuleList(modules)])


def _layer(name: str, dims: int) -> Callable[..., torch.nn.Module]:
    """Torch's layer for a number of spatial axes: ``Conv2d``, ``BatchNorm3d``."""
    layer: Callable[..., torch.nn.Module] = getattr(torch.nn, f"{name}{dims}d")
    return layer


def _pool(features: torch.Tensor, factor: tuple[int, ...]) -> torch.Tensor:
    sizes = tuple(features.shape[2:])
    if uneven := [axis for axis, f in enumerate(factor) if sizes[axis] % f]:
        raise DoesNotFitError(uneven, f"where features of {sizes} are to be downsampled by {factor}")
    pool = torch.nn.functional.max_pool2d if len(factor) == 2 else torch.nn.functional.max_pool3d
    pooled: torch.Tensor = pool(features, factor)
    return pooled


def _taken(kernels: Kernels) -> tuple[int, ...]:
    """How many voxels convolutions take away along each axis."""
    return tuple(sum(kernel[axis] - 1 for kernel in kernels) for axis in range(len(kernels[0])))


def _crop(features: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The central `shape` voxels of `features`, [B, C, …]; the rest is the larger after them."""
    for axis, keep in enumerate(shape, start=2):
        features = features.narrow(axis, (features.shape[axis] - keep) // 2, keep)
    return features
