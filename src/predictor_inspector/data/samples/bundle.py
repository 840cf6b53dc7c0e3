"""Bundle of tubes that wander, swell and shrink along one axis and fill all space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor_inspector.data.samples.noise import smooth_fields

_BLOCK = 8  # voxels; within such a block only the nearest tubes are looked at one by one
_NEAREST = 6

# Shares of tubes and their radii in nm: thin axons, middling ones, dendrites.
_CALIBRES = ((0.62, 50.0), (0.28, 95.0), (0.10, 190.0))
_FILLED = 1.15  # cross-section of all tubes together, as a share of the space to fill
_WITH_MITOCHONDRION = 85.0  # radius in nm from which on a tube may hold one


@dataclass(frozen=True)
class Bundle:
    """Tubes along one axis; arrays are [tube, position along the axis], lengths in nm."""

    ids: np.ndarray  # [tube]; 0 for the one that is a vessel
    a: np.ndarray  # a and b: centre of the cross-section
    b: np.ndarray
    radius: np.ndarray
    upright: bool  # along z, its cross-sections [y, x]; else along x, [z, y]
    mitochondrion: np.ndarray  # its radius there; far below 0 where there is none


def make_bundle(
    rng: np.random.Generator, length: int, step: float, extent: tuple[float, float], first_id: int, upright: bool
) -> Bundle:
    """Tubes for a cross-section of `extent` nm, over `length` voxels of `step` nm."""
    radii = _radii(rng, extent)
    count = len(radii)
    knots = max(2, round(length * step / 320))
    a, b = _spread(rng, radii, extent)
    drift = 0.45 * radii[:, None] + 14
    wander = [smooth_fields(rng, count, length, knots) for _ in range(3)]
    radius = radii[:, None] * np.exp(0.24 * wander[2])
    radius *= 1 + 0.5 * (smooth_fields(rng, count, length, 2 * knots) > 1.5) * (radii[:, None] < 80)
    ids = np.arange(first_id, first_id + count)
    if upright:
        # The widest is a vessel: background that is no gap, of an even calibre.
        vessel = int(np.argmax(radii))
        ids[vessel], radius[vessel] = 0, radii[vessel] * np.exp(0.05 * wander[2][vessel])
    mitochondrion = _mitochondria(rng, radius, step)
    mitochondrion[ids == 0] = -1000
    return Bundle(ids, a[:, None] + drift * wander[0], b[:, None] + drift * wander[1], radius, upright, mitochondrion)


def section(bundle: Bundle, at: int, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids, distance to the nearest membrane and depth in a mitochondrion, for points (a, b) of one cross-section.

    A point belongs to the tube whose power (squared distance minus squared radius) is smallest. The plane on which two
    powers are equal lies at their difference over twice the distance of the tubes' centres: that is the membrane.
    """
    pa, pb, weight = (v[:, at].astype(np.float32) for v in (bundle.a, bundle.b, bundle.radius**2))
    near = _candidates(a, b, pa, pb, weight)
    powers = (a[..., None] - pa[near]) ** 2
    powers += (b[..., None] - pb[near]) ** 2
    powers -= weight[near]
    first = powers.argmin(-1)
    winner = np.take_along_axis(near, first[..., None], -1)
    lowest = np.take_along_axis(powers, first[..., None], -1)
    apart = np.sqrt((pa[near] - pa[winner]) ** 2 + (pb[near] - pb[winner]) ** 2)
    apart[near == winner] = np.inf
    between = (powers - lowest) / (2 * np.maximum(apart, 1e-3))
    np.put_along_axis(between, first[..., None], np.float32(np.inf), -1)
    best = winner[..., 0]
    depth = bundle.mitochondrion[best, at] - np.sqrt(np.maximum(lowest[..., 0] + weight[best], 0))
    return bundle.ids[best], between.min(-1), depth.astype(np.float32)


def _candidates(a: np.ndarray, b: np.ndarray, pa: np.ndarray, pb: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The tubes of smallest power at the middle of each point's block: [rows, columns, nearest]."""
    rows, columns = (np.minimum(np.arange(n) // _BLOCK * _BLOCK + _BLOCK // 2, n - 1) for n in a.shape)
    middles = np.ix_(np.unique(rows), np.unique(columns))
    power = (a[middles][..., None] - pa) ** 2 + (b[middles][..., None] - pb) ** 2 - weight
    count = min(_NEAREST, len(pa))
    near = np.argpartition(power, count - 1, -1)[..., :count]
    return near[np.ix_(*(np.minimum(np.arange(n) // _BLOCK, s - 1) for n, s in zip(a.shape, near.shape, strict=False)))]


def _radii(rng: np.random.Generator, extent: tuple[float, float]) -> np.ndarray:
    radii: list[float] = []
    # A margin around the extent is filled as well, so that tubes come in from all sides.
    room = _FILLED * (extent[0] + 200) * (extent[1] + 200)
    shares, sizes = zip(*_CALIBRES, strict=True)
    while room > 0 or len(radii) < 2:
        radius = sizes[rng.choice(len(sizes), p=shares)] * rng.uniform(0.75, 1.3)
        radii.append(radius)
        room -= np.pi * radius**2
    return np.array(radii)


def _spread(rng: np.random.Generator, radii: np.ndarray, extent: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Centres at random, pushed apart until tubes hardly overlap."""
    a, b = (rng.uniform(-100, e + 100, len(radii)) for e in extent)
    for _ in range(60):
        da, db = a[:, None] - a, b[:, None] - b
        distance = np.sqrt(da**2 + db**2) + np.eye(len(a)) * 1e9 + 1e-6
        push = np.maximum(0, 0.95 * (radii[:, None] + radii) - distance) / distance * 0.3
        # The thinner of two gives way.
        push *= 2 * radii[None] / (radii[:, None] + radii)
        a, b = a + (push * da).sum(1), b + (push * db).sum(1)
        a, b = (np.clip(v, -100, e + 100) for v, e in zip((a, b), extent, strict=True))
    return a, b


def _mitochondria(rng: np.random.Generator, radius: np.ndarray, step: float) -> np.ndarray:
    """Sausages of some hundred nm length in tubes that are wide enough."""
    length = radius.shape[1]
    along = np.arange(length) * step
    depth = np.full(radius.shape, -1000.0)
    for tube in np.flatnonzero((radius.mean(1) > _WITH_MITOCHONDRION) & (rng.random(len(radius)) < 0.8)):
        for middle in np.arange(rng.uniform(0, 700), along[-1] + 300, 1100.0):
            half = rng.uniform(260, 480)
            thickness = rng.uniform(0.45, 0.58) * min(radius[tube].mean(), 150)
            profile = 1 - ((along - middle) / half) ** 4
            depth[tube] = np.where(profile > 0, thickness * np.sqrt(np.maximum(profile, 0)), depth[tube])
    return depth
