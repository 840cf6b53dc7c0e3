"""Raw data against labels: planted shifts are found to a part of a voxel, and nothing else is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from funlib.geometry import Coordinate

from predictor_inspector.core import Array
from predictor_inspector.data import open_array
from predictor_inspector.data.geometry import moved
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.findings import Finding, cured, find
from predictor_inspector.inspection.findings.alignment import alignment_of

from .volumes import affinities

FILES = Path(__file__).parents[2] / "data" / "files"


def real(name: str) -> Source:
    if name == "nuclei 2-D":
        return Source(open_array(FILES / "nuclei2d_masks.tif"), None, open_array(FILES / "nuclei2d_image.tif"))
    if name == "nuclei 3-D":
        return Source(open_array(FILES / "nuclei3d_masks.tif"), None, open_array(FILES / "nuclei3d_image.tif"))
    if name == "sections":  # every fourth, as thick as that
        gt, raw = (open_array(FILES / "medulla.ome.zarr", inside) for inside in ("labels/neurons", "/"))
        every = [Array(array.numpy()[::4], (40, 10, 10)) for array in (gt, raw)]
        return Source(every[0], None, every[1])
    path = FILES / f"{name}.ome.zarr"
    mask = open_array(path, "labels/annotated") if name == "crop_fractional" else None
    return Source(open_array(path, "labels/neurons"), mask, open_array(path, "/"))


def shifted(source: Source, voxels: tuple[float, ...]) -> Source:
    """With raw data so many voxels further on."""
    assert source.raw is not None
    by = [Fraction(n) * v for n, v in zip(voxels, source.raw.voxel_size, strict=False)]
    return Source(source.gt, source.mask, moved(source.raw, by[: source.gt.dims]))


def misaligned(source: Source) -> list[Finding]:
    predictor = affinities(neighborhood=np.eye(source.gt.dims, dtype=int).tolist())
    return list(find(run(Request(predictor, source, device="cpu")), only=["raw-misaligned"]))


@pytest.mark.parametrize("name", ["medulla", "sections", "crop_fractional", "nuclei 2-D", "nuclei 3-D"])
@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (0.5, -2.0, 1.0), (-1.0, 3.5, -4.0)])
def test_a_shift_of_real_data_is_found(name: str, shift: tuple[float, ...]) -> None:
    source = real(name)
    shift = shift[: source.gt.dims]
    (*found,) = misaligned(shifted(source, shift))
    if not any(shift):
        assert found == []
        return
    (finding,) = found
    np.testing.assert_allclose(finding.numbers["shift_voxels"], shift, atol=0.5 if name == "sections" else 0.25)
    assert finding.severity == "error"
    lengths = np.array(shift) * source.gt.physical_voxel_size
    np.testing.assert_allclose(finding.numbers["shift"], lengths, atol=0.25 * max(source.gt.physical_voxel_size))
    assert "darkest" in finding.message if "nuclei" not in name else "brighter than background" in finding.message


def test_the_cure_moves_raw_data_back() -> None:
    source = shifted(real("medulla"), (0.5, 0.0, -2.0))
    (finding,) = misaligned(source)
    assert finding.cure is not None
    assert finding.cure.title == "Move raw data by z −0.5, x +2 voxels"
    request = cured(Request(affinities(), source, device="cpu"), finding.cure)
    assert misaligned(request.source) == []


def test_half_a_voxel_is_a_warning() -> None:
    (finding,) = misaligned(shifted(real("medulla"), (0.0, 0.5, 0.0)))
    assert finding.severity == "warning"
    assert finding.message.startswith("Raw data lie y +0.")


@pytest.mark.parametrize("name", ["medulla", "crop_fractional", "nuclei 2-D", "nuclei 3-D"])
def test_raw_data_of_something_else_say_nothing(name: str) -> None:
    source = real(name)
    values = source.raw.numpy()
    others = [values[(slice(None, None, -1),) * values.ndim], np.random.default_rng(0).random(values.shape), 0 * values]
    for other in others:
        raw = source.raw.like(np.ascontiguousarray(other))
        assert alignment_of(Source(source.gt, source.mask, raw), source.gt.roi) is None
    assert misaligned(Source(source.gt, source.mask)) == []


def test_raw_data_may_have_other_voxels() -> None:
    source = real("medulla")
    gt, values = source.gt, source.raw.numpy()
    halves = values.reshape(*(k for n in values.shape for k in (n // 2, 2))).mean((1, 3, 5))
    coarse = Array(
        halves, gt.voxel_size * 2, gt.offset + gt.voxel_size * Coordinate(1, 0, -1), None, gt.unit, gt.subdivision
    )
    found = alignment_of(Source(gt, None, coarse), gt.roi)
    np.testing.assert_allclose(found.shift, (1, 0, -1), atol=0.3)
    # Of labels every second voxel, in the middle of their own.
    rough = Array(gt.numpy()[::2, ::2, ::2], gt.voxel_size * 4, gt.offset * 2 - gt.voxel_size, None, gt.unit, 2)
    found = alignment_of(Source(rough, None, source.raw), rough.roi)
    np.testing.assert_allclose(found.shift, (0, 0, 0), atol=0.1)


def test_places_that_differ_are_told() -> None:
    source = real("medulla")
    ids, values = source.gt.numpy(), source.raw.numpy()
    half = values.shape[1] // 2
    values = np.concatenate([values[:, :half], np.roll(values, 3, -1)[:, half:]], axis=1)
    (finding,) = misaligned(Source(source.gt.like(ids), None, source.raw.like(values)))
    assert "Not everywhere alike: places differ by up to" in finding.message
    along_x = {round(place["shift_voxels"][2]) for place in finding.numbers["places"]}
    assert {0, 3} <= along_x
