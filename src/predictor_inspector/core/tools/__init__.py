"""Configurations of other tools: read into predictors', and written from them."""

from __future__ import annotations

from predictor_inspector.core.config import config_from_yaml
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import counted
from predictor_inspector.core.tools.bootstrapper import BOOTSTRAPPER
from predictor_inspector.core.tools.cellmap_flow import CELLMAP_FLOW
from predictor_inspector.core.tools.dacapo import DACAPO
from predictor_inspector.core.tools.document import Document
from predictor_inspector.core.tools.pytc import PYTC
from predictor_inspector.core.tools.tool import Grid, Reading, Tool
from predictor_inspector.core.tools.toolbox import TOOLBOX
from predictor_inspector.core.tools.torch_em import TORCH_EM

TOOLS: tuple[Tool, ...] = (DACAPO, TOOLBOX, BOOTSTRAPPER, CELLMAP_FLOW, PYTC, TORCH_EM)

__all__ = ["TOOLS", "Grid", "Reading", "Tool", "read_configuration", "write_configuration"]


def read_configuration(text: str, source: str, grid: Grid | None = None, kind: str | None = None) -> Reading:
    """A predictor's configuration in a text: ours, in YAML or JSON, or another tool's.

    Parameters
    ----------
    text
        YAML, JSON, or Python, which isn't run: calls with literal arguments are looked for in it.
    source
        What messages call the text, such as its file.
    grid
        The ground truth's voxels, for tools that count lengths in voxels or voxels in lengths.
    kind
        The predictor that is meant, where a text holds targets of several kinds.

    Raises
    ------
    ValueError
        If the text is broken, holds nothing that a predictor makes, or more than one target that could be meant.
    """
    document = Document.of(text)
    if "kind" in document.mapping:
        return Reading(config_from_yaml(text, source), "")
    try:
        found = [reading for tool in TOOLS for reading in tool.read(document, grid)]
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    if not found:
        return Reading(_ours(text, source, document), "")
    known = _different([reading for reading in found if reading.config is not None])
    fitting = known if len(known) == 1 or kind is None else [reading for reading in known if _kind(reading) == kind]
    if not known:
        raise ValueError(f"{source} has no target that a predictor makes: " + "; ".join(map(_told, found)))
    if len(fitting) != 1:
        asked = "" if kind is None else f", {len(fitting) or 'none'} of them for {kind}"
        listed = ", ".join(f"{_kind(reading)} ({reading.of})" for reading in known)
        raise ValueError(
            f"{source} has {counted(len(known), 'target')}{asked}: {listed}; leave one of them, or name its kind"
        )
    chosen = fitting[0]
    left = tuple(_told(reading) for reading in found if reading.config is None)
    return Reading(chosen.config, chosen.of, (*chosen.notes, *left))


def write_configuration(predictor: Predictor, tool: str, grid: Grid) -> str:
    """`predictor` as a configuration of the tool called `tool`; ``ValueError`` for what it has no word for."""
    found = {known.name: known for known in TOOLS}
    if tool not in found:
        raise ValueError(f"configurations can be written for {', '.join(found)}, got {tool!r}")
    return found[tool].write(predictor, grid)


def _ours(text: str, source: str, document: Document) -> dict[str, object]:
    """A configuration without a kind, which is named elsewhere; ``ValueError`` for text that is none of any tool."""
    if document.calls:
        raise ValueError(
            f"{source} is Python without a target that is known here, of {', '.join(tool.name for tool in TOOLS)}"
        )
    return config_from_yaml(text, source)


def _kind(reading: Reading) -> str:
    return str((reading.config or {})["kind"])


def _told(reading: Reading) -> str:
    return f"{reading.of}: {', '.join(reading.notes)}"


def _different(readings: list[Reading]) -> list[Reading]:
    """Readings less those that say the same once more, as of training and validation."""
    return [reading for i, reading in enumerate(readings) if reading.config not in [r.config for r in readings[:i]]]
