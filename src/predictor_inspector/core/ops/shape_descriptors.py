"""Local shape descriptors: statistics of an object in a Gaussian window around a voxel.

After Sheridan et al. 2023. With w a Gaussian, m an object's mask and t = q − p, all ten (in 2-D six) follow from the moments

    S_abc(p) = Σ_q m(q) w(t) t_z^a t_y^b t_x^c,   a + b + c ≤ 2,

whose kernels are products of one-dimensional ones. Both the voxels that are summed and those that are answered for belong
to the object, so its own bounding box is all that is ever touched, and each pass is a product with a small matrix. Offsets
are taken from the voxel itself, never from a far origin, which keeps float32 accurate wherever the volume lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import torch

from predictor_inspector.core.ops.backend import attempt
from predictor_inspector.core.ops.regions import Slices, extent, whole
from predictor_inspector.core.progress import report

TRUNCATE = 3.0
"""The window ends after so many standard deviations."""

MINIMAL_VARIANCE = 1e-3
"""Variances are kept above this, in squared units of length, so that correlations of flat objects are defined."""

TILE = 64
"""Voxels per side of a tile: a long thin object fills little of its whole bounding box, but much of its tiles."""

_TABLE_LIMIT = 1 << 24
"""Ids below this are looked up in a table, which is much faster than sorting."""

Moments = dict[tuple[int, ...], torch.Tensor]


def descriptor_count(dims: int) -> int:
    """How many descriptors there are in `dims` dimensions: 10 in 3-D, 6 in 2-D."""
    return 2 * dims + dims * (dims - 1) // 2 + 1


def window_radius(sigma: float, voxel_size: float) -> int:
    """The window's radius in voxels; halves are rounded up, even where fractions such as 0.7 / 0.2 fall short of them."""
    return int(TRUNCATE * sigma / voxel_size + 0.5 + 1e-9)


