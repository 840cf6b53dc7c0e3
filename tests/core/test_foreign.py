"""Arrays of other packages: taken with their geometry, or refused in a sentence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, OneHotPredictor, as_array
from predictor_inspector.inspection import inspect

LABELS = np.repeat(np.arange(24).reshape(4, 6), 5, 1)[None].repeat(3, 0) % 3
SIZE, OFFSET = Coordinate(40, 4, 4), Coordinate(80, 0, 8)
OURS = Array(LABELS, SIZE, OFFSET)


def gunpowders(data: np.ndarray = LABELS, **spec: Any) -> Any:
    roi = Roi(OFFSET, SIZE * Coordinate(LABELS.shape))
    return SimpleNamespace(data=data, spec=SimpleNamespace(**{"roi": roi, "voxel_size": SIZE, **spec}))


def funlibs(data: np.ndarray = LABELS, **more: Any) -> Any:
    return SimpleNamespace(data=data, voxel_size=SIZE, roi=OURS.roi, dims=3, **more)


class Axis(np.ndarray):
    """Coordinates along an axis, as xarray has them."""

    attrs: dict[str, str]


def axis(start: float, step: float, length: int, unit: str = "nm") -> Axis:
    made = (start + step * np.arange(length)).view(Axis)
    made.attrs = {"units": unit} if unit else {}
    return made


class Xarray:
    """As far as it is used."""

    def __init__(self, data: np.ndarray, dims: tuple[str, ...], **coords: Axis) -> None:
        self.data, self.dims, self.coords, self.shape = data, dims, coords, data.shape

    def transpose(self, *dims: str) -> Xarray:
        return Xarray(self.data.transpose([self.dims.index(d) for d in dims]), dims, **self.coords)


GIVEN = {
    "gunpowder": gunpowders(),
    "funlib": funlibs(axis_names=["z", "y", "x"], units=["nm", "nm", "nm"]),
    "dacapo": funlibs(axes=["z", "y", "x"]),
    "xarray": Xarray(LABELS, ("z", "y", "x"), z=axis(100, 40, 3), y=axis(2, 4, 4), x=axis(10, 4, 30)),
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize(
    "predictor",
    [AffinitiesPredictor([[0, 0, 1]], lsds=False), DistancePredictor(["a"], 8, True), OneHotPredictor(["a", "b", "c"])],
)
def test_arrays_of_other_packages_are_ground_truth_and_masks(given: Any, predictor: Any) -> None:
    target = predictor.create_target(given)
    weight, _ = predictor.create_weight(given, target, given)
    expected = predictor.create_weight(OURS, predictor.create_target(OURS), OURS)[0]
    np.testing.assert_array_equal(weight.numpy(), expected.numpy())
    assert weight.spec == expected.spec
    np.testing.assert_array_equal(
        inspect(predictor, given, mask=given, device="cpu").weight.numpy(),
        inspect(predictor, OURS, mask=OURS, device="cpu").weight.numpy(),
    )


def test_channels_stay_channels() -> None:
    two = np.stack([LABELS, LABELS])
    assert as_array(gunpowders(two)).axis_names == ("c^", "z", "y", "x")
    assert as_array(funlibs(two, axis_names=["b^", "k", "j", "i"])).axis_names == ("b^", "k", "j", "i")
    assert as_array(funlibs(two, axis_names=["c", "z", "y", "x"])).axis_names == ("c^", "z", "y", "x")
    assert as_array(funlibs(axis_names=["d0", "d1", "d2"])).axis_names == ("z", "y", "x")
    last = Xarray(two.transpose(1, 2, 3, 0), ("k", "j", "i", "channel"), **dict.fromkeys("kji", axis(0, 1, 3)))
    assert as_array(last).axis_names == ("channel^", "k", "j", "i")
    assert as_array(last).shape == two.shape


def test_coordinates_with_decimals_become_counts_of_a_fraction() -> None:
    given = Xarray(LABELS[0], ("y", "x"), y=axis(0.1, 0.2, 4, "um"), x=axis(-2.62, 5.24, 30, "um"))
    found = as_array(given)
    assert (found.voxel_size, found.offset, found.subdivision, found.unit) == ((20, 524), (0, -524), 100, "um")


def test_a_voxel_size_may_stand_beside_the_values() -> None:
    assert as_array((LABELS, (40, 4, 4))).roi == Roi((0, 0, 0), (120, 16, 120))


REFUSED = [
    (LABELS, r"gt must say how large its voxels are, which a numpy\.ndarray doesn't: Array\(gt, voxel_size=\(…\)\)"),
    (gunpowders(roi=None), "gt: a gunpowder array needs a spec with a ROI and a voxel size, got"),
    (Xarray(LABELS[0], ("y", "x"), x=axis(0, 1, 30)), "along each spatial axis, but has fewer along y; axes without"),
    (Xarray(LABELS[0], ("y", "x"), y=axis(0, -1, 4), x=axis(0, 1, 30)), "coordinates along y must rise evenly, got"),
    (Xarray(LABELS[0], ("y", "x"), y=axis(0, 1, 4), x=axis(0, 1, 30, "um")), "must be of one unit, got nm, um"),
    (Xarray(LABELS[0], ("y", "x"), y=axis(0, 1, 4), x=axis(0, 1 / 3, 30)), "have more than 6 decimals"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_does_not_say_where_it_lies_is_refused(given: Any, message: str) -> None:
    predictor = OneHotPredictor(["a"])
    with pytest.raises(ValueError, match=message):
        predictor.create_target(given)
    with pytest.raises(ValueError, match=message):
        inspect(predictor, given)
    ours = Array(LABELS, SIZE)
    with pytest.raises(ValueError, match=message.replace("gt", "mask")):
        predictor.create_weight(ours, predictor.create_target(ours), given)
