"""The parameters of a notebook, read from its parameters cell as Python syntax, never executed.

The parameters cell is the first code cell with the tag ``parameters``. Each of its lines is
``name = literal  # help [unit]``. The literal is the default, and its type is the type of the
values that the parameter accepts. A default of None accepts a text, a number or a date. An
annotation allows None besides another type: ``segment: str | None = "all"``.
"""

import ast
import io
import json
import math
import re
import reprlib
import tokenize
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name

SAMPLE = "sample:"
"""Prefix of a table of the bundled sample, as a source."""
DATASET = "dataset:"
"""Prefix of bundled transactions, as a source."""

_TABLE_KEYS = {"source", "columns", "options"}
_TYPES = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}
_DESCRIPTIONS = {
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
        As in the parameters cell.
    type
        ``"str"``, ``"int"``, ``"float"``, ``"bool"``, ``"list"``, ``"dict"``, or ``"any"`` if
        the default is None and no annotation names a type.
    help
        The comment on its line, without the unit.
    unit
        The text of the comment in square brackets.
    optional
        Whether its annotation allows None.
    """

    name: str
    default: Any
    type: str
    help: str = ""
    unit: str = ""
    optional: bool = False

    @property
    def takes_table(self) -> bool:
        """Whether its value may be a table: its default is one of the sample, or empty."""
        return not self.default or str(self.default).startswith(SAMPLE)

    @property
    def takes_bundled(self) -> bool:
        """Whether its default is bundled data: a table of the sample, or transactions."""
        return str(self.default).startswith((SAMPLE, DATASET))


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
    source = _parameters_cell(path)
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
        with warnings.catch_warnings():  # of "\\d" and the like: the kernel gives them once
            warnings.simplefilter("ignore")
            statements = ast.parse(source).body
    except SyntaxError as error:
        raise ReportError(
            f"line {error.lineno} of the parameters cell is not Python: {error.msg}. "
            "Write name = value  # what it means [unit]."
        ) from None
    comments = _comments(source)
    parameters = [_parameter(node, comments) for node in statements if not _is_bare_literal(node)]
    names = [parameter.name for parameter in parameters]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate:
        raise ReportError(
            f"the parameters cell sets {duplicate!r} twice. Remove one of the two lines."
        )
    return tuple(parameters)


def bind(parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter: the one in ``values``, otherwise the default.

    Parameters
    ----------
    parameters
        The parameters of one notebook.
    values
        Values by name. A date becomes ISO text; a whole number is accepted as a number.

    Raises
    ------
    ReportError
        The notebook does not have the parameter, or the value has another type.

    Examples
    --------
    >>> bind(parse_parameters("unit = 'week'\\nmargin = 0.3"), {"margin": 1})
    {'unit': 'week', 'margin': 1.0}
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    for name in values:
        if name not in by_name:
            raise ReportError(unknown_name("parameter", name, by_name))
    return {
        name: _validated(parameter, values[name]) if name in values else parameter.default
        for name, parameter in by_name.items()
    }


def parse_text(parameter: Parameter, text: str) -> Any:
    """Return the value of a command-line word, in the type of the parameter.

    Text is taken literally ("007" stays "007"). Lists and mappings are written as JSON. If the
    default is None, ``none`` is None, a plain number is a number, and anything else is text. If
    an annotation allows None, ``none`` is None as well.

    Raises
    ------
    ReportError
        The text is not a value of that type.

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
        return None if word.lower() in {"none", "null", ""} else _number_or_text(word, text)
    if parameter.type == "bool" and word.lower() in {"true", "yes", "on", "false", "no", "off"}:
        return word.lower() in {"true", "yes", "on"}
    try:
        value = json.loads(word)
    except (ValueError, RecursionError):
        raise _wrong_type(parameter, text) from None
    return _validated(parameter, value)


def annotated_type(annotation: ast.expr | None) -> tuple[str, bool]:
    """Return the type that an annotation names, or an empty text, and whether it allows None.

    Parameters
    ----------
    annotation
        The node that `ast` read, never evaluated; None if there is no annotation.

    Examples
    --------
    >>> annotated_type(ast.parse("str | None", mode="eval").body)
    ('str', True)
    >>> annotated_type(ast.parse("Optional[list[str]]", mode="eval").body)
    ('list', True)
    """
    names = _names_in_union(annotation) if annotation else []
    types = [name for name in names if name in _TYPES.values()]
    return (types[0] if len(types) == 1 else "", "None" in names)


def _names_in_union(node: ast.expr) -> list[str]:
    """Return the names that an annotation joins by ``|``, ``Optional`` or ``Union``."""
    if isinstance(node, ast.BinOp):
        return _names_in_union(node.left) + _names_in_union(node.right)
    if isinstance(node, ast.Subscript):
        outer, inner = _names_in_union(node.value), node.slice
        if outer == ["Optional"]:
            return [*_names_in_union(inner), "None"]
        if outer == ["Union"]:
            members = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return [name for member in members for name in _names_in_union(member)]
        return outer
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _names_in_union(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return []
    if isinstance(node, ast.Attribute):
        return [node.attr]
    return [node.id if isinstance(node, ast.Name) else ast.unparse(node)]


def _parameter_type(assignment: ast.stmt, default: Any) -> tuple[str, bool]:
    """Return the type of a parameter and whether it allows None; empty for another type."""
    annotated, optional = annotated_type(getattr(assignment, "annotation", None))
    if default is None:
        return annotated or "any", bool(annotated)
    found = _TYPES.get(type(default), "")
    if annotated and found not in {annotated, ""} and (annotated, found) != ("float", "int"):
        raise ReportError(
            f"line {assignment.lineno} of the parameters cell: the annotation is {annotated}, but "
            f"the default {default!r} is {found}. Change one of the two."
        )
    return found and (annotated or found), optional


def _number_or_text(word: str, text: str) -> int | float | str:
    """Return a plain number such as 26 or 0.5 as a number, and "007" or "1e" as text."""
    match = _NUMBER.fullmatch(word)
    if match is None:
        return text
    return float(word) if match[2] or match[3] else int(word)


def _parameters_cell(path: Path) -> str:
    """Return the source of the parameters cell of a notebook."""
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


def _is_bare_literal(node: ast.stmt) -> bool:
    """Return whether a statement is a bare literal, which some write as a comment."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _parameter(node: ast.stmt, comments: dict[int, str]) -> Parameter:
    name, value = _assignment(node)
    try:
        default = ast.literal_eval(value)
    except (ValueError, TypeError):
        raise _not_literal(node) from None
    type_, optional = _parameter_type(node, default)
    if not type_:
        raise _not_literal(node)
    comment = comments.get(node.end_lineno or node.lineno, "")
    unit = re.search(r"\[([^\[\]]+)\]", comment)
    help_ = " ".join((comment.replace(unit[0], " ") if unit else comment).split())
    return Parameter(name, default, type_, help_, unit[1].strip() if unit else "", optional)


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
        "Move computations to a later cell."
    )


def _comments(source: str) -> dict[int, str]:
    """Return the comments of a source by line number."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _validated(parameter: Parameter, value: Any) -> Any:
    value = _dates_as_text(value)
    if parameter.optional and (value is None or _is_none_word(parameter, value)):
        return None
    if parameter.takes_table and parameter.type in ("str", "any") and _is_table(value):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_type = {
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
    if not is_type[parameter.type] or not _is_encodable(value):
        raise _wrong_type(parameter, value)
    return float(value) if parameter.type == "float" else value


def _is_none_word(parameter: Parameter, value: Any) -> bool:
    return parameter.type == "str" and str(value).strip().lower() == "none"


def _is_table(value: Any) -> bool:
    """Return whether a value is a mapping of a table's source, columns and options."""
    return isinstance(value, dict) and "source" in value and set(value) <= _TABLE_KEYS


def _is_encodable(value: Any) -> bool:
    """Return whether every text in a value can be encoded; a lone surrogate cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _dates_as_text(value: Any) -> Any:
    """Return a value with dates as ISO text, also in lists and mappings."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _dates_as_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_dates_as_text(item) for item in value]
    return value


def _wrong_type(parameter: Parameter, value: Any) -> ReportError:
    expected = _DESCRIPTIONS[parameter.type] + " or none" * parameter.optional
    reason = "" if parameter.default is None else f", like its default {parameter.default!r}"
    hint = " Put it in quotes." if parameter.type == "str" and value is not None else ""
    return ReportError(
        f"parameter {parameter.name!r} must be {expected}{reason}; found {reprlib.repr(value)}."
        f"{hint}"
    )
