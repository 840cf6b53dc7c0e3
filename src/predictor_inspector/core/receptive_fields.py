"""Receptive fields: the input voxels that an output voxel's gradient reaches.

The network runs on PyTorch's meta device, which computes shapes only. With every tensor goes, for each spatial axis, the
gradient of its positions by those of the input: that of a network whose weights are alike and positive, so that nothing
cancels out, averaged over channels and over the other axes. Whatever the weights are, a position that matters has a positive
gradient and any other has exactly 0. Neither channels nor other axes cost time or memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from predictor_inspector.core.gradient_rules import UnknownOperationError, gradients_after
from predictor_inspector.core.model import eval_mode, run_on_meta

MOST_VALUES = 2**22
"""Voxels of an input up to which a network is really run where it does what isn't known."""

LARGEST = 2048
"""Voxels along an axis up to which inputs are enlarged until there are output voxels that see no padding."""


class UnknownFieldError(ValueError):
    """Which input voxels a network uses can't be found out; the message says why."""


@dataclass(frozen=True)
class AxisField:
    """How far a network's output voxels see along one axis, in voxels of the input.

    Where a network downsamples, voxels that lie differently in its coarsest voxels see differently far.

    Attributes
    ----------
    smallest, largest : int
        Least and largest number of input voxels from the first to the last that an output voxel depends on.
    before, after : float
        From the centre of any output voxel to the beginning and the end of what it depends on, at least: 1.5 for a convolution
        of 3 voxels.
    central : tuple of float
        The same two of the central output voxel.
    effective : int
        Input voxels between the quartiles of the central voxel's gradient: with random weights half of the gradient's power
        lies in them (Luo et al. 2016).
    padded : tuple of int or None
        Output voxels at the beginning and at the end that see padding; None where only the central one is known.
    """

    smallest: int
    largest: int
    before: float
    after: float
    central: tuple[float, float]
    effective: int
    padded: tuple[int, int] | None = None