def shape_descriptors(
    labels: torch.Tensor,
    sigma: float,
    voxel_size: Sequence[float],
    downsample: int = 1,
    phase: Sequence[int] | None = None,
    keep: Slices | None = None,
) -> torch.Tensor:
    """Mean offset, variance, correlation and size of each voxel's object in a Gaussian window around it.

    Parameters
    ----------
    labels : torch.Tensor
        Ids, integer, [Z, Y, X] or [Y, X]; 0 is background.
    sigma : float
        Standard deviation of the window on every axis, in the unit of `voxel_size`.
    downsample : int
        Compute on every d-th voxel only, and repeat the result for the d that follow it.
    phase : sequence of int, optional
        For `downsample` > 1: where in its group of d the volume's first voxel lies, per axis; 0 by default.

    Returns
    -------
    torch.Tensor
        float32, [10, Z, Y, X] or [6, Y, X], in [0, 1]; 0 on background. Mean offset / σ · ½ + ½ per axis, variance / σ²
        per axis, Pearson correlation · ½ + ½ per pair of axes (zy, zx, yx), and the window's weighted count. Where the
        coarser grid misses an object altogether, the descriptors are those of no extent: ½, 0, ½ and a size of 0.
    """
    keep = keep or whole(labels.shape)
    phase = phase or (0,) * labels.ndim
    name = "shape_descriptors" if downsample == 1 else "coarse_descriptors"
    made = attempt(f"shape_descriptors.{name}", labels, sigma, voxel_size, downsample, phase, keep)
    if made is not None:
        return made
    samples = sampled(labels, downsample, phase)
    sizes = [v * downsample for v in voxel_size]
    # Variances are small differences of large moments. In float32 they lose up to 2e-6, and all their digits where the
    # coarser grid misses a voxel's object nearby. Processors have float64 at half the speed; GPUs at a small part of it,
    # or not at all (Apple's).
    exact = labels.device.type == "cpu" or (downsample > 1 and labels.device.type != "mps")
    dtype = torch.float64 if exact else torch.float32
    # One entry more, of 0, stands for everything beyond the window.
    padded = (torch.nn.functional.pad(moment_kernel(sigma / size), (0, 1)) for size in sizes)
    kernels = [kernel.to(labels.device, dtype) for kernel in padded]
    result = torch.zeros((descriptor_count(labels.ndim), *extent(keep)), dtype=torch.float32, device=labels.device)
    rows = result.reshape(result.shape[0], -1)
    kept = labels[keep]
    everywhere = dict(zip(*_as_lists(samples), strict=True))
    nowhere = [[0, 0]] * labels.ndim
    tiles = list(_tiles(kept.shape))
    for number, tile in enumerate(tiles):
        report(number, len(tiles))
        for label, box in zip(*_as_lists(kept[tile]), strict=True):
            region = tuple(slice(t.start + b, t.start + e) for t, (b, e) in zip(tile, box, strict=True))
            voxels = (kept[region] == label).nonzero(as_tuple=True)
            voxels = tuple(v + r.start for v, r in zip(voxels, region, strict=True))
            # Voxels of the answer, as places on the sampled grid.
            places = tuple((v + k.start + p) // downsample for v, k, p in zip(voxels, keep, phase, strict=True))
            moments = _moments_at(samples, label, everywhere.get(label, nowhere), places, kernels)
            rows[:, _flat(voxels, kept.shape)] = _descriptors(moments, sizes, sigma).to(torch.float32)
    return result


def _flat(places: Sequence[torch.Tensor], shape: Sequence[int]) -> torch.Tensor:
    """Places in a volume of that shape as indices of its flat data."""
    flat = places[0]
    for place, n in zip(places[1:], shape[1:], strict=True):
        flat = flat * n + place
    return flat


def _tiles(shape: Sequence[int]) -> Iterator[Slices]:
    """Parts of about `TILE` voxels a side that cover `shape`."""
    sides = [[slice(a, min(a + TILE, n)) for a in range(0, n, TILE)] for n in shape]
    return product(*sides)


def _as_lists(labels: torch.Tensor) -> tuple[list[int], list[list[list[int]]]]:
    ids, boxes = bounding_boxes(labels)
    return ids.tolist(), boxes.tolist()


def sampled(labels: torch.Tensor, downsample: int, phase: Sequence[int]) -> torch.Tensor:
    """Every `downsample`-th voxel; groups that begin before the volume are sampled as background."""
    if downsample == 1:
        return labels
    before = [padding for p in reversed(phase) for padding in (p, 0)]
    return torch.nn.functional.pad(labels, before)[(slice(None, None, downsample),) * labels.ndim]


def moment_kernel(sigma: float) -> torch.Tensor:
    """w(t) t^k for k = 0, 1, 2 and t = -r … r, all in voxels: float64, [3, 2 r + 1]."""
    radius = window_radius(sigma, 1)
    t = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (t / sigma) ** 2)
    weights /= weights.sum()
    return torch.stack([weights, weights * t, weights * t * t])


def _toeplitz(kernel: torch.Tensor, inputs: slice, outputs: slice) -> torch.Tensor:
    """[3, outputs, inputs]: what the input voxel contributes to the output voxel's moments of order 0, 1 and 2."""
    radius = (kernel.shape[1] - 2) // 2
    i = torch.arange(inputs.start, inputs.stop, device=kernel.device)
    o = torch.arange(outputs.start, outputs.stop, device=kernel.device)
    t = i[None, :] - o[:, None]
    return kernel[:, torch.where(t.abs() <= radius, t + radius, 2 * radius + 1)]


def _moments_at(
    samples: torch.Tensor,
    label: int,
    box: list[list[int]],
    places: tuple[torch.Tensor, ...],
    kernels: list[torch.Tensor],
) -> Moments:
    """One object's moments around some places of the sampled grid, where it has that bounding box.

    `places` are int64, [N] per axis. Each moment is [N] in the kernels' type, by its powers of the offset per axis, such
    as (1, 0, 1).
    """
    outputs = [slice(int(p.min()), int(p.max()) + 1) for p in places]
    inputs = []
    for (begin, end), o, kernel in zip(box, outputs, kernels, strict=True):
        radius = (kernel.shape[1] - 2) // 2
        begin = max(begin, o.start - radius)
        inputs.append(slice(begin, max(begin, min(end, o.stop + radius))))
    # The axis that shrinks most goes first: later passes then work on less.
    shrinkage = [i / o for i, o in zip(extent(tuple(inputs)), extent(tuple(outputs)), strict=True)]
    order = sorted(range(len(places)), key=lambda d: -shrinkage[d])
    mask = (samples[tuple(inputs)] == label).to(kernels[0].dtype).permute(order).contiguous()
    matrices = [_toeplitz(kernels[d], inputs[d], outputs[d]) for d in order]
    flat = _flat([places[d] - outputs[d].start for d in order], extent(tuple(outputs[d] for d in order)))
    return {
        tuple(powers[order.index(d)] for d in range(len(order))): volume.reshape(-1)[flat]
        for powers, volume in _contracted(mask, matrices, ())
    }


