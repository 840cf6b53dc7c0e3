"""Samples of a training pipeline, as the network gets them, made in a process of its own."""

from predictor_inspector.data.training_samples.sample import ROLES, TrainingSample
from predictor_inspector.data.training_samples.stream import PipelineError, SampleStream, keys_from_text

__all__ = ["ROLES", "PipelineError", "SampleStream", "TrainingSample", "keys_from_text"]
