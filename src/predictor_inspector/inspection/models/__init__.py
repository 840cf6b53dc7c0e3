"""Trained models, run on raw data in a process of their own."""

from predictor_inspector.inspection.models.config import (
    MODELS,
    ModelConfig,
    chosen_model,
    model_from_config,
    model_of_any_kind,
    model_to_config,
)
from predictor_inspector.inspection.models.trained import ModelError, Predicted, TrainedModel

__all__ = [
    "MODELS",
    "ModelConfig",
    "ModelError",
    "Predicted",
    "TrainedModel",
    "chosen_model",
    "model_from_config",
    "model_of_any_kind",
    "model_to_config",
]
