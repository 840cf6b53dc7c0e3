"""The page of findings, from the registry of checks: a hook of mkdocs that replaces `{{ findings }}`."""

from __future__ import annotations

import sys
from itertools import groupby

from predictor_inspector.inspection.findings import Check, kinds, load_checks

PLACEHOLDER = "{{ findings }}"


def findings() -> str:
    """A table of all findings, then a section for each module with the criteria of its checks."""
    rows = ["| finding | what it means | what to do |", "|---|---|---|"]
    rows += [f"| [`{kind.id}`](#{kind.id}) | {kind.meaning} | {kind.remedy} |" for kind in kinds().values()]
    sections, anchored = ["\n".join(rows)], set[str]()
    for module, checks in groupby(load_checks()[0], lambda check: check.run.__module__):
        about = (sys.modules[module].__doc__ or module).partition("\n")[0].removeprefix("Checks of ").rstrip(".")
        title, _, rest = about.partition(": ")
        sections.append(f"## {title[0].upper()}{title[1:]}\n\n{f'{rest[0].upper()}{rest[1:]}.' if rest else ''}")
        sections += [_section(check, anchored) for check in checks]
    return "\n\n".join(sections)


def _section(check: Check, anchored: set[str]) -> str:
    """One check: its findings, and what it finds."""
    ids = [kind.id for kind in check.kinds]
    anchors = "".join(f'<a id="{i}"></a>' for i in ids if i not in anchored)
    anchored.update(ids)
    runs = "Slow: runs on demand." if check.slow else "Runs with every inspection."
    if check.of == "dataset":
        runs = "Runs over the crops of a [data set](datasets.md)."
    elif check.of == "roundtrip":
        runs = "Runs with a [round trip](roundtrip.md)."
    elif check.of == "samples":
        runs = "Runs over the samples of a [training pipeline](samples.md)."
    return f"{anchors}**{', '.join(f'`{i}`' for i in ids)}** — {check.when}\n\n{runs}"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the findings where a page asks for them."""
    return markdown.replace(PLACEHOLDER, findings()) if PLACEHOLDER in markdown else markdown


if __name__ == "__main__":
    sys.stdout.write(findings() + "\n")
