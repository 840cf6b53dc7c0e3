"""`UNet`, in 2-D and 3-D, whose predictions can be made block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod

import torch
from funlib.geometry import Coordinate

from predictor_inspector.core.array import spatial_axis_names, whole_numbers
from predictor_inspector.core.model import Architecture
from predictor_inspector.core.unet_sizes import AxisSizes, DoesNotFitError

PADDINGS = ("valid", "same")

Size = int | Iterable[int]


def _layer(name: str, dims: int) -> Callable[..., torch.nn.Module]:
    """Torch's layer for a number of spatial axes: ``Conv2d``, ``MaxPool3d``."""
    layer: Callable[..., torch.nn.Module] = getattr(torch.nn, f"{name}{dims}d")
    return layer


class UNet(Architecture):
    """The U-Net of Ronneberger et al. (2015), with levels' factors, kernels and feature maps to choose.

    Level 0 is the finest; level i has ``num_fmaps * fmap_inc_factor**i`` feature maps. Every convolution is followed by
    a ReLU. Output and input are concentric. With valid padding, blocks join without seams, just as if they had been
    predicted at once: the output's shape is a multiple of `stride`, and the network follows shifts by that much.

    Parameters
    ----------
    input_shape : sequence of int
        Voxels in training, 2 or 3 axes, slowest first; see `valid_input_shape`.
    fmaps_in, fmaps_out : int
        Channels of the raw data and of the output.
    num_fmaps, fmap_inc_factor : int
        Feature maps on the finest level, and the factor by which their number grows from level to level.
    downsample_factors : sequence of (int or sequence of int)
        From every level to the next; one number, or one per axis: ``[(1, 2, 2), (2, 2, 2)]``.
    kernel_size_down, kernel_size_up : sequence of sequences of (int or sequence of int), optional
        For every level, finest first, the odd kernel sizes of its convolutions: one list per level on the way down, one
        per factor on the way up. Two of size 3 each by default.
    upsample_factors : sequence of (int or sequence of int)
        More upsampling after the finest level, each followed by the convolutions of level 0, for an output of smaller
        voxels than the input's.
    constant_upsample : bool
        Whether upsampling repeats voxels, after a 1 x 1 convolution, rather than being a transposed convolution.
    padding : str
        ``"valid"``: convolutions only see real data, and the output is smaller than the input. ``"same"``: they are
        padded with 0, and both are of the same size.
    batch_norm : bool
        Whether to normalise batches between each convolution and its ReLU, on the levels themselves.
    eval_shape_increase : sequence of int, optional
        By how many voxels the input is larger in prediction.

    Raises
    ------
    ValueError
        If the arguments don't fit each other; the message names the argument and what would fit.
    """

    def __init__(
        self,
        input_shape: Iterable[int],
        fmaps_in: int,
        fmaps_out: int,
        num_fmaps: int,
        fmap_inc_factor: int,
        downsample_factors: Sequence[Size],
        kernel_size_down: Sequence[Sequence[Size]] | None = None,
        kernel_size_up: Sequence[Sequence[Size]] | None = None,
        upsample_factors: Sequence[Size] = (),
        constant_upsample: bool = True,
        padding: str = "valid",
        batch_norm: bool = False,
        eval_shape_increase: Iterable[int] | None = None,
    ) -> None:
        super().__init__()
        self._input_shape = whole_numbers(input_shape, "input_shape")
        dims = self._input_shape.dims
        if dims not in (2, 3):
            raise ValueError(f"input_shape must have 2 or 3 numbers, got {dims}: {tuple(self._input_shape)}")
        if padding not in PADDINGS:
            raise ValueError(f"padding must be one of {', '.join(map(repr, PADDINGS))}, got {padding!r}")
        names = ("fmaps_in", "fmaps_out", "num_fmaps", "fmap_inc_factor")
        for name, value in zip(names, (fmaps_in, fmaps_out, num_fmaps, fmap_inc_factor), strict=True):
            if value < 1 or value != int(value):
                raise ValueError(f"{name} must be a whole number of at least 1, got {value}")
        self._fmaps_in, self._fmaps_out = fmaps_in, fmaps_out

        down = [_per_axis(f, dims, f"downsample_factors[{i}]") for i, f in enumerate(downsample_factors)]
        if not down:
            raise ValueError("downsample_factors must hold at least one factor, got none")
        extra = [_per_axis(f, dims, f"upsample_factors[{i}]") for i, f in enumerate(upsample_factors)]
        kernels_down = _kernel_sizes(kernel_size_down, len(down) + 1, dims, "kernel_size_down")
        kernels_up = _kernel_sizes(kernel_size_up, len(down), dims, "kernel_size_up")
        kernels_extra = [kernels_down[0]] * len(extra)
        self._upsampling, self._stride = (
            Coordinate(prod(f[a] for f in fs) for a in range(dims)) for fs in (extra, down)
        )
        self._axes = [
            AxisSizes(
                factors=tuple(f[axis] for f in down),
                upsample_factors=tuple(f[axis] for f in extra),
                down=_taken(kernels_down, axis, padding),
                up=_taken(kernels_up, axis, padding),
                extra=_taken(kernels_extra, axis, padding),
            )
            for axis in range(dims)
        ]

        fmaps = [num_fmaps * fmap_inc_factor**level for level in range(len(down) + 1)]
        self._down = torch.nn.ModuleList(
            _convolutions(before, after, kernels, padding, batch_norm)
            for before, after, kernels in zip([fmaps_in, *fmaps], fmaps, kernels_down, strict=False)
        )
        self._pool = torch.nn.ModuleList(_layer("MaxPool", dims)(factor) for factor in down)
        self._up = torch.nn.ModuleList(
            _upsampling(fmaps[level + 1], fmaps[level], factor, constant_upsample) for level, factor in enumerate(down)
        )
        self._merge = torch.nn.ModuleList(
            _convolutions(2 * fmaps[level], fmaps[level] if level else fmaps_out, kernels, padding, batch_norm)
            for level, kernels in enumerate(kernels_up)
        )
        self._extra_up = torch.nn.ModuleList(_upsampling(fmaps_out, fmaps_out, f, constant_upsample) for f in extra)
        self._extra = torch.nn.ModuleList(
            _convolutions(fmaps_out, fmaps_out, kernels, padding, batch_norm) for kernels in kernels_extra
        )

        self._eval_shape_increase = (
            whole_numbers(eval_shape_increase, "eval_shape_increase")
            if eval_shape_increase is not None
            else super().eval_shape_increase
        )
        if self._eval_shape_increase.dims != dims:
            raise ValueError(
                f"eval_shape_increase needs {dims} numbers like input_shape, got {tuple(self._eval_shape_increase)}"
            )
        self._crops(self._input_shape, "input_shape")
        self._crops(self._input_shape + self._eval_shape_increase, "input_shape + eval_shape_increase")

    @property
    def input_shape(self) -> Coordinate:
        """Shape that the network is trained on, in voxels."""
        return self._input_shape

    @property
    def num_in_channels(self) -> int:
        """How many channels the raw data have."""
        return self._fmaps_in

    @property
    def num_out_channels(self) -> int:
        """How many channels the output has."""
        return self._fmaps_out

    @property
    def eval_shape_increase(self) -> Coordinate:
        """By how many voxels the input is larger in prediction."""
        return self._eval_shape_increase

    @property
    def stride(self) -> Coordinate:
        """All downsampling factors multiplied: shifting the input by so many voxels only shifts the output."""
        return self._stride

    def scale(self, voxel_size: Coordinate) -> Coordinate:
        """Voxel size of the output: the input's, divided by all `upsample_factors`; ``ValueError`` if that isn't whole."""
        size = whole_numbers(voxel_size, "voxel_size")
        if size.dims != self.dims:
            raise ValueError(f"voxel_size needs {self.dims} numbers like input_shape, got {size.dims}: {tuple(size)}")
        if not size.is_multiple_of(self._upsampling):
            raise ValueError(
                f"voxel_size {tuple(size)} can't be divided by the upsampling, {tuple(self._upsampling)}; count in "
                "smaller fractions of the unit, with a larger subdivision"
            )
        return size // self._upsampling

    def valid_input_shape(self, shape: Iterable[int]) -> Coordinate:
        """The smallest shape that the network takes and that is nowhere smaller than `shape`, in voxels."""
        wanted = whole_numbers(shape, "shape")
        if wanted.dims != self.dims:
            raise ValueError(f"shape needs {self.dims} numbers like input_shape, got {wanted.dims}: {tuple(wanted)}")
        return Coordinate(axis.fitting(size) for axis, size in zip(self._axes, wanted, strict=True))

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """Features for `raw`, [B, `num_in_channels`, …]; if its shape doesn't fit, a ``ValueError`` that says which do."""
        if raw.ndim != self.dims + 2 or raw.shape[1] != self._fmaps_in:
            raise ValueError(
                f"raw must have a batch axis, {self._fmaps_in} channels and {self.dims} spatial axes, got shape "
                f"{tuple(raw.shape)}"
            )
        crops = iter(self._crops(Coordinate(raw.shape[2:]), "raw's spatial shape"))
        features, skipped = raw, []
        for level, convolve in enumerate(self._down):
            features = convolve(features)
            if level < len(self._pool):
                skipped.append(features)
                features = self._pool[level](features)
        for level in reversed(range(len(self._up))):
            features, shape = self._up[level](features), next(crops)
            features = self._merge[level](torch.cat([_crop(skipped[level], shape), _crop(features, shape)], dim=1))
        for upsample, convolve in zip(self._extra_up, self._extra, strict=True):
            features = convolve(_crop(upsample(features), next(crops)))
        return features

    def _crops(self, shape: Coordinate, name: str) -> list[tuple[int, ...]]:
        """The shapes to crop to on the way up and beyond, and the output's; ``ValueError`` if `shape` doesn't fit."""
        found = []
        for index, (axis, size) in enumerate(zip(self._axes, shape, strict=True)):
            try:
                found.append(axis.crops(size))
            except DoesNotFitError as misfit:
                # Sizes that fit are one stride apart, so of the next one and the one before it, one is nearest.
                above = axis.fitting(size)
                below = above - self._stride[index]
                fitting = f"{below} or {above}" if axis.fits(below) else f"{above} or more"
                raise ValueError(
                    f"{name} {tuple(shape)} doesn't fit the U-Net on axis {spatial_axis_names(self.dims)[index]}, "
                    f"{misfit}; {fitting} voxels would fit there, {tuple(self.valid_input_shape(shape))} altogether"
                ) from None
        return list(zip(*found, strict=True))


