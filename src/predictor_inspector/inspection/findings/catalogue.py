"""All checks that come with the package; importing their modules registers them."""

from __future__ import annotations

from predictor_inspector.inspection.findings import (
    context,
    false_boundaries,
    numbers,
    objects,
    pairs,
    scale,
    touching,
    weights,
)
from predictor_inspector.inspection.findings.checks import CHECKS, Kind

THEMES = (numbers, context, weights, false_boundaries, pairs, objects, touching, scale)
"""The modules with checks, one for each theme, in the order in which their findings are listed."""


def kinds() -> dict[str, Kind]:
    """All kinds of findings by identifier, in the order in which they are listed; other people's come last."""
    places = {theme.__name__: place for place, theme in enumerate(THEMES)}
    in_order = sorted(CHECKS, key=lambda one: places.get(one.run.__module__, len(places)))
    return {kind.id: kind for one in in_order for kind in one.kinds}
