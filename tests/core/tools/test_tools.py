"""Configurations of other tools: read as they mean them, written as they read them, and refused by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from predictor_inspector.cli.convert import WRITTEN
from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    BoundaryPredictor,
    DistancePredictor,
    OneHotPredictor,
    Predictor,
)
from predictor_inspector.core.config import predictor_from_config
from predictor_inspector.core.tools import TOOLS, Grid, read_configuration, write_configuration

SECTIONS = Grid((40.0, 4.0, 4.0))
CUBES = Grid((8.0, 8.0, 8.0))
NEAREST = [[-1, 0, 0], [0, -1, 0], [0, 0, -1]]

# Values of configurations that their projects publish.
DACAPO_TUTORIAL = """
from dacapo.experiments.tasks import AffinitiesTaskConfig
task_config = AffinitiesTaskConfig(name="AffinitiesPrediction", neighborhood=[(0,0,1),(0,1,0),(1,0,0)])
"""
DACAPO_COSEM = """
task_config = AffinitiesTaskConfig(
    name=f"3d_lsdaffs_weight_ratio_1.00",
    neighborhood=[(1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 0, 0), (0, 3, 0), (0, 0, 3), (9, 0, 0), (0, 9, 0), (0, 0, 9)],
    lsds=True,
    lsds_to_affs_weight_ratio=1.00,
)
"""
DACAPO_DISTANCE = """
resolution = 8
task = DistanceTaskConfig(
    name="example_dist", channels=["cell"], clip_distance=resolution * 10.0, tol_distance=resolution * 10.0,
    scale_factor=resolution * 20.0,
)
"""
BOOTSTRAPPER_3D_MTLSD = """{
    "in_channels": 1, "num_fmaps": 12, "fmap_inc_factor": 5,
    "input_shape": [32, 322, 322], "output_shape": [4, 54, 54], "shape_increase": [0, 216, 216],
    "inputs": {"raw": {"dims": 1}},
    "outputs": {
        "3d_lsds": {"dtype": "uint8", "dims": 10, "sigma": 80},
        "3d_affs": {
            "dtype": "uint8", "dims": 6,
            "neighborhood": [[-1, 0, 0], [0, -1, 0], [0, 0, -1], [-2, 0, 0], [0, -8, 0], [0, 0, -8]]
        }
    }
}"""
PYTC_SDT = """
label_profiles:
  label_aff9_sdt:
    erosion: 1
    targets:
      - name: affinity
        kwargs:
          offsets: ["0-0-1", "0-1-0", "1-0-0", "0-0-5", "0-5-0", "5-0-0", "0-0-17", "0-17-0", "17-0-0"]
          affinity_mode: deepem
      - name: skeleton_aware_edt
        kwargs: {alpha: 0.8, bg_value: -1.0}
