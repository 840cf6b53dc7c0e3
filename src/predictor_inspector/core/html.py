"""HTML of tables and facts, for reports and notebooks; all text is escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape


def html_table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Rows of text, the titles first; the columns listed in `right` hold numbers."""
    lines: list[str] = []
    for row in rows:
        tag = "td" if lines else "th"
        cells = (
            f'<{tag} class="n" style="text-align: right">{escape(cell)}</{tag}>'
            if i in right
            else f'<{tag} style="text-align: left">{escape(cell)}</{tag}>'
            for i, cell in enumerate(row)
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def html_facts(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows of a name and what is said about it."""
    lines = []
    for name, *about in rows:
        cells = "".join(f'<td style="text-align: left">{escape(cell)}</td>' for cell in about)
        lines.append(f'<tr><th style="text-align: left">{escape(name)}</th>{cells}</tr>')
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def html_titled(title: str, *blocks: str, about: str = "") -> str:
    """HTML below a title, and a line that says more, as a cell of a notebook shows it."""
    more = f' <span style="opacity: 0.7">{escape(about)}</span>' if about else ""
    return f"<div><div><b>{escape(title)}</b>{more}</div>{''.join(blocks)}</div>"