def receptive_field(
    module: torch.nn.Module, shape: Sequence[int], channels: int, steps: Sequence[tuple[int, int]]
) -> tuple[AxisField, ...]:
    """How far the output voxels of a network see along each spatial axis; see `AxisField`.

    Only output voxels count that see no padding: where there are too few, the input is enlarged. Normalisations count as if
    their statistics were fixed.

    Parameters
    ----------
    module : torch.nn.Module
        Maps [B, channels, …] to [B, C, …] with as many spatial axes.
    shape : sequence of int
        Voxels of an input that it takes.
    channels : int
        Of the input.
    steps : sequence of tuple of int
        For each axis by how many voxels a valid input may grow, and by how many the output grows then.

    Raises
    ------
    UnknownFieldError
        If the network does something that isn't known and is too large to be run, or if nearly all output voxels see padding,
        in an input however large.
    """
    sizes = list(shape)
    while True:
        central_only = False
        try:
            gradients, output = _traced(module, sizes, channels)
            # As many voxels as there are ways to lie in the coarsest.
            needed = [period for _, period in steps]
        except UnknownOperationError as problem:
            gradients, output = _run(module, sizes, channels, problem)
            needed, central_only = [1] * len(steps), True
        clipped = [
            a for a, (gradient, n) in enumerate(zip(gradients, needed, strict=True)) if int(_whole(gradient).sum()) < n
        ]
        if not clipped:
            apart = [step / period for step, period in steps]
            fields = tuple(map(_axis_field, gradients, sizes, output, apart))
            return tuple(replace(field, padded=None) for field in fields) if central_only else fields
        for axis in clipped:
            step = steps[axis][0]
            sizes[axis] += step * max(1, sizes[axis] // step)
            if sizes[axis] > LARGEST:
                raise UnknownFieldError(
                    f"along axis {axis} nearly every output voxel depends on the padding around an input of "
                    f"{sizes[axis] // 2} voxels; the field is as large as the input"
                )


# A gradient is float64, [N + 1, n]: of n positions of a tensor by N positions of the input, and by what was padded.


def _whole(gradient: torch.Tensor) -> torch.Tensor:
    """The positions that depend on the input, and on no padding: boolean, [n]."""
    found: torch.Tensor = (gradient[-1] == 0) & (gradient[:-1] > 0).any(0)
    return found


def _axis_field(gradient: torch.Tensor, size: int, output: int, apart: float) -> AxisField:
    """The field along an axis, of `output` voxels that lie `apart` about the middle of `size` voxels of the input."""
    positions = _whole(gradient).nonzero()[:, 0]
    depends = (gradient[:-1, positions] > 0).to(torch.int8)
    first, last = depends.argmax(0), size - depends.flip(0).argmax(0)
    centres = size / 2 + (positions + 0.5 - output / 2) * apart
    before, after, sizes = centres - first, last - centres, last - first
    middle = int((positions - output // 2).abs().argmin())
    share = gradient[:-1, positions[middle]].cumsum(0)
    low, high = (int((share < part * share[-1]).sum()) for part in (0.25, 0.75))
    return AxisField(
        int(sizes.min()),
        int(sizes.max()),
        float(before.min()),
        float(after.min()),
        (float(before[middle]), float(after[middle])),
        high - low + 1,
        (int(positions[0]), output - 1 - int(positions[-1])),
    )


class _Traced(torch.Tensor):
    """A tensor without values, `plain`, and its gradient along each axis."""

    plain: torch.Tensor
    gradients: list[torch.Tensor]

    @staticmethod
    def __new__(cls, plain: torch.Tensor, gradients: list[torch.Tensor]) -> _Traced:
        made: _Traced = torch.Tensor._make_wrapper_subclass(
            cls, plain.shape, strides=plain.stride(), dtype=plain.dtype, device=plain.device
        )
        made.plain, made.gradients = plain, gradients
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        plain = [_plain(arg) for arg in args]
        result = operation(*plain, **{name: _plain(value) for name, value in (kwargs or {}).items()})
        sources = [t for arg in args for t in (arg if isinstance(arg, (list, tuple)) else [arg])]
        traced = [(t.plain, t.gradients) for t in sources if isinstance(t, cls)]

        if isinstance(result, (list, tuple)):
            # Beside what is computed there are statistics, which nobody asks for.
            return [cls._of(operation, plain, traced, r) if r.ndim == plain[0].ndim else r for r in result]
        return cls._of(operation, plain, traced, result)

    @classmethod
    def _of(cls, operation: Any, plain: list[Any], traced: list[Any], output: torch.Tensor) -> _Traced:
        return cls(output, gradients_after(operation, plain, traced, output))


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value.plain if isinstance(value, _Traced) else value


def _traced(
    module: torch.nn.Module, sizes: Sequence[int], channels: int
) -> tuple[Sequence[torch.Tensor], Sequence[int]]:
    """Gradients along each axis, and the voxels of the output; `UnknownOperationError` for an operation without a rule."""
    raw = torch.empty((1, channels, *sizes), device="meta")
    gradients = [torch.eye(size + 1, size, dtype=torch.float64) for size in sizes]
    try:
        output: Any = run_on_meta(module, _Traced(raw, gradients))
    except (RuntimeError, TypeError, NotImplementedError) as error:
        if channels * prod(sizes) > MOST_VALUES or any(p.is_meta for p in module.parameters()):
            raise UnknownOperationError(f"it can't run without values: {error}") from error
        try:
            with torch.no_grad(), eval_mode(module):
                output = module(_Traced(torch.zeros(raw.shape), gradients))
        except (RuntimeError, TypeError, NotImplementedError):
            raise UnknownOperationError(f"it can't run without values: {error}") from error
    return output.gradients, output.plain.shape[2:]


_AVERAGES = {
    functional.max_pool1d: functional.avg_pool1d,
    functional.max_pool2d: functional.avg_pool2d,
    functional.max_pool3d: functional.avg_pool3d,
}


class _AveragePooling(TorchFunctionMode):
    """Average where the maximum is to be taken, which depends on one voxel only."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = dict(kwargs or {})
        if function in _AVERAGES and not options.get("return_indices") and options.pop("dilation", 1) == 1:
            options.pop("return_indices", None)
            return _AVERAGES[function](*args, **options)
        return function(*args, **options)


def _run(
    module: torch.nn.Module, sizes: Sequence[int], channels: int, problem: Exception
) -> tuple[Sequence[torch.Tensor], Sequence[int]]:
    """The gradient of the central output voxel in a run with positive weights; as of `_traced`, and 0 for other voxels."""
    if channels * prod(sizes) > MOST_VALUES:
        raise UnknownFieldError(
            f"{problem}; and an input of {channels} × {' × '.join(map(str, sizes))} is too large to be tried: choose a "
            "smaller input_shape"
        ) from problem
    copy = deepcopy(module).to("cpu", torch.float64)
    with torch.no_grad():
        for parameter in copy.parameters():
            # Of about the size that keeps what comes out as large as what goes in.
            parameter.fill_(1 / max(1, parameter[:1].numel()))
    raw = torch.rand((1, channels, *sizes), dtype=torch.float64).requires_grad_()
    with eval_mode(copy), _AveragePooling():
        output = copy(raw)
    centre = tuple(n // 2 for n in output.shape[2:])
    (gradient,) = torch.autograd.grad(output[(slice(None), slice(None), *centre)].sum(), raw)
    found = []
    for axis, n in enumerate(output.shape[2:]):
        along = torch.zeros(sizes[axis] + 1, n, dtype=torch.float64)
        others = [a for a in range(gradient.ndim) if a != axis + 2]
        along[:-1, centre[axis]] = gradient.abs().sum(others)
        found.append(along)
    return found, output.shape[2:]
