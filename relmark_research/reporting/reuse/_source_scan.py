"""What Python source says about its inputs: whether it reads the clock, and the paths it names."""

import ast
import re
from collections.abc import Iterator

_CLOCK = ("today", "now", "utcnow", "localtime", "gmtime", "ctime", "asctime", "time_ns")
_OF_TIME = (*_CLOCK, "time", "strftime", "clock_gettime")
_NOW = ("today", "now")  # as a text: pd.Timestamp("today")
_SQL = re.compile(
    r"\b(current_date|current_timestamp|localtimestamp|getdate\(\)|now\(\)|today\(\))",
    re.IGNORECASE,
)
_MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)
_QUOTED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")


def reads_clock(source: str) -> bool:
    """Return whether source code reads the calendar or the clock, as far as its text tells.

    Examples
    --------
    >>> reads_clock("from datetime import date\\nage = date.today().year - born")
    True
    >>> reads_clock("until = log.observed_until")
    False
    """
    tree = _parse(source)
    if tree is None:
        return any(f".{name}(" in source for name in _CLOCK)
    return any(_is_clock(node) for node in ast.walk(tree))


def texts_of(source: str) -> Iterator[str]:
    """Yield the texts of source code, and the quoted parts of each, such as a path in a query."""
    tree = _parse(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
            for match in _QUOTED.finditer(node.value):
                yield match[1] or match[2]


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(_MAGIC.sub("", source))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _is_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        of_time = isinstance(node.value, ast.Name) and node.value.id == "time"
        return node.attr in (_OF_TIME if of_time else _CLOCK)
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(alias.name in _OF_TIME for alias in node.names)
    if isinstance(node, ast.Call):
        return any(isinstance(each, ast.Constant) and each.value in _NOW for each in node.args)
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _SQL.search(node.value) is not None
    )