"""
TORCH_EM_CREMI = """
import torch_em
OFFSETS = [
    [-1, 0, 0], [0, -1, 0], [0, 0, -1],
    [-2, 0, 0], [0, -3, 0], [0, 0, -3],
]
transform = torch_em.transform.label.AffinityTransform(offsets=OFFSETS, add_mask=True)
"""
TOOLBOX_EXAMPLE = """
transforms = {
    ("gt_s0", "affs_s0"): Affs([[4, 0], [0, 4], [4, 4]]),
    ("gt_s1", "affs_s1"): Affs([[4, 0], [0, 4], [4, 4]]),
    ("gt_s0", "dist_s0"): SignedDistanceTransform(sigma=20.0),
}
"""

READ: dict[str, tuple[str, Grid, Predictor]] = {
    "dacapo tutorial": (DACAPO_TUTORIAL, CUBES, AffinitiesPredictor([[0, 0, 1], [0, 1, 0], [1, 0, 0]], False, 10)),
    "dacapo cosem": (
        DACAPO_COSEM,
        CUBES,
        AffinitiesPredictor(
            [[d if a == axis else 0 for a in range(3)] for d in (1, 3, 9) for axis in range(3)], True, 10
        ),
    ),
    "dacapo distance": (DACAPO_DISTANCE, CUBES, DistancePredictor(["cell"], 160.0, True)),
    "bootstrapper": (
        BOOTSTRAPPER_3D_MTLSD,
        SECTIONS,
        AffinitiesPredictor([*NEAREST, [-2, 0, 0], [0, -8, 0], [0, 0, -8]], True, 2),
    ),
    "pytc": (
        PYTC_SDT,
        SECTIONS,
        AffinitiesPredictor(
            [[-d if a == axis else 0 for a in range(3)] for d in (1, 5, 17) for axis in (2, 1, 0)], False
        ),
    ),
    # The labels "binary, contour, distance" of its label_bcd.
    "pytc boundary": (
        "targets: [binary, {name: instance_boundary, kwargs: {thickness: 1, edge_mode: all, mode: 2d}}, instance_edt]",
        SECTIONS,
        BoundaryPredictor((0, 1, 1), foreground=True),
    ),
    "torch_em boundaries": (
        "label_transform = torch_em.transform.BoundaryTransform(add_binary_target=True, ndim=2)",
        SECTIONS,
        BoundaryPredictor(foreground=True),
    ),
    "torch_em classes": ("OneHotTransform(class_ids=[0, 1])", CUBES, OneHotPredictor(["class 0", "class 1"])),
    "torch_em": (
        TORCH_EM_CREMI,
        SECTIONS,
        AffinitiesPredictor([*NEAREST, [-2, 0, 0], [0, -3, 0], [0, 0, -3]], False, background_as_object=True),
    ),
}


@pytest.mark.parametrize(("text", "grid", "expected"), READ.values(), ids=READ)
def test_published_configurations_are_read_with_the_tools_own_defaults(
    text: str, grid: Grid, expected: Predictor
) -> None:
    assert predictor_from_config(read_configuration(text, "the file", grid).config or {}) == expected


def test_a_text_of_several_targets_is_read_as_the_kind_that_is_asked_for() -> None:
    grid = Grid((2.0, 2.0))
    affinities = read_configuration(TOOLBOX_EXAMPLE, "affs.py", grid, "affinities")
    assert predictor_from_config(affinities.config or {}) == AffinitiesPredictor(
        [[4, 0], [0, 4], [4, 4]], False, background_as_object=True
    )
    distance = read_configuration(TOOLBOX_EXAMPLE, "affs.py", grid, "distance")
    assert predictor_from_config(distance.config or {}) == DistancePredictor(["objects"], 40.0, False)
    with pytest.raises(ValueError, match=r"affs\.py has 2 targets: affinities \(Affs in line 3\), distance \(Signed"):
        read_configuration(TOOLBOX_EXAMPLE, "affs.py", grid)


def test_what_no_predictor_makes_is_said_beside_what_was_read() -> None:
    read = read_configuration(PYTC_SDT, "pytc.yaml", SECTIONS)
    assert read.of == "affinity"
    assert "skeleton_aware_edt: it has no predictor here" in read.notes
    assert any("erosion" in note for note in read.notes)
    assert "one minus these" in read_configuration(TORCH_EM_CREMI, "train.py", SECTIONS).notes[0]


LABELS = np.array([[[1, 1, 2, 2, 0, 0], [1, 3, 3, 2, 2, 0]], [[1, 1, 3, 3, 0, 4], [0, 0, 3, 3, 4, 4]]])


def partners(offset: list[int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each voxel's label, and that of the voxel `offset` away; -1 beyond the volume."""
    there = np.full(LABELS.shape, -1)
    for at in np.ndindex(*LABELS.shape):
        to = tuple(np.add(at, offset))
        if all(0 <= t < n for t, n in zip(to, LABELS.shape, strict=True)):
            there[at] = LABELS[to]
    return LABELS, there


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        # seg_to_affinity: a pair's value lies where the offset leads to, or where it begins; background is apart
        ("targets: [{name: affinity, kwargs: {offsets: [0-1-0], affinity_mode: deepem}}]", [0, -1, 0], "apart"),
        ("targets: [{name: affinity, kwargs: {offsets: [0-1-0], affinity_mode: banis}}]", [0, 1, 0], "apart"),
        # compute_affs with equality and with equality-no-bg
        ("Affs(neighborhood=[[0, 0, 2]])", [0, 0, 2], "object"),
        ("Affs([[0, 0, -2]], 'equality-no-bg')", [0, 0, -2], "apart"),
        # affogato: whether two labels are the same, of which the transform takes one minus
        ("AffinityTransform([[-1, 0, 0]])", [-1, 0, 0], "object"),
        # gunpowder's AddAffinities
        ('{"outputs": {"3d_affs": {"neighborhood": [[0, 0, -1]]}}}', [0, 0, -1], "apart"),
    ],
)
def test_what_is_read_has_the_values_of_the_tools_definition(text: str, offset: list[int], expected: str) -> None:
    predictor = predictor_from_config(read_configuration(text, "text", CUBES).config or {})
    here, there = partners(offset)
    same = (here == there) & ((here > 0) | (expected == "object"))
    got = predictor.create_target(Array(LABELS.astype(np.uint64), (8, 8, 8))).numpy()[0]
    np.testing.assert_array_equal(got[there >= 0], same[there >= 0])