def _contracted(
    volume: torch.Tensor, matrices: list[torch.Tensor], powers: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], torch.Tensor]]:
    """All products of the volume with one matrix per remaining axis, up to a total power of 2."""
    axis = len(powers)
    if axis == volume.ndim:
        yield powers, volume
        return
    matrix = matrices[axis][: 3 - sum(powers)]
    orders, n_out, _ = matrix.shape
    rows = matrix.flatten(0, 1)
    # The last axis lies contiguous, so its matrix comes from the right.
    applied = volume @ rows.T if axis == volume.ndim - 1 else rows @ volume.flatten(axis + 1)
    applied = applied.reshape(*volume.shape[:axis], orders, n_out, *volume.shape[axis + 1 :])
    for order in range(orders):
        yield from _contracted(applied.select(axis, order), matrices, (*powers, order))


def _powers(dims: int, *axes: int) -> tuple[int, ...]:
    return tuple(axes.count(d) for d in range(dims))


def _descriptors(moments: Moments, sizes: Sequence[float], sigma: float) -> torch.Tensor:
    """Moments to descriptors, [C, N] in [0, 1]."""
    dims = len(sizes)
    size = moments[_powers(dims)]
    total = torch.where(size == 0, 1, size)
    mean = [moments[_powers(dims, d)] / total for d in range(dims)]

    def covariance(a: int, b: int) -> torch.Tensor:
        return (moments[_powers(dims, a, b)] / total - mean[a] * mean[b]) * (sizes[a] * sizes[b])

    variance = [covariance(d, d).clamp(min=MINIMAL_VARIANCE) for d in range(dims)]
    descriptors = [mean[d] * (sizes[d] / sigma) * 0.5 + 0.5 for d in range(dims)]
    descriptors += [v / sigma**2 for v in variance]
    descriptors += [
        covariance(a, b) / torch.sqrt(variance[a] * variance[b]) * 0.5 + 0.5 for a, b in combinations(range(dims), 2)
    ]
    return torch.stack([*descriptors, size]).clamp_(0, 1)


def bounding_boxes(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The ids in a volume, 0 excluded: int64, [L], ascending; and the smallest box around each: [L, axes, begin and end]."""
    if labels.numel() == 0:
        nothing = torch.zeros((0, labels.ndim, 2), dtype=torch.int64, device=labels.device)
        return nothing[:, 0, 0], nothing
    ids, ranks = ranked(labels)
    boxes = torch.empty((len(ids), labels.ndim, 2), dtype=torch.int64, device=labels.device)
    for d, n in enumerate(labels.shape):
        present = torch.zeros((n, len(ids)), dtype=torch.bool, device=labels.device)
        positions = torch.arange(n, device=labels.device).reshape([-1 if e == d else 1 for e in range(labels.ndim)])
        present.view(-1)[(ranks + positions * len(ids)).reshape(-1)] = True
        along = torch.arange(n, device=labels.device)[:, None]
        boxes[:, d, 0] = torch.where(present, along, n).amin(0)
        boxes[:, d, 1] = torch.where(present, along, -1).amax(0) + 1
    objects = ids != 0
    return ids[objects], boxes[objects]


def ranked(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sorted ids, and each voxel's place among them, the shape of `labels`: int64."""
    highest = int(labels.max())
    if highest >= _TABLE_LIMIT:
        ids, ranks = torch.unique(labels, return_inverse=True)
        return ids.long(), ranks
    present = torch.zeros(highest + 1, dtype=torch.bool, device=labels.device)
    present[labels.reshape(-1).long()] = True
    ids = present.nonzero()[:, 0]
    table = torch.zeros(highest + 1, dtype=torch.int64, device=labels.device)
    table[ids] = torch.arange(len(ids), device=labels.device)
    return ids, table[labels.long()]
