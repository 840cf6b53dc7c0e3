"""Arrays made of real napari layers lie where napari shows the layers."""

from __future__ import annotations

from typing import Any

import dask.array
import numpy as np
import pytest
from napari.layers import Image, Labels, Shapes

from predictor_inspector.data import array_from_layer

VALUES = np.arange(2 * 4 * 6 * 8).reshape(2, 4, 6, 8)


def _labels(data: Any = VALUES[0], **options: Any) -> Any:
    return Labels(data, name="cells", **options)


def test_translate_is_the_centre_of_the_first_voxel_and_the_offset_its_corner() -> None:
    layer = _labels(scale=(5.24, 4, 4), translate=(102.62, 2013.5, 77.1), units="nm", axis_labels=("z", "y", "x"))
    array = array_from_layer(layer)
    assert array.data is layer.data
    assert tuple(array.voxel_size) == (524, 400, 400)
    assert tuple(array.offset) == (10000, 201150, 7510)
    assert (array.unit, array.subdivision, array.axis_names) == ("nm", 100, ("z", "y", "x"))
    for index in np.ndindex(2, 2, 2):
        world = np.array(layer.data_to_world(index))
        centre = [(o + v * (i + 0.5)) / 100 for o, v, i in zip(array.offset, array.voxel_size, index, strict=True)]
        np.testing.assert_allclose(world, centre, atol=1e-9)


def test_a_layer_without_units_is_in_pixels() -> None:
    array = array_from_layer(_labels())
    assert (array.unit, tuple(array.offset), tuple(array.voxel_size), array.subdivision) == (
        "pixel",
        (-5,) * 3,
        (10,) * 3,
        10,
    )


def test_mixed_units_are_converted_to_the_first_spatial_one() -> None:
    array = array_from_layer(_labels(scale=(0.04, 8, 8), units=("um", "nm", "nm")))
    assert (array.unit, array.physical_voxel_size) == ("um", (0.04, 0.008, 0.008))


def test_an_affine_that_only_scales_and_translates_is_followed() -> None:
    affine = np.diag([2.0, 1.0, 0.5, 1.0])
    affine[:3, 3] = 7, 0, -1
    layer = _labels(scale=(5.24, 4, 4), translate=(1, 2, 3), affine=affine)
    array = array_from_layer(layer)
    assert array.physical_voxel_size == (10.48, 4, 2)
    centre = [(2 * o + v) / 2 / array.subdivision for o, v in zip(array.offset, array.voxel_size, strict=True)]
    np.testing.assert_allclose(centre, layer.data_to_world((0, 0, 0)))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"rotate": (0, 0, 30)}, "is rotated"),
        ({"shear": (0.2, 0, 0)}, "is sheared"),
        ({"affine": [[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}, "affine that does more"),
        ({"affine": np.diag([1, 1, -1, 1])}, "affine that does more"),
    ],
)
def test_anything_but_scale_and_translate_is_an_error(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=f"layer 'cells' .*{what}|layer 'cells' {what}"):
        array_from_layer(_labels(**options))


@pytest.mark.parametrize(
    ("data", "labels", "dims", "names"),
    [
        (VALUES[0, 0], None, None, ("y", "x")),
        (VALUES[0], None, None, ("z", "y", "x")),
        (VALUES, None, None, ("c^", "z", "y", "x")),
        (VALUES[None], None, None, ("c0^", "c1^", "z", "y", "x")),
        (VALUES, ("t", "z", "y", "x"), None, ("t^", "z", "y", "x")),
        (VALUES[0], ("time", "y", "x"), None, ("t^", "y", "x")),
        (VALUES[0], ("Channel", "y", "x"), None, ("c^", "y", "x")),
        (VALUES, ("t", "c", "y", "x"), None, ("t^", "c^", "y", "x")),
        (VALUES[0], None, 2, ("c^", "y", "x")),
        (VALUES[0], ("depth", "row", "column"), None, ("depth", "row", "column")),
    ],
)
def test_leading_axes_become_time_or_channels(data: Any, labels: Any, dims: int | None, names: tuple[str, ...]) -> None:
    layer = _labels(data, axis_labels=labels)
    array = array_from_layer(layer, dims=dims)
    assert array.axis_names == names


def test_spatial_geometry_is_taken_from_the_last_axes() -> None:
    layer = _labels(
        VALUES, scale=(99, 2, 3, 4), translate=(5, 1, 1.5, 2), units=("second", "nm", "nm", "nm"), axis_labels="tzyx"
    )
    array = array_from_layer(layer)
    assert (tuple(array.voxel_size), tuple(array.offset), array.unit) == ((2, 3, 4), (0, 0, 0), "nm")


def test_levels_share_the_corner_of_the_finest_and_are_as_much_coarser_as_their_shapes() -> None:
    pyramid = [np.zeros((40, 51, 60), int), np.zeros((20, 25, 30), int), np.zeros((20, 13, 15), int)]
    layer = _labels(pyramid, scale=(5.24, 4, 4), translate=(2.62, 2, 2))
    assert [array_from_layer(layer, k).physical_voxel_size for k in range(3)] == [
        (5.24, 4, 4),
        (10.48, 8, 8),
        (10.48, 16, 16),
    ]
    assert all(tuple(array_from_layer(layer, k).offset) == (0, 0, 0) for k in range(3))
    assert all(array_from_layer(layer, k).data is layer.data[k] for k in range(3))
    with pytest.raises(ValueError, match=r"layer 'cells' has 3 levels, so level must lie in 0 … 2, got 3"):
        array_from_layer(layer, 3)


def test_dask_and_zarr_layers_stay_lazy() -> None:
    layer = _labels(dask.array.from_array(VALUES[0], chunks=2))
    array = array_from_layer(layer)
    assert isinstance(array.data, dask.array.Array)
    np.testing.assert_array_equal(array.numpy(), VALUES[0])
    part = array.roi_of([slice(1, 3)] * 3)
    np.testing.assert_array_equal(array[part].data, VALUES[0][1:3, 1:3, 1:3])


def test_what_cannot_be_ground_truth_is_an_error_naming_the_layer() -> None:
    with pytest.raises(ValueError, match="layer 'photo' shows colours"):
        array_from_layer(Image(np.zeros((8, 8, 3), np.uint8), rgb=True, name="photo"))
    with pytest.raises(ValueError, match="layer 'boxes' holds no image"):
        array_from_layer(Shapes(name="boxes"))
    with np.errstate(invalid="ignore"):  # napari divides by the shape
        empty = _labels(np.zeros((0, 4, 4), int))
    with pytest.raises(ValueError, match="layer 'cells' is empty"):
        array_from_layer(empty)
    with pytest.raises(ValueError, match="time and channels must come before space"):
        array_from_layer(_labels(axis_labels=("z", "t", "x")))
    with pytest.raises(ValueError, match="of which 4 can't be spatial"):
        array_from_layer(_labels(), dims=4)
    with pytest.raises(ValueError, match="layer 'cells': 'second' is not a unit of length"):
        array_from_layer(_labels(units=("second", "nm", "nm")))