WRITTEN_FOR: dict[str, tuple[Predictor, Grid]] = {
    "pytc boundary": (BoundaryPredictor((0, 1, 1), "inner", with_background=False, foreground=True), SECTIONS),
    "torch_em boundary": (BoundaryPredictor(mode="outer"), SECTIONS),
    "torch_em classes": (OneHotPredictor(["class 0", "class 1", "class 2"]), CUBES),
    "dacapo": (AffinitiesPredictor(NEAREST, True, 7), SECTIONS),
    "dacapo-toolbox": (AffinitiesPredictor(NEAREST, True, 3, 2), SECTIONS),
    "bootstrapper": (AffinitiesPredictor(NEAREST, True, 2, grow_boundary_iterations=1, only_xy=True), SECTIONS),
    "pytc": (AffinitiesPredictor([[1, 0, 0], [0, 2, -3]], True, 4), SECTIONS),
    "torch_em": (AffinitiesPredictor(NEAREST, False, background_as_object=True), SECTIONS),
}


@pytest.mark.parametrize("case", WRITTEN_FOR)
def test_what_is_written_for_a_tool_is_read_back(case: str) -> None:
    predictor, grid = WRITTEN_FOR[case]
    text = write_configuration(predictor, case.split(maxsplit=1)[0], grid)
    assert predictor_from_config(read_configuration(text, "text", grid).config or {}) == predictor


def test_pytc_says_pairs_by_its_strings_where_they_can() -> None:
    written = yaml.safe_load(write_configuration(AffinitiesPredictor(NEAREST, False), "pytc", CUBES))
    (target,) = written["data"]["label_transform"]["targets"]
    assert target == {"name": "affinity", "kwargs": {"offsets": ["1-0-0", "0-1-0", "0-0-1"], "affinity_mode": "deepem"}}


def test_a_distance_is_written_in_voxels_for_the_toolbox() -> None:
    text = write_configuration(DistancePredictor(["a"], 160.0, False), "dacapo-toolbox", CUBES)
    assert "SignedDistanceTransform(sigma=20)" in text
    read = read_configuration(text, "text", CUBES).config or {}
    assert read["scale_factor"] == 160.0


def test_bootstrapper_has_outputs_by_their_dimensions() -> None:
    flat = AffinitiesPredictor([[-1, 0], [0, -1]], True, 20)
    written = json.loads(write_configuration(flat, "bootstrapper", Grid((4.0, 4.0))))
    assert {name: (output["dims"]) for name, output in written["outputs"].items()} == {"2d_lsds": 6, "2d_affs": 2}
    assert written["outputs"]["2d_lsds"]["sigma"] == 80


def test_cellmap_flows_keys_name_the_channels() -> None:
    names: dict[str, Any] = {}
    exec(write_configuration(AffinitiesPredictor(NEAREST, False), "cellmap-flow", SECTIONS), names)
    assert names["channels"] == ["aff z-1", "aff y-1", "aff x-1"]
    assert names["output_channels"] == 3
    assert tuple(names["output_voxel_size"]) == (40, 4, 4)


def test_the_command_offers_every_tool() -> None:
    assert ("yaml", "python", *(tool.name for tool in TOOLS)) == WRITTEN


