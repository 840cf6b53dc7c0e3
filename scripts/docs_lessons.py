"""Lessons as pages with results, and as notebooks to download: a hook of mkdocs that runs what is in docs/lessons.

A lesson is a page of Markdown. Its blocks of ```python are cells, run one after the other in one namespace, as Jupyter does:
what is printed, figures of pyplot, and the value of the last line are shown beneath. Blocks within <details>, the answers, run
too, but stay text in the notebook. To write the notebooks alone, without results:

    python scripts/docs_lessons.py FOLDER
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LESSONS = ROOT / "docs" / "lessons"

CODE = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
ANSWER = re.compile(r"^<details.*?^</details>\n", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)\s]+)(?=\))")
DOWNLOAD = "{{ notebook }}"
QUESTION = "**Question.**"
FOLDED = '<details markdown="1">\n<summary>What the cell shows</summary>\n'
INSTALL = '# Once, where it isn\'t installed:\n# %pip install -q "napari-predictor-inspector[notebook,roundtrip]"'


@dataclass
class Output:
    """What a cell shows: text, then HTML, and PNGs."""

    printed: str = ""
    html: list[str] = field(default_factory=list)
    pngs: list[bytes] = field(default_factory=list)


def lessons() -> dict[str, str]:
    """The Markdown of each lesson by its name."""
    return {path.stem: path.read_text("utf-8") for path in sorted(LESSONS.glob("*.md")) if path.stem != "index"}


def run(name: str, markdown: str) -> list[Output]:
    """What each block of Python shows."""
    import matplotlib as mpl

    mpl.use("agg")
    namespace: dict[str, Any] = {"__name__": name}
    with mpl.rc_context():
        mpl.rcdefaults()  # as in a notebook, whatever other hooks set
        return [_run_cell(source, f"{name}, cell {i}", namespace) for i, source in enumerate(CODE.findall(markdown), 1)]


def _run_cell(source: str, name: str, namespace: dict[str, Any]) -> Output:
    """Run a cell as a notebook does."""
    import matplotlib.pyplot as plt

    tree, value, printed = ast.parse(source), None, StringIO()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(printed):
        exec(compile(tree, name, "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
    output = Output(printed.getvalue())
    for number in plt.get_fignums():
        output.pngs.append(_png(plt.figure(number)))
        plt.close(number)
    if value is None:
        return output
    if hasattr(value, "_repr_png_"):
        output.pngs.append(value._repr_png_())
    elif hasattr(value, "_repr_html_"):
        output.html.append(value._repr_html_())
    else:
        output.printed += f"{value!r}\n"
    return output


def _png(figure: Any) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=150, bbox_inches="tight", metadata={"Software": None})
    return file.getvalue()


def notebook(markdown: str) -> str:
    """A lesson as a notebook of Jupyter, without results; links lead to the repository."""
    from nbformat import v4, validate, writes

    pages = f"{_repository()}/blob/main/docs/"
    cells = []
    for text in _parts(markdown.replace(f"{DOWNLOAD}\n\n", "")):
        if code := CODE.fullmatch(text):
            cells.append(v4.new_code_cell(code[1].rstrip()))
        else:
            absolute = LINK.sub(lambda link: pages + _from_docs(link[1]), text.strip())
            cells.append(v4.new_markdown_cell(absolute))
    cells.insert(1, v4.new_code_cell(INSTALL))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # else another one each time
    made = v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    validate(made)
    return writes(made) + "\n"


def _parts(markdown: str) -> Iterator[str]:
    """Text and cells in turn; what is within an answer is text."""
    answers = [match.span() for match in ANSWER.finditer(markdown)]
    begin = 0
    for code in CODE.finditer(markdown):
        if any(first < code.start() < last for first, last in answers):
            continue
        if markdown[begin : code.start()].strip():
            yield markdown[begin : code.start()]
        yield code[0]
        begin = code.end()
    if markdown[begin:].strip():
        yield markdown[begin:]


@cache
def _repository() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["urls"]["Source Code"])


def _from_docs(link: str) -> str:
    """A link from a lesson as one from the folder of all pages."""
    return link.removeprefix("../") if link.startswith("../") else f"lessons/{link}"


@cache
def results(name: str, markdown: str) -> list[Output]:
    """What `run` gives; once, also where mkdocs builds again and again."""
    return run(name, markdown)


def lesson_page(name: str, markdown: str) -> str:
    """A lesson with what its cells show, folded where a question comes before."""
    outputs = iter(enumerate(results(name, markdown)))

    def with_output(code: re.Match[str]) -> str:
        number, output = next(outputs)
        shown = []
        if output.printed:
            shown.append(f"```text\n{output.printed.rstrip()}\n```\n")
        # One line: Markdown would go on after an empty one.
        shown += [f"<div>{' '.join(html.split())}</div>\n" for html in output.html]
        shown += [f"![What the cell shows]({picture_name(name, number, i)})\n" for i in range(len(output.pngs))]
        if shown and markdown[: code.start()].rstrip().rpartition("\n\n")[2].startswith(QUESTION):
            shown = [FOLDED, *shown, "</details>\n"]
        return "\n".join([code[0], *shown])

    link = f"[Download as a notebook]({name}.ipynb), for Jupyter; [how to open it](index.md#open-them)."
    return CODE.sub(with_output, markdown).replace(DOWNLOAD, link)


def picture_name(lesson: str, cell: int, number: int) -> str:
    """The file of a picture, beside the lesson."""
    return f"{lesson}-{cell + 1}{'abcdefgh'[number]}.png"


def on_files(files: Any, config: Any, **_: object) -> Any:
    """Run the lessons, and add their pictures and notebooks to the documentation's files."""
    from mkdocs.structure.files import File

    for name, markdown in lessons().items():
        made: dict[str, bytes | str] = {f"{name}.ipynb": notebook(markdown)}
        for cell, output in enumerate(results(name, markdown)):
            made |= {picture_name(name, cell, i): png for i, png in enumerate(output.pngs)}
        for path, content in made.items():
            files.append(File.generated(config, f"lessons/{path}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Put results beneath the cells of a lesson."""
    path = Path(page.file.src_uri)
    if path.parent.name != "lessons" or path.stem == "index":
        return markdown
    return lesson_page(path.stem, markdown)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, markdown in lessons().items():
        (folder / f"{name}.ipynb").write_text(notebook(markdown), "utf-8")
