"""Decoder of boundaries: pieces of what is none, and a watershed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.windows import STEPS
from predictor_inspector.core.parameters import parameter
from predictor_inspector.data.formats.format import optional_module
from predictor_inspector.inspection.roundtrip.decoder import Decoder, Groups
from predictor_inspector.inspection.roundtrip.decoders import CONNECTIVITY, SMALLEST, pieces


@dataclass(frozen=True)
class BoundaryWatershed(Decoder):
    """Connected pieces of what is no boundary, which grow over the boundary until they meet."""

    threshold: float = parameter(
        0.5, doc="Voxels below it are of no boundary: their pieces are seeds.", minimum=0, maximum=1
    )
    grow: bool = parameter(
        True, doc="Give the boundary's voxels to the pieces beside them. Off: they are of no object."
    )
    connectivity: Literal["faces", "edges", "corners"] = parameter("faces", **CONNECTIVITY)
    smallest: int = parameter(1, doc="Pieces of fewer voxels are dropped.", **SMALLEST)

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """One segmentation of the only boundary, with what is inside objects if that is known."""
        boundaries = [i for i, c in enumerate(channels) if c.kind == "boundary"]
        inside = [i for i, c in enumerate(channels) if c.kind == "one-hot" and c.label is None]
        return ((*boundaries, *inside),) if len(boundaries) == 1 and len(inside) < 2 else ()

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Pieces, and basins around them, of a boundary and perhaps a foreground; without that, background is a piece, too."""
        boundary = prediction[0]
        inside = np.ones(boundary.shape, bool) if len(channels) == 1 else prediction[1] > 0.5
        seeds = pieces((boundary < self.threshold) & inside, self.connectivity, self.smallest)
        if not self.grow:
            return seeds
        segmentation = optional_module("skimage.segmentation", "roundtrip", "the decoder 'boundary_watershed'")
        steps = min(STEPS[self.connectivity], seeds.ndim)
        grown: np.ndarray = segmentation.watershed(boundary, seeds.astype(np.int32), steps, mask=inside)
        return grown.astype(np.uint32)