@pytest.mark.parametrize(
    ("tool", "predictor", "grid", "message"),
    [
        ("bootstrapper", OneHotPredictor(["a"]), CUBES, "bootstrapper has no target like 'one_hot'"),
        (
            "bootstrapper",
            AffinitiesPredictor(NEAREST, background_as_object=True),
            CUBES,
            "background_as_object cannot be",
        ),
        (
            "bootstrapper",
            AffinitiesPredictor(NEAREST, grow_boundary_iterations=1),
            CUBES,
            "only be expressed .* with only_xy",
        ),
        (
            "pytc",
            AffinitiesPredictor([[0, 1]], False),
            Grid((4.0, 4.0)),
            "three axes in PyTorch Connectomics, these have 2",
        ),
        ("pytc", BoundaryPredictor(2), CUBES, "thickness can be expressed there as 1 or"),
        ("pytc", BoundaryPredictor(mode="outer"), CUBES, "mode can be expressed in PyTorch Connectomics as thick with"),
        ("torch_em", BoundaryPredictor(2), CUBES, "thickness cannot be expressed in torch_em: it is 2, and only 1 can"),
        ("torch_em", AffinitiesPredictor(NEAREST), CUBES, "lsds cannot be expressed in torch_em"),
        (
            "torch_em",
            AffinitiesPredictor(NEAREST, False),
            CUBES,
            "background_as_object cannot be expressed in torch_em",
        ),
        (
            "dacapo-toolbox",
            DistancePredictor(["a"], 8.0, False),
            SECTIONS,
            "as if they were cubes, and here they are 40 × 4",
        ),
        ("cellmap-flow", AffinitiesPredictor(NEAREST), Grid((4.0, 5.24, 5.24)), "voxel sizes are whole numbers"),
        ("caffe", AffinitiesPredictor(NEAREST), CUBES, "configurations can be written for dacapo, .*, got 'caffe'"),
    ],
)
def test_what_a_tool_has_no_word_for_is_named(tool: str, predictor: Predictor, grid: Grid, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_configuration(predictor, tool, grid)


@pytest.mark.parametrize(
    ("text", "grid", "message"),
    [
        (BOOTSTRAPPER_3D_MTLSD, None, "sigma of 3d_lsds is a length: which voxel size it is for must be known"),
        (BOOTSTRAPPER_3D_MTLSD, Grid((50.0, 4.0, 4.0)), "is 80 nm, which is 1.6 of the largest voxels, 50 nm"),
        ('{"outputs": {"3d_lsds": {"sigma": 80}}}', CUBES, "no target that a predictor makes: 3d_lsds: descriptors"),
        ("targets: [flow]", CUBES, "no target that a predictor makes: flow: it has no predictor here"),
        ("targets: [{name: affinity, kwargs: {affinity_mode: best}}]", CUBES, "affinity_mode is deepem or banis"),
        ("targets: [{name: affinity, kwargs: {offsets: [0-0-0]}}]", CUBES, "0-0-0 is the foreground"),
        ("Affs(make_offsets())", CUBES, r"neighborhood of Affs in line 1 is make_offsets\(\), which only running"),
        ("Affs([[1, 0]], mine)", CUBES, "dist_func of Affs in line 1 is mine, which only running the text would tell"),
        ("SignedDistanceTransform(5)", SECTIONS, "as if they were cubes, and here they are 40 × 4 × 4 nm"),
        ("SignedDistanceTransform(5)", None, "which voxel size it is for must be known"),
        ("PerObjectDistanceTransform()", CUBES, "PerObjectDistanceTransform in line 1: it has no predictor"),
        (
            "BoundaryTransform('subpixel')",
            CUBES,
            "mode of BoundaryTransform in line 1 can be read as thick, inner, outer",
        ),
        ("OneHotTransform([1, 2])", CUBES, "class_ids of OneHotTransform in line 1 can be read as 0, 1, 2"),
        ("targets: [{name: instance_boundary, kwargs: {thickness: 3}}]", CUBES, "can be read with thickness 1"),
        ("AffinityTransform(add_mask=True)", CUBES, "AffinityTransform in line 1 has no offsets"),
        ("print(1)", CUBES, "is Python without a target that is known here, of dacapo, "),
        ("- 1", CUBES, "must be a mapping"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str, grid: Grid | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_configuration(text, "the file", grid)


def test_a_text_is_never_run(tmp_path: Any) -> None:
    marker = tmp_path / "ran"
    text = f"open({str(marker)!r}, 'w')\nAffs([[1, 0]])\n"
    assert read_configuration(text, "text", CUBES).of == "Affs in line 2"
    assert not marker.exists()
