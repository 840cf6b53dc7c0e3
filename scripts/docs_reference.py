"""What the documentation says about parameters, kinds and commands, from the code itself: a hook of mkdocs.

These are replaced, wherever a page has them:

    {{ parameters KIND }}   a table of a predictor's parameters, from its dataclass
    {{ presets KIND }}      its presets
    {{ help COMMAND … }}    what `predictor-inspector COMMAND … --help` prints
    {{ output COMMAND … }}  what `predictor-inspector COMMAND …` prints
    {{ colour NAME }}       a patch of a colour of the dock's boxes: ROI, CONTEXT, BEYOND or PADDING
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import yaml

from predictor_inspector.core import parameters_of, predictor_class
from predictor_inspector.inspection.output.text import type_name
from predictor_inspector.plugin.layers import colours

PLACEHOLDER = re.compile(r"\{\{ (\w+) (.+?) \}\}")
UNITS = {"length": "unit of length", "voxels": "voxels"}


def parameters(kind: str) -> str:
    """A Markdown table of the parameters of `kind`."""
    rows = ["| parameter | value | default | what it does |", "|---|---|---|---|"]
    for p in parameters_of(predictor_class(kind)):
        value = ", ".join(part for part in (type_name(p.annotation), UNITS.get(p.unit, p.unit), p.bounds) if part)
        default = "required" if p.required else f"`{_flow(p.default)}`"
        rows.append(f"| `{p.name}` | {value} | {default} | {p.doc} |")
    return "\n".join(rows)


def presets(kind: str) -> str:
    """A Markdown list of the presets of `kind`."""
    lines = [f"- **{name}**: `{_flow(values)}`" for name, values in predictor_class(kind).presets.items()]
    return "\n".join(lines) or "None."


def help_text(command: str) -> str:
    """The help of a command, or of the program for ``-``."""
    return _printed(command.split() * (command != "-") + ["--help"])


def output(command: str) -> str:
    """What a command prints."""
    return _printed(command.split())


def colour(name: str) -> str:
    """A patch of one of the colours that boxes have on the canvas."""
    return f'<span style="color: {getattr(colours, name)}; font-size: 1.4em">■</span>'


def _printed(arguments: list[str]) -> str:
    # In a process of its own: the pictures' background threads may change what standard output is here.
    command = [sys.executable, "-m", "predictor_inspector", *arguments]
    text = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "100"}
    ).stdout
    return f"```text\n{text.rstrip()}\n```"


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    plain = [list(v) if isinstance(v, tuple) else v for v in value] if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, width=10**6, sort_keys=False)
    return str(text).removesuffix("\n...\n").strip()


MAKERS: dict[str, Callable[[str], str]] = {
    "parameters": parameters,
    "presets": presets,
    "help": help_text,
    "output": output,
    "colour": colour,
}


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace the placeholders of one page; an unknown one ends the build."""
    return PLACEHOLDER.sub(lambda match: MAKERS[match[1]](match[2]), markdown)
