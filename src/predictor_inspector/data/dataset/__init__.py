"""Data sets: many crops, what each holds, and what they are to be trained with."""

from predictor_inspector.data.dataset.crop import Crop, Dataset
from predictor_inspector.data.dataset.facts import ClassFacts, CropFacts, facts_of
from predictor_inspector.data.dataset.listing import LIST_SUFFIXES, open_dataset

__all__ = ["LIST_SUFFIXES", "ClassFacts", "Crop", "CropFacts", "Dataset", "facts_of", "open_dataset"]
