"""The page of findings, from the register of checks: a hook of mkdocs that replaces `{{ findings }}`."""

from __future__ import annotations

import inspect
import sys

from predictor_inspector.inspection.findings import kinds
from predictor_inspector.inspection.findings.catalogue import THEMES
from predictor_inspector.inspection.findings.checks import CHECKS, Check

PLACEHOLDER = "{{ findings }}"
COSTS = {"live": "Runs with every inspection.", "on demand": "Runs on demand."}


def findings() -> str:
    """A table of all findings, then a section for each theme with what its checks go by."""
    rows = ["| finding | what it means | what to do |", "|---|---|---|"]
    rows += [f"| [`{kind.id}`](#{kind.id}) | {kind.meaning} | {kind.remedy} |" for kind in kinds().values()]
    sections, anchored = ["\n".join(rows)], set[str]()
    for theme in THEMES:
        about = (inspect.getdoc(theme) or "").partition("\n")[0].removeprefix("Checks of ").rstrip(".")
        title, _, rest = about.partition(": ")
        sections.append(f"## {title[0].upper()}{title[1:]}\n\n{f'{rest[0].upper()}{rest[1:]}.' if rest else ''}")
        sections += [_section(check, anchored) for check in CHECKS if check.run.__module__ == theme.__name__]
    return "\n\n".join(sections)


def _section(check: Check, anchored: set[str]) -> str:
    """One check: its findings, and when it speaks."""
    ids = [kind.id for kind in check.kinds]
    anchors = "".join(f'<a id="{i}"></a>' for i in ids if i not in anchored)
    anchored.update(ids)
    return f"{anchors}**{', '.join(f'`{i}`' for i in ids)}** — {check.when}\n\n{COSTS[check.cost]}"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the findings where a page asks for them."""
    return markdown.replace(PLACEHOLDER, findings()) if PLACEHOLDER in markdown else markdown


if __name__ == "__main__":
    sys.stdout.write(findings() + "\n")