def _per_axis(value: Size, dims: int, name: str) -> tuple[int, ...]:
    """One whole number of at least 1 per axis."""
    numbers = tuple(whole_numbers(value if isinstance(value, Iterable) else (value,) * dims, name))
    if len(numbers) != dims:
        raise ValueError(f"{name} needs one number, or {dims} like input_shape, got {len(numbers)}: {numbers}")
    if min(numbers) < 1:
        raise ValueError(f"{name} must be at least 1 on every axis, got {numbers}")
    return numbers


def _kernel_sizes(
    levels: Sequence[Sequence[Size]] | None, expected: int, dims: int, name: str
) -> list[list[tuple[int, ...]]]:
    """One list of odd kernel sizes per level."""
    if levels is None:
        return [[(3,) * dims] * 2] * expected
    if len(levels) != expected:
        raise ValueError(
            f"{name} needs a list of kernel sizes for each of the {expected} levels that downsample_factors make, "
            f"got {len(levels)}"
        )
    checked = []
    for level, kernels in enumerate(levels):
        if not kernels:
            raise ValueError(f"{name}[{level}] must hold at least one kernel size, got none")
        checked.append([_per_axis(kernel, dims, f"{name}[{level}][{i}]") for i, kernel in enumerate(kernels)])
        for index, kernel in enumerate(checked[-1]):
            if any(k % 2 == 0 for k in kernel):
                # The output's voxels would lie between the input's.
                raise ValueError(f"{name}[{level}][{index}] must be odd on every axis, got {kernel}")
    return checked


