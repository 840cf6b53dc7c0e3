"""Configurations: dictionaries, YAML and JSON to predictors and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    kind_of,
    parameters_of,
    predictor_class,
    predictor_from_config,
    predictor_from_yaml,
    predictor_kinds,
    predictor_to_config,
    predictor_to_yaml,
)
from predictor_inspector.core.config import config_from_yaml, parsed_values

from .strategies import predictors

BUILT_IN = (
    "affinities",
    "distance",
    "hot_distance",
    "inner_distance",
    "boundary",
    "cellpose_flows",
    "stardist",
    "one_hot",
    "dummy",
)


@given(st.sampled_from([2, 3]).flatmap(predictors))
def test_every_predictor_survives_dictionary_yaml_and_json(predictor: Any) -> None:
    config = predictor_to_config(predictor)
    assert predictor_from_config(config) == predictor
    assert predictor_from_config(json.loads(json.dumps(config))) == predictor
    assert predictor_from_yaml(json.dumps(config)) == predictor
    assert predictor_from_yaml(predictor_to_yaml(predictor)) == predictor
    assert config["kind"] == kind_of(predictor)
    assert list(config)[1:] == [p.name for p in parameters_of(type(predictor))]


def test_numbers_of_numpy_become_plain_ones() -> None:
    predictor = AffinitiesPredictor(
        np.eye(2, dtype=int), np.bool_(False), np.int64(3), affs_weight_clipmin=np.float64(0.1)
    )
    config = predictor_to_config(predictor)
    assert predictor_from_yaml(yaml.safe_dump(config)) == predictor
    assert config["neighborhood"] == [[1, 0], [0, 1]]


@pytest.mark.parametrize("kind", BUILT_IN)
def test_starting_values_make_a_predictor_for_the_data_at_hand(kind: str) -> None:
    gt = Array(np.arange(2 * 3 * 4).reshape(2, 3, 4) % 3, (40, 4, 4))
    predictor = predictor_from_config({"kind": kind, **predictor_class(kind).starting_values(gt)})
    target = predictor.create_target(gt)
    assert target.shape == (len(predictor.channel_names), 2, 3, 4)


def test_starting_values_have_a_name_for_every_channel() -> None:
    gt = Array(np.zeros((2, 3, 4), np.uint8), (4, 4))
    start = predictor_class("distance").starting_values(gt)
    assert len(start["channels"]) == 2
    assert start["scale_factor"] == 20
    predictor_from_config({"kind": "distance", **start}).create_target(gt)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_every_parameter_says_what_it_does(kind: str) -> None:
    for parameter in parameters_of(predictor_class(kind)):
        assert parameter.doc.endswith("."), parameter.name
        assert parameter.unit in ("", "voxels", "length")


def test_bounds_are_told_in_words() -> None:
    told = {p.name: p.bounds for kind in BUILT_IN for p in parameters_of(predictor_class(kind))}
    assert told["scale_factor"] == "> 0"
    assert told["context_tolerance"] == "0 < … < 1"
    assert told["threshold"] == "0 … 1"
    assert told["channels"] == ""


def test_the_built_in_kinds_come_first() -> None:
    assert predictor_kinds()[: len(BUILT_IN)] == BUILT_IN


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "a predictor's configuration needs the key 'kind', one of affinities, distance"),
        ([1], r"a predictor's configuration needs the key 'kind'.*got \[1\]"),
        ({"kind": "afinities"}, "unknown predictor 'afinities'; did you mean 'affinities'?"),
        ({"kind": "zzz"}, "unknown predictor 'zzz'; known are affinities, distance"),
        ({"kind": 3}, r"needs the key 'kind', one of affinities.*; got \{'kind': 3\}"),
        ({"kind": ["dummy"]}, r"needs the key 'kind', one of affinities.*\['dummy'\]"),
        (
            {"kind": "dummy", "embeding_dims": 3},
            "dummy has no parameter 'embeding_dims'; did you mean 'embedding_dims'",
        ),
        ({"kind": "dummy", 7: 3}, "dummy has no parameter 7; known are embedding_dims"),
        ({"kind": "dummy"}, "dummy needs a value for embedding_dims; got no parameters"),
        (
            {"kind": "distance", "channels": ["a"]},
            "distance needs a value for scale_factor and mask_distances; got channels",
        ),
        ({"kind": "dummy", "embedding_dims": "many"}, "dummy: embedding_dims: .*valid integer.*, got 'many'"),
        ({"kind": "dummy", "embedding_dims": 2.5}, "dummy: embedding_dims: .*integer.*, got 2.5"),
        ({"kind": "dummy", "embedding_dims": 0}, "DummyPredictor: embedding_dims must be 1 … 1024, got 0"),
        ({"kind": "affinities", "neighborhood": [[0, 0.5]]}, r"affinities: neighborhood\[0\]\[1\]: .*, got 0.5"),
        ({"kind": "affinities", "neighborhood": 3}, "affinities: neighborhood: .*, got 3"),
        ({"kind": "affinities", "neighborhood": [[0, 1]], "lsds": "perhaps"}, "affinities: lsds: .*, got 'perhaps'"),
        ({"kind": "one_hot", "classes": "abc"}, "one_hot: classes: .*, got 'abc'"),
    ],
)
def test_a_configuration_that_means_nothing_is_refused_in_words(config: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        predictor_from_config(config)


def test_broken_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"the configuration is not valid YAML at line 2, column \d+: "):
        predictor_from_yaml("kind: affinities\nneighborhood: [[1, 0]\nlsds: true\n".replace("\nlsds", ": lsds"))
    with pytest.raises(ValueError, match=r"task.yaml is not valid YAML at line 3"):
        config_from_yaml("kind: dummy\n\n\tembedding_dims: 3", "task.yaml")


def test_yaml_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValueError, match="the configuration must be a mapping of parameter names to values, got list"):
        predictor_from_yaml("- affinities")
    with pytest.raises(ValueError, match="got NoneType"):
        predictor_from_yaml("")


def test_values_are_yaml_and_the_last_of_a_name_wins() -> None:
    texts = ["lsds=false", "neighborhood=[[1, 0], [0, -3]]", "lsds=true", "names=[a, 'b=c']", "size=2.5"]
    expected = {"lsds": True, "neighborhood": [[1, 0], [0, -3]], "names": ["a", "b=c"], "size": 2.5}
    assert parsed_values(texts) == expected
