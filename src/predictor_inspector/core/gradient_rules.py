"""Rules by which PyTorch's operations hand a receptive field on.

From the gradient of what goes into an operation they make that of what comes out, along one axis. A gradient is float64,
[N + 1, n]: of n positions of a tensor by N positions of a network's input and, in its last row, by what was padded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

Gradients = list[torch.Tensor]
"""One per spatial axis."""

_aten = torch.ops.aten


class UnknownOperationError(ValueError):
    """There is no rule for an operation."""


def gradients_after(
    operation: Any, args: Sequence[Any], traced: Sequence[tuple[torch.Tensor, Gradients]], output: torch.Tensor
) -> Gradients:
    """The gradients of an operation's `output`, along each axis.

    `traced` are those of its arguments, `args`, that depend on the input, with their gradients. An `UnknownOperationError`
    names an operation without a rule.
    """
    name = operation.overloadpacket.__name__
    rule = _RULES.get(name)
    if rule is None and torch.Tag.pointwise in operation.tags:
        rule = _mixed
    axes = range(len(traced[0][1]))
    if rule is None or output.ndim != len(axes) + 2:
        raise UnknownOperationError(f"nothing is known of the operation {operation}")
    found = [rule(operation, args, [(t, g[axis]) for t, g in traced], output, axis, len(axes)) for axis in axes]
    if any(g.shape[1] != n for g, n in zip(found, output.shape[2:], strict=True)):
        raise UnknownOperationError(f"nothing is known of the operation {operation} as it is used")
    return found


Rule = Callable[[Any, Sequence[Any], Sequence[tuple[torch.Tensor, torch.Tensor]], torch.Tensor, int, int], torch.Tensor]
"""From operation, arguments, traced arguments and their gradients, output, axis and number of axes to a gradient."""


def _same(_op: Any, _args: Any, traced: Any, _output: Any, _axis: int, _dims: int) -> torch.Tensor:
    """Every position depends on the same one."""
    gradient: torch.Tensor = traced[0][1]
    return gradient


def _mixed(op: Any, _args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    """Every position depends on the same one of all arguments, or on the only one that there is."""
    if any(tensor.ndim != dims + 2 for tensor, _ in traced):
        raise UnknownOperationError(f"nothing is known of the operation {op} between tensors of different axes")
    n = output.shape[2 + axis]
    return torch.stack([gradient.expand(-1, n) for _, gradient in traced]).mean(0)


def _convolution(_op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    _, weight, _, stride, padding, dilation, transposed, output_padding, *_ = args
    stride, padding, dilation, output_padding = (
        values[axis if len(values) == dims else 0] for values in (stride, padding, dilation, output_padding)
    )
    kernel, gradient = weight.shape[2 + axis], traced[0][1]
    if not transposed:
        return _windows(gradient, output.shape[2 + axis], kernel, stride, padding, dilation)
    ones = torch.ones(1, 1, kernel, dtype=gradient.dtype) * stride / kernel
    spread = torch.nn.functional.conv_transpose1d(
        gradient[:, None], ones, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    return spread[:, 0]


def _pooling(_op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    kernel = _along(args[1], axis, dims)
    stride = _along(args[2], axis, dims) if len(args) > 2 and args[2] else kernel
    padding = _along(args[3], axis, dims) if len(args) > 3 else 0
    dilates = len(args) > 4 and not isinstance(args[4], bool)  # averages have no dilation
    dilation = _along(args[4], axis, dims) if dilates else 1
    return _windows(traced[0][1], output.shape[2 + axis], kernel, stride, padding, dilation)


def _windows(
    gradient: torch.Tensor, outputs: int, kernel: int, stride: int, padding: int, dilation: int
) -> torch.Tensor:
    """Each of so many positions depends on a window."""
    beyond = (outputs - 1) * stride + dilation * (kernel - 1) + 1 - gradient.shape[1] - padding
    padded = _padded(gradient, padding, beyond)[:, None]
    ones = torch.ones(1, 1, kernel, dtype=gradient.dtype) / kernel
    return torch.nn.functional.conv1d(padded, ones, stride=stride, dilation=dilation)[:, 0]


def _padded(gradient: torch.Tensor, low: int, high: int) -> torch.Tensor:
    """With so many positions more before and after, which depend on padding; fewer where they are negative."""
    padded = torch.nn.functional.pad(gradient, (low, high))
    padded[-1, : max(0, low)] = 1
    padded[-1, padded.shape[1] - max(0, high) :] = 1
    return padded


def _padding(op: Any, args: Any, traced: Any, _output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    # In the order of `pad`: the last axis first.
    at = 2 * (dims - 1 - axis)
    low, high = [*args[1], *(0,) * (2 * dims)][at : at + 2]
    return _padded(traced[0][1], low, high)


def _upsampling(op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    """As the operation for one axis does it."""
    name, gradient, n = op.overloadpacket.__name__, traced[0][1][:, None], output.shape[2 + axis]
    linear = "linear" in name
    scales = args[3 if linear else 2 :]
    scale = scales[axis] if len(scales) == dims else None
    if linear:
        return _aten.upsample_linear1d(gradient, [n], bool(args[2]), scale)[:, 0]  # type: ignore[no-any-return]
    one = _aten._upsample_nearest_exact1d if "exact" in name else _aten.upsample_nearest1d
    return one(gradient, [n], scale)[:, 0]  # type: ignore[no-any-return]


def _joined(op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    """Channels side by side count by their numbers; what is joined along an axis follows each other."""
    tensors, along = args[0], (args[1] if len(args) > 1 else 0) % output.ndim
    if along == 1:
        shares = torch.tensor([t.shape[1] for t, _ in traced], dtype=traced[0][1].dtype)
        return torch.einsum("t,tin->in", shares / shares.sum(), torch.stack([g for _, g in traced]))
    if along != axis + 2:
        return _mixed(op, args, traced, output, axis, dims)
    known = {id(tensor): gradient for tensor, gradient in traced}
    rows, dtype = traced[0][1].shape[0], traced[0][1].dtype
    parts = []
    for tensor in tensors:
        gradient = known.get(id(tensor))
        if gradient is None:  # as much as padding
            gradient = _padded(torch.zeros(rows, 0, dtype=dtype), 0, tensor.shape[along])
        parts.append(gradient)
    return torch.cat(parts, 1)


def _slice(_op: Any, args: Any, traced: Any, _output: torch.Tensor, axis: int, _dims: int) -> torch.Tensor:
    given = dict(enumerate(args))
    along, begin, end, step = given.get(1, 0), given.get(2), given.get(3), given.get(4, 1)
    gradient: torch.Tensor = traced[0][1]
    return gradient[:, slice(begin, end, step)] if along % args[0].ndim == axis + 2 else gradient


def _reshaped(op: Any, args: Any, traced: Any, output: torch.Tensor, _axis: int, dims: int) -> torch.Tensor:
    """Spatial axes must stay what they are."""
    gradient: torch.Tensor = traced[0][1]
    if args[0].shape[-dims:] != output.shape[-dims:] or args[0].ndim != output.ndim:
        raise UnknownOperationError(f"nothing is known of the operation {op} that changes axes")
    return gradient


def _split(op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    """Of channels only."""
    if (args[2] if len(args) > 2 else 0) % args[0].ndim >= 2:
        raise UnknownOperationError(f"nothing is known of the operation {op} along a spatial axis")
    return _same(op, args, traced, output, axis, dims)


def _over_channels(op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, dims: int) -> torch.Tensor:
    if args[1] % args[0].ndim >= 2:
        raise UnknownOperationError(f"nothing is known of the operation {op} along a spatial axis")
    return _same(op, args, traced, output, axis, dims)


def _reduced(_op: Any, args: Any, traced: Any, output: torch.Tensor, axis: int, _dims: int) -> torch.Tensor:
    """One position that depends on all, or each on itself."""
    along = args[1] if isinstance(args[1], (list, tuple)) else [args[1]]
    gradient: torch.Tensor = traced[0][1]
    return gradient.mean(1, keepdim=True) if axis + 2 in [a % args[0].ndim for a in along] else gradient


def _adaptive_pooling(_op: Any, _args: Any, traced: Any, output: torch.Tensor, axis: int, _dims: int) -> torch.Tensor:
    gradient, n = traced[0][1][:, None], output.shape[2 + axis]
    return torch.nn.functional.adaptive_avg_pool1d(gradient, n)[:, 0]


def _shuffled(_op: Any, args: Any, traced: Any, _output: torch.Tensor, _axis: int, _dims: int) -> torch.Tensor:
    """From channels to space."""
    gradient: torch.Tensor = traced[0][1]
    return gradient.repeat_interleave(args[1], 1)


def _along(value: Any, axis: int, dims: int) -> int:
    """The value for an axis of one per axis, or of one for all."""
    if isinstance(value, (list, tuple)):
        return int(value[axis if len(value) == dims else 0])
    return int(value)


def _for(rule: Rule, *names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, rule)


_RULES: dict[str, Rule] = {
    # Values that belong to all voxels don't count: statistics of a normalisation least of all.
    **_for(_same, "native_batch_norm", "native_group_norm", "native_dropout", "_prelu_kernel"),
    **_for(_same, "alias", "clone", "contiguous", "detach", "_to_copy"),
    **_for(_convolution, "convolution", "_convolution"),  # the second is what traced TorchScript calls
    **_for(_pooling, "max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    **_for(_adaptive_pooling, "_adaptive_avg_pool2d", "_adaptive_avg_pool3d"),
    **_for(_adaptive_pooling, "adaptive_max_pool2d", "adaptive_max_pool3d"),
    **_for(_upsampling, "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"),
    **_for(_upsampling, "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d"),
    **_for(_upsampling, "upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"),
    **_for(_padding, "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d"),
    **_for(_padding, "replication_pad1d", "replication_pad2d", "replication_pad3d"),
    **_for(_joined, "cat"),
    **_for(_slice, "slice"),
    **_for(_split, "split", "split_with_sizes"),
    **_for(_reshaped, "view", "_unsafe_view", "expand"),
    **_for(_over_channels, "_softmax", "_log_softmax"),
    **_for(_reduced, "mean", "sum", "amax"),
    **_for(_shuffled, "pixel_shuffle"),
}
