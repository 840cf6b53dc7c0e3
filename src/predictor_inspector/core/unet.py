"""`UNet`, in 2-D and 3-D: CNNectome's, as DaCapo builds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import torch
from funlib.geometry import Coordinate

from predictor_inspector.core.array import spatial_axis_names, whole_numbers
from predictor_inspector.core.model import Architecture, on_meta
from predictor_inspector.core.unet_levels import ConvPass, DoesNotFitError, Levels, Upsample

PADDINGS = ("valid", "same")

Size = int | Iterable[int]


class UNet(Architecture):
    """The U-Net of Ronneberger et al. (2015) as CNNectome and DaCapo build it, whose trained weights it loads.

    Level 0 is the finest; level i has ``num_fmaps * fmap_inc_factor**i`` feature maps. Every convolution is followed by
    a ReLU. With valid padding and without `upsample_factors`, blocks join without seams, just as if they had been
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
        From every level to the next; one number, or one per axis: ``[(1, 2, 2), (2, 2, 2)]``. None: convolutions only.
    kernel_size_down, kernel_size_up : sequence of sequences of (int or sequence of int), optional
        For every level, finest first, the odd kernel sizes of its convolutions: one list per level on the way down, one per
        factor on the way up. Two of size 3 each by default. With ``(1, 3, 3)`` a network is 2-D on 3-D data.
    upsample_factors : sequence of (int or sequence of int)
        More upsampling after the finest level, always constant, each followed by the convolutions of the last list of
        `kernel_size_up`, always with valid padding, for an output of smaller voxels than the input's.
    constant_upsample : bool
        Whether upsampling repeats voxels, with a 1 x 1 convolution, rather than being a transposed convolution.
    padding : str
        ``"valid"``: convolutions only see real data, and the output is smaller than the input. ``"same"``: they are
        padded with 0. (Features are still cropped to whole cells of the coarsest level, so with many levels the output
        may be smaller all the same.)
    use_attention : bool
        Whether the features that skip levels are weighted by attention (Oktay et al. 2018).
    batch_norm : bool
        Whether to normalise batches between each convolution and its ReLU.
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
        upsample_factors: Sequence[Size] | None = None,
        constant_upsample: bool = True,
        padding: str = "valid",
        batch_norm: bool = False,
        eval_shape_increase: Iterable[int] | None = None,
        use_attention: bool = False,
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
        extra = [_per_axis(f, dims, f"upsample_factors[{i}]") for i, f in enumerate(upsample_factors or ())]
        kernels_down = _kernel_sizes(kernel_size_down, len(down) + 1, dims, "kernel_size_down")
        kernels_up = _kernel_sizes(kernel_size_up, len(down), dims, "kernel_size_up")
        self._upsampling, self._stride = (
            Coordinate(prod(f[a] for f in fs) for a in range(dims)) for fs in (extra, down)
        )
        fmaps = [num_fmaps * fmap_inc_factor**level for level in range(len(down) + 1)]
        levels: torch.nn.Module = Levels(
            fmaps_in,
            fmaps,
            fmaps_out,
            down,
            kernels_down,
            kernels_up,
            constant_upsample,
            padding,
            use_attention,
            batch_norm,
        )
        if extra:
            kernels = (kernels_up or kernels_down)[-1]
            for factor in extra:
                levels = torch.nn.Sequential(
                    *(levels if isinstance(levels, torch.nn.Sequential) else [levels]),
                    Upsample(fmaps_out, fmaps_out, factor, constant=True),
                    ConvPass(fmaps_out, fmaps_out, kernels, "valid", batch_norm),
                )
        self.unet = levels

        self._eval_shape_increase = (
            whole_numbers(eval_shape_increase, "eval_shape_increase")
            if eval_shape_increase is not None
            else super().eval_shape_increase
        )
        if self._eval_shape_increase.dims != dims:
            raise ValueError(
                f"eval_shape_increase needs {dims} numbers like input_shape, got {tuple(self._eval_shape_increase)}"
            )
        self._check(self._input_shape, "input_shape")
        self._check(self._input_shape + self._eval_shape_increase, "input_shape + eval_shape_increase")

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
        """The smallest shape that the network takes and that is nowhere smaller than `shape`, in voxels.

        Found by trying on PyTorch's meta device: no memory is needed.
        """
        found = whole_numbers(shape, "shape")
        if found.dims != self.dims:
            raise ValueError(f"shape needs {self.dims} numbers like input_shape, got {found.dims}: {tuple(found)}")
        # Sizes that divide on every level recur with the product of all factors, and none is too large.
        while misfit := self._misfit(found):
            found += Coordinate(int(axis in misfit.axes) for axis in range(self.dims))
        return found

    def fits(self, shape: Iterable[int]) -> bool:
        """Whether the network takes an input of so many voxels; needs no memory."""
        return self._misfit(whole_numbers(shape, "shape")) is None

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """Features for `raw`, [B, `num_in_channels`, …]; if its shape doesn't fit, a ``ValueError`` that says which does."""
        if raw.ndim != self.dims + 2 or raw.shape[1] != self._fmaps_in:
            raise ValueError(
                f"raw must have a batch axis, {self._fmaps_in} channels and {self.dims} spatial axes, got shape "
                f"{tuple(raw.shape)}"
            )
        try:
            features: torch.Tensor = self.unet(raw)
        except DoesNotFitError:
            self._check(Coordinate(raw.shape[2:]), "raw's spatial shape")
            raise
        return features

    def _check(self, shape: Coordinate, name: str) -> None:
        if misfit := self._misfit(shape):
            axes = " and ".join(spatial_axis_names(self.dims)[axis] for axis in misfit.axes)
            raise ValueError(
                f"{name} {tuple(shape)} doesn't fit the U-Net on axis {axes}, {misfit}; the next shape that fits is "
                f"{tuple(self.valid_input_shape(shape))}"
            )

    def _misfit(self, shape: Coordinate) -> DoesNotFitError | None:
        """What is wrong with a shape of the input, None if it fits."""
        if small := [axis for axis, size in enumerate(shape) if size < 1]:
            return DoesNotFitError(small, "where there are no voxels")
        try:
            on_meta(self.unet, (1, self._fmaps_in, *shape))
        except DoesNotFitError as misfit:
            return misfit
        return None


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
