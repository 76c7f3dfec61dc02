"""What the annotation of a parameter says of its kind: ``segment: str | None = "all"``."""

import ast
from typing import Any

from relmark_research.errors import ReportError

_KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


def kind_of(assignment: ast.stmt, default: Any) -> tuple[str, bool]:
    """Return a parameter's kind, empty where its default is of no kind of ours, and if None fits.

    Parameters
    ----------
    assignment
        ``name = literal`` or ``name: annotation = literal``.
    default
        The literal.

    Raises
    ------
    ReportError
        The annotation says one kind, the default is of another.
    """
    said, optional = annotated_kind(getattr(assignment, "annotation", None))
    if default is None:
        return said or "any", bool(said)
    found = _KINDS.get(type(default), "")
    if said and found not in {said, ""} and (said, found) != ("float", "int"):
        raise ReportError(
            f"line {assignment.lineno} of the parameters cell says that the value is {said}; its "
            f"default {default!r} is {found}. Change one of the two."
        )
    return found and (said or found), optional


def annotated_kind(annotation: ast.expr | None) -> tuple[str, bool]:
    """Return the kind that an annotation names, empty where it names none, and whether None fits.

    Parameters
    ----------
    annotation
        As `ast` reads it, never evaluated; None where there is none.

    Examples
    --------
    >>> annotated_kind(ast.parse("str | None", mode="eval").body)
    ('str', True)
    >>> annotated_kind(ast.parse("Optional[list[str]]", mode="eval").body)
    ('list', True)
    """
    parts = _parts(annotation) if annotation else []
    kinds = [part for part in parts if part in _KINDS.values()]
    return (kinds[0] if len(kinds) == 1 else "", "None" in parts)


def _parts(node: ast.expr) -> list[str]:
    """The names that an annotation joins by ``|``, ``Optional`` or ``Union``."""
    if isinstance(node, ast.BinOp):
        return _parts(node.left) + _parts(node.right)
    if isinstance(node, ast.Subscript):
        outer, inner = _parts(node.value), node.slice
        if outer == ["Optional"]:
            return [*_parts(inner), "None"]
        if outer == ["Union"]:
            each = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return [part for one in each for part in _parts(one)]
        return outer
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _parts(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return []
    if isinstance(node, ast.Attribute):
        return [node.attr]
    return [node.id if isinstance(node, ast.Name) else ast.unparse(node)]
