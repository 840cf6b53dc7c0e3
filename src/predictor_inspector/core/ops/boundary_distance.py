"""Exact Euclidean distances to the boundaries between objects, in a band around them.

A boundary is a face between two voxels of different ids, represented by its centre, half a voxel from either. With
F_d(q) = [s(q) ≠ s(q + e_d)] the squared distance of voxel p is

    D²(p) = min over d and q with F_d(q) of  v_d² (p_d − q_d − ½)² + Σ_{e≠d} v_e² (p_e − q_e)²,

which separates: distances to the faces along axis 0 are found by scanning lines, then axes 1 and 2 are added by taking
minima of shifted copies (Felzenszwalb & Huttenlocher 2012 call it the lower envelope; in a band the shifts are few). Faces
across an axis lie half-way between voxels on that axis, so the three kinds stay apart until the pass along their own axis.
No grid of double size is needed. Distances are cut off where nothing depends on them any more; that bounds every pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import torch

from predictor_inspector.core.ops.backend import attempt
from predictor_inspector.core.ops.regions import Slices, extent, whole
from predictor_inspector.core.progress import report

SATURATED = 10.0
"""tanh of this is 1 in float32 whatever the implementation; beyond so many scale factors all distances are alike."""

_CACHE_VOXELS = 1 << 17
"""Voxels that fit a CPU's second-level cache with all the intermediate arrays of the last two passes."""


def signed_distance(
    labels: torch.Tensor, voxel_size: Sequence[float], scale_factor: float, keep: Slices | None = None
) -> torch.Tensor:
    """tanh(±d / scale_factor), where d is the distance to the nearest boundary: plus inside objects, minus on background.

    `labels` are integer ids with 1 to 3 axes, 0 is background. float32 in [-1, 1]; exactly ±1 where there is no boundary.
    """
    keep = keep or whole(labels.shape)
    if (made := attempt("boundary_distance.signed_distance", labels, voxel_size, scale_factor, keep)) is not None:
        return made
    squared = squared_boundary_distance(labels, voxel_size, SATURATED * scale_factor, keep)
    return signed(squared, labels[keep] > 0, scale_factor)


def signed(squared: torch.Tensor, inside: torch.Tensor, scale_factor: float) -> torch.Tensor:
    """The last step of `signed_distance`: tanh(±d / scale_factor) from squared distances, plus where `inside`."""
    distance = squared.sqrt().div_(scale_factor).tanh_()
    return torch.where(inside, distance, -distance)