def _taken(levels: Sequence[Sequence[tuple[int, ...]]], axis: int, padding: str) -> tuple[int, ...]:
    """How many voxels each level's convolutions take away along an axis."""
    if padding == "same":
        return (0,) * len(levels)
    return tuple(sum(kernel[axis] - 1 for kernel in kernels) for kernels in levels)


def _convolutions(
    before: int, after: int, kernels: Sequence[tuple[int, ...]], padding: str, batch_norm: bool
) -> torch.nn.Module:
    """Convolutions with a ReLU each, from `before` to `after` channels."""
    layers: list[torch.nn.Module] = []
    for kernel in kernels:
        layers.append(_layer("Conv", len(kernel))(before, after, kernel, padding=padding))
        if batch_norm:
            layers.append(_layer("BatchNorm", len(kernel))(after))
        layers.append(torch.nn.ReLU())
        before = after
    return torch.nn.Sequential(*layers)


def _upsampling(before: int, after: int, factor: tuple[int, ...], constant: bool) -> torch.nn.Module:
    """From `before` to `after` channels and `factor` times the size, with a ReLU."""
    if not constant:
        return torch.nn.Sequential(
            _layer("ConvTranspose", len(factor))(before, after, factor, stride=factor), torch.nn.ReLU()
        )
    # Convolving single voxels and repeating them commute; before, there are fewer of them.
    repeat = torch.nn.Upsample(scale_factor=tuple(map(float, factor)), mode="nearest")
    return torch.nn.Sequential(_layer("Conv", len(factor))(before, after, 1), torch.nn.ReLU(), repeat)


def _crop(features: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The central `shape` voxels of `features`, [B, C, …]."""
    for axis, keep in enumerate(shape, start=2):
        features = features.narrow(axis, (features.shape[axis] - keep) // 2, keep)
    return features
