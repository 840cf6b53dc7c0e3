"""Predictors as Python and as DaCapo's task configurations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from predictor_inspector.core import (
    AffinitiesPredictor,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)
from predictor_inspector.core.config import predictor_from_config, predictor_to_python
from predictor_inspector.core.tools import Grid, read_configuration, write_configuration
from predictor_inspector.core.tools.dacapo import predictor_to_dacapo

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
PREDICTORS = [
    AffinitiesPredictor(NEAREST),
    AffinitiesPredictor(
        tuple((d, 0, -d) for d in range(1, 13)), lsds=False, num_voxels=7, grow_boundary_iterations=2, mask_pairs=False
    ),
    DistancePredictor(("it's", 'a "name"', "a, b"), 5.24, False, clipmin=0.1, threshold=0.7),
    HotDistancePredictor(("mito",), 50.0, True, kernel_size=3),
    InnerDistancePredictor(("mito",), 50.0),
    OneHotPredictor(("background", "mito")),
    DummyPredictor(4),
]
GRID = Grid((40.0, 4.0, 4.0), name="task")


@pytest.mark.parametrize("predictor", PREDICTORS, ids=lambda p: type(p).__name__)
def test_the_python_snippet_makes_the_same_predictor(predictor: Predictor) -> None:
    names: dict[str, Any] = {}
    snippet = predictor_to_python(predictor)
    exec(snippet, names)
    assert names["predictor"] == predictor
    assert snippet.startswith(f"from predictor_inspector.core import {type(predictor).__name__}\n\n")


def test_the_python_snippet_names_only_what_differs_from_the_defaults() -> None:
    snippet = predictor_to_python(DistancePredictor(("mito",), 50.0, True, clipmax=0.9))
    call = "predictor = DistancePredictor(channels=('mito',), scale_factor=50.0, mask_distances=True, clipmax=0.9)"
    assert snippet.split("\n\n")[1].split() == call.replace("(ch", "( ch").replace("=0.9)", "=0.9, )").split()


def test_the_python_snippet_imports_another_packages_predictor_from_there() -> None:
    snippet = predictor_to_python(DummyLike())
    assert snippet == f"from {__name__} import DummyLike\n\npredictor = DummyLike()\n"


def test_affinities_become_the_fields_of_dacapos_task() -> None:
    config = predictor_to_dacapo(AffinitiesPredictor(NEAREST, num_voxels=12), GRID)
    assert config == {
        "__type__": "AffinitiesTaskConfig",
        "name": "task",
        "neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "lsds": True,
        "num_lsd_voxels": 12,
        "downsample_lsds": 1,
        "affs_weight_clipmin": 0.05,
        "affs_weight_clipmax": 0.95,
        "lsd_weight_clipmin": 0.05,
        "lsd_weight_clipmax": 0.95,
        "background_as_object": False,
        "lsds_to_affs_weight_ratio": 1,
    }


def test_a_distance_is_evaluated_within_10_and_2_of_the_largest_voxels() -> None:
    predictor = DistancePredictor(("mito",), 50.0, True, clipmin=0.1)
    assert predictor_to_dacapo(predictor, GRID) == {
        "__type__": "DistanceTaskConfig",
        "name": "task",
        "channels": ["mito"],
        "scale_factor": 50.0,
        "mask_distances": True,
        "clipmin": 0.1,
        "clipmax": 0.95,
        "clip_distance": 400.0,
        "tol_distance": 80.0,
    }


@pytest.mark.parametrize(
    ("predictor", "expected"),
    [
        (
            HotDistancePredictor(("m",), 50.0, False, kernel_size=3),
            {"__type__": "HotDistanceTaskConfig", "kernel_size": 3, "mask_distances": False, "clip_distance": 400.0},
        ),
        (InnerDistancePredictor(("m",), 50.0), {"__type__": "InnerDistanceTaskConfig", "tol_distance": 80.0}),
        (OneHotPredictor(("a", "b")), {"__type__": "OneHotTaskConfig", "classes": ["a", "b"], "kernel_size": 1}),
        (DummyPredictor(4), {"__type__": "DummyTaskConfig", "embedding_dims": 4, "detection_threshold": 0.5}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_other_kind_has_its_task(predictor: Predictor, expected: dict[str, Any]) -> None:
    config = predictor_to_dacapo(predictor, GRID)
    assert expected.items() <= config.items()


@pytest.mark.parametrize(
    ("predictor", "name"),
    [
        (AffinitiesPredictor(NEAREST, grow_boundary_iterations=1), "grow_boundary_iterations"),
        (AffinitiesPredictor(NEAREST, mask_pairs=False), "mask_pairs"),
        (DistancePredictor(("m",), 50.0, True, epsilon=0.2), "epsilon"),
        (HotDistancePredictor(("m",), 50.0, True, clipmin=0.2), "clipmin"),
        (InnerDistancePredictor(("m",), 50.0, context_tolerance=0.1), "context_tolerance"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_dacapo_cannot_express_is_an_error_that_names_it(predictor: Predictor, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} cannot be expressed in DaCapo's \w+TaskConfig: it is .*default"):
        predictor_to_dacapo(predictor, GRID)


def test_a_kind_that_dacapo_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="DummyLike is not registered"):
        predictor_to_dacapo(DummyLike(), GRID)


def test_an_installed_kind_that_dacapo_does_not_have_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictor_inspector.core.tools.dacapo.kind_of", lambda predictor: "flow")
    with pytest.raises(ValueError, match="DaCapo has no task for 'flow'; it has tasks for affinities, distance"):
        predictor_to_dacapo(DummyLike(), GRID)


@pytest.mark.parametrize("predictor", [PREDICTORS[0], *PREDICTORS[3:]], ids=lambda p: type(p).__name__)
def test_dacapos_yaml_says_what_was_chosen_and_reads_back(predictor: Predictor) -> None:
    text = write_configuration(predictor, "dacapo", GRID)
    config = predictor_to_dacapo(predictor, GRID)
    assert yaml.safe_load(text) == config
    assert predictor_from_config(read_configuration(text, "text").config or {}) == predictor
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for name in ("clip_distance", "tol_distance", "lsds_to_affs_weight_ratio", "detection_threshold"):
        assert (name in comments) == (name in config)


@dataclass(frozen=True)
class DummyLike(DummyPredictor):
    """Somebody else's predictor."""

    embedding_dims: int = 2
