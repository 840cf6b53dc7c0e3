"""`Decoder`: from a network's prediction to a segmentation; and the registry of decoders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.config import CONFIG_FILES, config_from_file, made_from_config, parsed_values
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.registry import Extensions, derived_from
from predictor_inspector.core.text import listed

Groups = tuple[tuple[int, ...], ...]


class Decoder(ABC):
    """Turns what a network predicts into a segmentation.

    Subclasses are frozen dataclasses whose fields are the decoder's parameters, see `parameter`. They know nothing but the
    prediction and its channels: which predictor these come from, and what the ground truth is, they don't ask.
    """

    def __post_init__(self) -> None:
        for parameter in parameters_of(type(self)):
            parameter.check(type(self).__name__, getattr(self, parameter.name))

    @classmethod
    @abstractmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """The channels, by index, that each segmentation is made of; none if it can't decode any of them.

        All channels of a group are made from one channel of the ground truth, except where ids are those of classes.
        """

    @abstractmethod
    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """The segmentation of one group of channels.

        Parameters
        ----------
        prediction : numpy.ndarray
            float32, [C, …spatial axes], within the ranges of its channels; not modified.
        channels : sequence of Channel
            What they are, in the same order.

        Returns
        -------
        numpy.ndarray
            Ids of an unsigned integer type, [… spatial axes]; 0 is where there is no object.

        Raises
        ------
        ValueError
            If a parameter doesn't fit the channels.
        ImportError
            If the library that it needs isn't installed; the message says how to install it.
        """

    def offsets(self, channels: Sequence[Channel]) -> tuple[tuple[int, ...], ...]:
        """The offsets, in voxels, that it takes affinities to have; none if it has no need of any."""
        return ()


DECODERS: Extensions[type[Decoder]] = derived_from(
    Decoder,
    noun="decoder",
    group="predictor_inspector.decoders",
    built_in={
        "mutex_watershed": "predictor_inspector.inspection.roundtrip.mutex_watershed:MutexWatershed",
        "argmax": "predictor_inspector.inspection.roundtrip.decoders:Argmax",
        "boundary_watershed": "predictor_inspector.inspection.roundtrip.boundary_watershed:BoundaryWatershed",
        "follow_flows": "predictor_inspector.inspection.roundtrip.follow_flows:FollowFlows",
        "star_polygons": "predictor_inspector.inspection.roundtrip.star_polygons:StarPolygons",
        "threshold": "predictor_inspector.inspection.roundtrip.decoders:Threshold",
        "watershed": "predictor_inspector.inspection.roundtrip.decoders:Watershed",
        "waterz": "predictor_inspector.inspection.roundtrip.decoders:Waterz",
    },
)
"""The first that can decode a target is the default: mutex watershed of affinities, argmax of classes, threshold of distances,
which is what DaCapo does to them, too; the watershed of boundaries, Cellpose's dynamics of flows,
and StarDist's polygons."""


def fitting_decoders(channels: Sequence[Channel]) -> tuple[str, ...]:
    """The kinds of all decoders that can decode a target of these channels, the default first."""
    return tuple(kind for kind, cls in DECODERS.load_all()[0].items() if cls.groups(channels))


def chosen_decoder(channels: Sequence[Channel], kind: str | None = None, values: Sequence[str] = ()) -> Decoder:
    """A command's decoder of a target of these channels, by default the first that fits.

    `kind` may be a YAML or JSON file instead, with the kind and parameters; `values`, ``key=value`` each with the value in
    YAML, override these. A ``ValueError`` if no decoder fits, or if the kind, a parameter or a value is unknown or doesn't
    fit, and a ``FileNotFoundError`` if there is no such file.
    """
    if kind is not None and kind.lower().endswith(CONFIG_FILES):
        return made_from_config(DECODERS, config_from_file(Path(kind), "decoder") | parsed_values(values, "--decoder"))
    if kind is None:
        kind = next(iter(fitting_decoders(channels)), None)
    if kind is None:
        what = listed(dict.fromkeys(channel.kind or "unknown" for channel in channels))
        raise ValueError(f"no decoder makes objects of channels of the kind {what}; choose another predictor")
    given: dict[str, Any] = parsed_values(values, "--decoder")
    return made_from_config(DECODERS, {"kind": kind, **given})