def squared_boundary_distance(
    labels: torch.Tensor, voxel_size: Sequence[float], radius: float, keep: Slices | None = None
) -> torch.Tensor:
    """Squared distance from each voxel's centre to the nearest boundary face's centre, at most `radius`²: float32."""
    keep = keep or whole(labels.shape)
    if (made := attempt("boundary_distance.squared_boundary_distance", labels, voxel_size, radius, keep)) is not None:
        return made
    volume, sizes, kept, order = slab_first(labels, voxel_size, keep)
    faces = [volume.narrow(d, 1, n - 1) != volume.narrow(d, 0, n - 1) for d, n in enumerate(volume.shape)]
    planes, rows, columns = kept
    reach = steps_within(radius, sizes[0], volume.shape[0])
    across = _to_nodes(_steps_to_true(faces[0], 0, reach), 0, reach)[planes]
    along1, along2 = (_steps_to_true(f, 0, reach)[planes] for f in faces[1:])
    result = torch.empty(extent(kept), dtype=torch.float32, device=labels.device)
    step = result.shape[0]
    if labels.device.type == "cpu":
        step = max(1, _CACHE_VOXELS // max(1, volume.shape[1] * volume.shape[2]))
    for z in range(0, result.shape[0], step):
        report(z, result.shape[0])
        part = slice(z, min(z + step, result.shape[0]))
        here = slice(planes.start + part.start, planes.start + part.stop)
        squares = [
            _squared(steps[part], sizes[0], reach, half, radius)
            for steps, half in ((across, 0.5), (along1, 0.0), (along2, 0.0))
        ]
        nearest = squares[0][:, rows, columns]
        for d in (1, 2):
            limit = steps_within(radius, sizes[d], volume.shape[d])
            straight = _to_nodes(_steps_to_true(faces[d][here], d, limit), d, limit)[:, rows, columns]
            nearest = torch.minimum(nearest, _squared(straight, sizes[d], limit, 0.5, radius))
        result[part] = _envelope(squares, nearest, sizes[1:], rows, columns)
    return unslab(result, order, labels.ndim)


def _envelope(
    squares: list[torch.Tensor], nearest: torch.Tensor, sizes: Sequence[float], rows: slice, columns: slice
) -> torch.Tensor:
    """Passes 2 and 3, for a few planes: add axes 1 and 2 to squared distances along axis 0.

    `squares` are those to the faces across axes 0, 1 and 2; `nearest` an upper bound of the result, which stops each pass.
    """
    across, along1, along2 = squares
    limit = float(nearest.max())
    nodes = across[:, rows].clone()
    _lower(nodes, across, 1, rows.start, sizes[0], limit, half=False)
    _lower(nodes, along1, 1, rows.start, sizes[0], limit, half=True)
    staggered = along2[:, rows].clone()
    _lower(staggered, along2, 1, rows.start, sizes[0], limit, half=False)
    result = torch.minimum(nearest, nodes[:, :, columns])
    limit = float(result.max())
    _lower(result, nodes, 2, columns.start, sizes[1], limit, half=False)
    _lower(result, staggered, 2, columns.start, sizes[1], limit, half=True)
    return result


def squared_distance_to_unknown(
    known: torch.Tensor, voxel_size: Sequence[float], radius: float, keep: Slices | None = None
) -> torch.Tensor:
    """Squared distance between each voxel's centre and the nearest unknown voxel's, at most `radius`²: float32.

    `known` is boolean with 1 to 3 axes. Everything outside is unknown, so a voxel at the volume's edge is one voxel away.
    """
    keep = keep or whole(known.shape)
    if (made := attempt("boundary_distance.squared_distance_to_unknown", known, voxel_size, radius, keep)) is not None:
        return made
    unknown = torch.nn.functional.pad(~known, (1, 1) * known.ndim, value=True)
    keep = tuple(slice(k.start + 1, k.stop + 1) for k in keep)
    volume, sizes, (planes, rows, columns), order = slab_first(unknown, voxel_size, keep)
    reach = steps_within(radius, sizes[0], volume.shape[0])
    squares = _squared(_steps_to_true(volume, 0, reach)[planes], sizes[0], reach, 0.0, radius)
    nodes = squares[:, rows].clone()
    _lower(nodes, squares, 1, rows.start, sizes[1], float(nodes.max()), half=False)
    result = nodes[:, :, columns].clone()
    _lower(result, nodes, 2, columns.start, sizes[2], float(result.max()), half=False)
    return unslab(result, order, known.ndim)


def squared_distance_to_outside(
    shape: Sequence[int], voxel_size: Sequence[float], keep: Slices, device: torch.device
) -> torch.Tensor:
    """As `squared_distance_to_unknown` where everything in a volume of that shape is known; not cut off."""
    result = torch.full((), torch.inf, device=device)
    for axis, (n, size, part) in enumerate(zip(shape, voxel_size, keep, strict=True)):
        place = torch.arange(part.start, part.stop, dtype=torch.float32, device=device)
        steps = torch.minimum(place + 1, n - place)
        squares = (steps * size).square_().reshape((-1,) + (1,) * (len(shape) - axis - 1))
        result = torch.minimum(result, squares)
    return result


def slab_first(
    volume: torch.Tensor, voxel_size: Sequence[float], keep: Slices
) -> tuple[torch.Tensor, list[float], Slices, list[int]]:
    """The volume with three axes, the one of which least is kept first, since only what is kept there goes further."""
    missing = 3 - volume.ndim
    if missing < 0 or len(voxel_size) != volume.ndim:
        raise ValueError(
            f"distances exist for 1 to 3 axes with a voxel size for each, got {volume.ndim} axes and {len(voxel_size)} sizes"
        )
    shares = [(k.stop - k.start) / n for k, n in zip(keep, volume.shape, strict=True)]
    order = sorted(range(volume.ndim), key=lambda d: shares[d])
    slab = volume.permute(order).contiguous().reshape((1,) * missing + tuple(volume.shape[d] for d in order))
    sizes = [1.0] * missing + [float(voxel_size[d]) for d in order]
    return slab, sizes, (slice(0, 1),) * missing + tuple(keep[d] for d in order), order


def unslab(result: torch.Tensor, order: list[int], ndim: int) -> torch.Tensor:
    """The inverse of `slab_first`."""
    inverse = [order.index(d) for d in range(ndim)]
    return result.reshape(result.shape[3 - ndim :]).permute(inverse).contiguous()


def steps_within(radius: float, size: float, n: int) -> int:
    """How many voxels of `size` a radius spans, at most n."""
    return min(int(radius / size) + 1, n)


def _steps_to_true(flags: torch.Tensor, dim: int, reach: int) -> torch.Tensor:
    """Steps along `dim` to the nearest True, a narrow integer; ``reach + 1`` where that is farther than `reach`.

    Distances spread by doubling strides, so the work grows with the logarithm of the reach.
    """
    beyond = reach + 1
    # The sum of a distance and a stride, each at most beyond, must fit.
    dtype = torch.int16 if 2 * beyond <= torch.iinfo(torch.int16).max else torch.int32
    steps = torch.full(flags.shape, beyond, dtype=dtype, device=flags.device).masked_fill_(flags, 0)
    n, stride = flags.shape[dim], 1
    while stride <= min(reach, n - 1):
        wider = steps.clone()
        low, high = wider.narrow(dim, 0, n - stride), wider.narrow(dim, stride, n - stride)
        torch.minimum(high, steps.narrow(dim, 0, n - stride) + stride, out=high)
        torch.minimum(low, steps.narrow(dim, stride, n - stride) + stride, out=low)
        steps, stride = wider, 2 * stride
    return steps.clamp_(max=beyond)


def _to_nodes(faces: torch.Tensor, dim: int, reach: int) -> torch.Tensor:
    """Steps to a face from the n voxels around n - 1 faces: k means a distance of k + ½ voxels."""
    n = faces.shape[dim]
    shape = list(faces.shape)
    shape[dim] = n + 1
    nodes = torch.full(shape, reach + 1, dtype=faces.dtype, device=faces.device)
    if n:
        nodes.narrow(dim, 0, n).copy_(faces)
        upper = nodes.narrow(dim, 1, n)
        torch.minimum(upper, faces, out=upper)
    return nodes


def _squared(steps: torch.Tensor, size: float, reach: int, half: float, radius: float) -> torch.Tensor:
    """Squared lengths of so many steps plus `half` a voxel, cut off at the radius: float32."""
    squares = steps.to(torch.float32).add_(half).mul_(size).square_().clamp_(max=radius**2)
    return squares.masked_fill_(steps > reach, radius**2)


def _lower(
    result: torch.Tensor, source: torch.Tensor, dim: int, start: int, size: float, limit: float, half: bool
) -> None:
    """Lower `result` to the minimum over all shifts of `source` plus the squared length of the shift, in place.

    `start` is the index along `dim` of result's first entry, in voxels. Shifts longer than the square root of `limit` are
    not tried: no value of `result` exceeds it. With `half`, source's entry k lies between voxels k and k + 1.
    """
    n, m = result.shape[dim], source.shape[dim]
    scratch = torch.empty_like(result)
    for j in count():
        cost = (size * (j + 0.5 * half)) ** 2
        if cost >= limit or j > max(m, start + n):
            return
        for shift in (j, -j - half):
            low, high = max(0, -start - shift), min(n, m - start - shift)
            if low >= high:
                continue
            shifted = scratch.narrow(dim, low, high - low)
            torch.add(source.narrow(dim, start + shift + low, high - low), cost, out=shifted)
            target = result.narrow(dim, low, high - low)
            torch.minimum(target, shifted, out=target)
