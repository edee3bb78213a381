"""The text below a field of a section, read from the source when a JSON schema is asked for.

pydantic's own `use_attribute_docstrings` reads it when the class is made, so every start would pay for what `rolltrain schema` prints.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def field_docs(section: type[BaseModel]) -> dict[str, str]:
    """Field -> the text below it, in the class that declares the field. Nothing where there is no source."""
    found: dict[str, str] = {}
    for cls in reversed(section.__mro__):
        found |= _texts(cls.__module__).get(cls.__qualname__, {})
    return {name: text for name, text in found.items() if name in section.model_fields}


@cache
def _texts(module: str) -> Mapping[str, Mapping[str, str]]:
    """Class -> field -> text, for all classes of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):  # made in a shell, or installed without its source
        return {}
    return {name: dict(_of_class(body)) for name, body in _classes(tree, "")}


def _classes(node: ast.AST, prefix: str) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Every class below a node by its qualified name, with its body."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name, child.body
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")


def _of_class(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            value = text.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield field.target.id, inspect.cleandoc(value.value)
