"""Predictors: ground truth to targets and weights, without napari or Qt."""

from predictor_inspector.core.about import About
from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.array_types import (
    ArrayType,
    DistanceArray,
    EmbeddingArray,
    IntensitiesArray,
    ProbabilityArray,
)
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.config import (
    kind_of,
    predictor_class,
    predictor_from_config,
    predictor_from_yaml,
    predictor_kinds,
    predictor_to_config,
    predictor_to_yaml,
)
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.model import Architecture, Model, ModuleArchitecture, conv_head
from predictor_inspector.core.networks import (
    ModuleConfig,
    NetworkConfig,
    UNetConfig,
    network_from_config,
    network_to_config,
)
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
from predictor_inspector.core.parameters import Parameter, parameter, parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.predictors.affinities import AffinitiesPredictor
from predictor_inspector.core.predictors.boundary import BoundaryPredictor
from predictor_inspector.core.predictors.cellpose_flows import CellposeFlowsPredictor
from predictor_inspector.core.predictors.distance import DistancePredictor
from predictor_inspector.core.predictors.dummy import DummyPredictor
from predictor_inspector.core.predictors.hot_distance import HotDistancePredictor
from predictor_inspector.core.predictors.inner_distance import InnerDistancePredictor
from predictor_inspector.core.predictors.one_hot import OneHotPredictor
from predictor_inspector.core.predictors.stardist import StarDistPredictor
from predictor_inspector.core.receptive_fields import AxisField, receptive_field
from predictor_inspector.core.unet import UNet

__all__ = [
    "About",
    "AffinitiesPredictor",
    "Architecture",
    "Array",
    "ArraySpec",
    "ArrayType",
    "AxisField",
    "BoundaryPredictor",
    "CellposeFlowsPredictor",
    "Channel",
    "ClassCounts",
    "DistanceArray",
    "DistancePredictor",
    "DummyPredictor",
    "EmbeddingArray",
    "HotDistancePredictor",
    "InnerDistancePredictor",
    "IntensitiesArray",
    "Model",
    "ModuleArchitecture",
    "ModuleConfig",
    "NetworkConfig",
    "OneHotPredictor",
    "Parameter",
    "Predictor",
    "ProbabilityArray",
    "StarDistPredictor",
    "UNet",
    "UNetConfig",
    "as_array",
    "as_labels",
    "balance",
    "conv_head",
    "kind_of",
    "network_from_config",
    "network_to_config",
    "parameter",
    "parameters_of",
    "predictor_class",
    "predictor_from_config",
    "predictor_from_yaml",
    "predictor_kinds",
    "predictor_to_config",
    "predictor_to_yaml",
    "receptive_field",
]
