"""What a notebook can be asked: its parameters cell, read as Python syntax and never run.

A parameters cell is the first code cell that carries the tag ``parameters``. Each of its lines is
``name = literal  # help [unit]``; the literal is the default, and the kind of the default is the
kind of value that the parameter takes. A default of None takes a text, a number or a date. Where a
kind may be left out, an annotation says so: ``segment: str | None = "all"``.
"""

import ast
import io
import json
import math
import re
import reprlib
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name

# What the annotation of a parameter says of its kind: ``segment: str | None = "all"``.

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


_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "list": "a list",
    "dict": "a mapping of names to values",
    "any": "text, a number, a date or none",
}
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook.

    Attributes
    ----------
    name, default
        As the parameters cell has them.
    type
        ``"str"``, ``"int"``, ``"float"``, ``"bool"``, ``"list"``, ``"dict"``, or ``"any"`` where
        the default is None.
    help
        The comment beside it, without its unit.
    unit
        What the comment has in square brackets.
    optional
        Whether its annotation allows None as well.
    """

    name: str
    default: Any
    type: str
    help: str = ""
    unit: str = ""
    optional: bool = False


def read_parameters(notebook_path: Path | str) -> tuple[Parameter, ...]:
    """Return the parameters of a notebook, in the order of its parameters cell.

    Parameters
    ----------
    notebook_path
        An ``.ipynb`` file. A notebook without a parameters cell has no parameters.

    Raises
    ------
    ReportError
        The file is not a notebook, or a line of the cell is not ``name = literal``.
    """
    path = Path(notebook_path)
    source = _parameters_source(path)
    try:
        return parse_parameters(source)
    except ReportError as error:
        raise ReportError(f"{path.name}: {error}") from None


def parse_parameters(source: str) -> tuple[Parameter, ...]:
    """Return the parameters in the text of a parameters cell.

    Examples
    --------
    >>> (margin,) = parse_parameters("margin = 0.3  # profit per unit of revenue [share]")
    >>> margin.type, margin.help, margin.unit
    ('float', 'profit per unit of revenue', 'share')
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ReportError(
            f"line {error.lineno} of the parameters cell is not Python: {error.msg}. "
            "Write name = value  # what it means [unit]."
        ) from None
    comments = _comments(source)
    found = [_parameter(node, comments) for node in statements if not _is_text(node)]
    names = [parameter.name for parameter in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ReportError(f"the parameters cell sets {twice!r} twice. Keep one of the two lines.")
    return tuple(found)


def bind(parameters: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter: the one that was given, else the default.

    Parameters
    ----------
    parameters
        Of one notebook.
    given
        Values by name. A date becomes ISO text, a whole number serves as a number.

    Raises
    ------
    ReportError
        A name that the notebook does not have, or a value of the wrong kind.

    Examples
    --------
    >>> bind(parse_parameters("unit = 'week'\\nmargin = 0.3"), {"margin": 1})
    {'unit': 'week', 'margin': 1.0}
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            raise ReportError(unknown_name("parameter", name, known))
    return {
        name: _checked(parameter, given[name]) if name in given else parameter.default
        for name, parameter in known.items()
    }


def parse_text(parameter: Parameter, text: str) -> Any:
    """Return the value that a word of the command line stands for, of the kind of the default.

    Text stays as it was typed ("007" stays "007"). Lists and mappings are written as JSON. Where
    the default is None, ``none`` is None, a plain number is a number, and all else is text; where
    an annotation allows None, ``none`` is None as well.

    Raises
    ------
    ReportError
        The text does not stand for a value of that kind.

    Examples
    --------
    >>> parse_text(Parameter("segment", "all", "str"), "007")
    '007'
    >>> parse_text(Parameter("horizon_weeks", 52, "int"), "26")
    26
    """
    word = text.strip()
    if parameter.optional and word.lower() in {"none", "null"}:
        return None
    if parameter.type == "str":
        return text
    if parameter.type == "any":
        return None if word.lower() in {"none", "null", ""} else _number(word, text)
    if parameter.type == "bool" and word.lower() in {"true", "yes", "on", "false", "no", "off"}:
        return word.lower() in {"true", "yes", "on"}
    try:
        value = json.loads(word)
    except (ValueError, RecursionError):
        raise _wrong_kind(parameter, text) from None
    return _checked(parameter, value)


def _number(word: str, otherwise: str) -> int | float | str:
    """A plain number such as 26 or 0.5; "007" and "1e" are text."""
    match = _NUMBER.fullmatch(word)
    if match is None:
        return otherwise
    return float(word) if match[2] or match[3] else int(word)


def _parameters_source(path: Path) -> str:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [
            cell["source"]
            for cell in cells
            if cell["cell_type"] == "code"
            and "parameters" in cell.get("metadata", {}).get("tags", ())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(
            f"{path} cannot be read as a notebook: {error}. "
            "Open it in JupyterLab and save it again."
        ) from None
    return "".join(tagged[0]) if tagged else ""


def _is_text(node: ast.stmt) -> bool:
    """A bare string between the lines, which some use as a comment."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _parameter(node: ast.stmt, comments: dict[int, str]) -> Parameter:
    target, value = _assignment(node)
    try:
        default = ast.literal_eval(value)
    except (ValueError, TypeError):
        raise _not_literal(node) from None
    kind, optional = kind_of(node, default)
    if not kind:
        raise _not_literal(node)
    comment = comments.get(node.end_lineno or node.lineno, "")
    unit = re.search(r"\[([^\[\]]+)\]", comment)
    words = " ".join((comment.replace(unit[0], " ") if unit else comment).split())
    return Parameter(target, default, kind, words, unit[1].strip() if unit else "", optional)


def _assignment(node: ast.stmt) -> tuple[str, ast.expr]:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        target: ast.expr = node.target
        value = node.value
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    else:
        raise _not_literal(node)
    if not isinstance(target, ast.Name):
        raise _not_literal(node)
    return target.id, value


def _not_literal(node: ast.stmt) -> ReportError:
    return ReportError(
        f"line {node.lineno} of the parameters cell must be name = literal (text, a number, True, "
        f"False, None, a list or a dict); found {ast.unparse(node)!r}. "
        "Move what is computed to a later cell."
    )


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _checked(parameter: Parameter, value: Any) -> Any:
    value = _as_text(value)
    if value is None and parameter.optional:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {
        "bool": isinstance(value, bool),
        "int": is_number and isinstance(value, int),
        "float": is_number and math.isfinite(value),
        "str": isinstance(value, str),
        "list": isinstance(value, list),
        "dict": isinstance(value, dict),
        "any": value is None
        or isinstance(value, (str, bool))
        or (is_number and math.isfinite(value)),
    }
    if not fits[parameter.type] or not _is_unicode(value):
        raise _wrong_kind(parameter, value)
    return float(value) if parameter.type == "float" else value


def _is_unicode(value: Any) -> bool:
    """Whether every text in a value can be written down: half of a surrogate pair cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_text(value: Any) -> Any:
    """Dates, wherever they stand, as ISO text: a notebook's parameters are plain values."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _as_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_text(item) for item in value]
    return value


def _wrong_kind(parameter: Parameter, value: Any) -> ReportError:
    hint = " Put it in quotes." if parameter.type == "str" and value is not None else ""
    none = " or none" if parameter.optional else ""
    why = "" if parameter.default is None else f", as its default {parameter.default!r} is"
    return ReportError(
        f"parameter {parameter.name!r} must be {_WORDS[parameter.type]}{none}{why}; "
        f"found {reprlib.repr(value)}.{hint}"
    )
