"""Another tool's configuration: a mapping, or the calls of a Python text, never run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml


class _Unknown:
    """An argument that only running the text would tell."""

    def __init__(self, text: str) -> None:
        self.text = text


@dataclass(frozen=True)
class Call:
    """A call in a Python text: the function's last name, its line, and its arguments as far as they are literal."""

    name: str
    line: int
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.name} in line {self.line}"

    def values(self, *names: str, without: Collection[str] = ()) -> dict[str, Any]:
        """Its arguments by name, less those of `without`; `names` are those of the positional ones in order.

        ``ValueError`` for an argument that isn't a literal.
        """
        if len(self.positional) > len(names):
            raise ValueError(f"{self.place} has {len(self.positional)} positional arguments, it takes {len(names)}")
        given = {**dict(zip(names, self.positional, strict=False)), **self.named}
        given = {name: value for name, value in given.items() if name not in without}
        for name, value in given.items():
            if isinstance(value, _Unknown):
                raise ValueError(
                    f"{name} of {self.place} is {value.text}, which only running the text would tell; "
                    f"write the value there"
                )
        return given


@dataclass(frozen=True)
class Document:
    """A text: a mapping of YAML or JSON, or the calls of a Python text. Both are empty for anything else."""

    mapping: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()

    @classmethod
    def of(cls, text: str) -> Document:
        """What `text` is; nothing of it is run."""
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError:
            content = None
        if isinstance(content, dict):
            return cls(content)
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):  # ValueError: null bytes
            return cls()
        return cls(calls=tuple(_calls(tree)))

    def mappings(self) -> Iterator[Mapping[str, Any]]:
        """The mapping and every mapping in it, outer ones first."""
        waiting: list[Any] = [self.mapping]
        while waiting:
            part = waiting.pop(0)
            if isinstance(part, Mapping):
                yield part
                waiting.extend(part.values())
            elif isinstance(part, Sequence) and not isinstance(part, str):
                waiting.extend(part)


def _calls(tree: ast.Module) -> Iterator[Call]:
    names: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = _value(node.value, names)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(found, key=lambda call: (call.lineno, call.col_offset)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        named = {keyword.arg: _value(keyword.value, names) for keyword in call.keywords if keyword.arg}
        yield Call(name, call.lineno, tuple(_value(argument, names) for argument in call.args), named)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a literal, of a name that was given one, of `Coordinate`, or of a sum or product of such."""
    try:
        return _evaluated(node, names)
    except (TypeError, ValueError, ZeroDivisionError):
        return _Unknown(ast.unparse(node))


def _evaluated(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple():
            return [_evaluated(element, names) for element in node.elts]
        case ast.UnaryOp(op=ast.USub()):
            return -_evaluated(node.operand, names)
        case ast.Name() if node.id in names and not isinstance(names[node.id], _Unknown):
            return names[node.id]
        case ast.Call(func=ast.Name(id="Coordinate")) if not node.keywords:
            arguments = [_evaluated(argument, names) for argument in node.args]
            return arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        case ast.BinOp(op=ast.Add()):
            return _evaluated(node.left, names) + _evaluated(node.right, names)
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            left, right = float(_evaluated(node.left, names)), float(_evaluated(node.right, names))
            product = left * right if isinstance(node.op, ast.Mult) else left / right
            return int(product) if product.is_integer() else product
    raise ValueError(f"{ast.unparse(node)} is no literal")
