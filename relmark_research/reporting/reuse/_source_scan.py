"""What Python source says about its inputs: whether it reads the clock, and the files it names."""

import ast
import re
from collections.abc import Iterator

_CLOCK = ("today", "now", "utcnow", "localtime", "gmtime", "ctime", "asctime", "time_ns")
_OF_TIME = (*_CLOCK, "time", "strftime", "clock_gettime")
_NOW = ("today", "now")  # as a text: pd.Timestamp("today")
_SQL = re.compile(
    r"""\b(get_)?current_(date|time|timestamp|localtime|localtimestamp)\b|\blocaltimestamp\b
    |\b(getdate|now|today|sysdate|unixepoch|(clock|transaction|statement|unix)_timestamp)\s*\(
    |'(now|today|yesterday|tomorrow)'""",
    re.IGNORECASE | re.VERBOSE,
)
_TIMED = re.compile(r"^([ \t]*)%(?:time|timeit|prun)[ \t]+(?:-\w+[ \t]*\d*[ \t]+)*", re.MULTILINE)
_MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)
_OF_PATH = ("absolute", "as_posix", "expanduser", "joinpath", "resolve")  # Path("a").resolve()
_JOINS = ("Path", "PurePath", "fspath", "join", "joinpath", "str")  # Path("a", "b")
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
        return any(f".{name}(" in source for name in _CLOCK) or _SQL.search(source) is not None
    modules = {"time", *_names_of_time(tree)}
    return any(_is_clock(node, modules) for node in ast.walk(tree))


def texts_of(*sources: str) -> Iterator[str]:
    """Yield the texts of source code, their quoted parts, and the paths that it joins.

    Parameters
    ----------
    sources
        Cells and modules; a name that one assigns is known in those that follow.

    Examples
    --------
    >>> sorted(set(texts_of("data = Path('lake')", "read(data / 'a.csv')")))
    ['a.csv', 'lake', 'lake/a.csv']
    """
    known: dict[str, str] = {}
    for source in sources:
        tree = _parse(source)
        if tree is None:
            yield from _quoted(source)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
                yield from _quoted(node.value)
            elif isinstance(node, ast.Assign) and (text := _joined(node.value, known)):
                known |= {each.id: text for each in node.targets if isinstance(each, ast.Name)}
        joins = (ast.BinOp, ast.Call, ast.JoinedStr)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, joins) and (text := _joined(node, known)):
                yield text
                yield from _quoted(text)


def _joined(node: ast.AST, known: dict[str, str]) -> str | None:
    """Return the text or the path of an expression, if it consists of texts and known names."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.FormattedValue):
        return _joined(node.value, known)
    sign, parts = "", list[ast.AST]()
    if isinstance(node, ast.JoinedStr):
        parts = [*node.values]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Div)):
        sign, parts = "/" * isinstance(node.op, ast.Div), [node.left, node.right]
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in _OF_PATH and isinstance(node.func, ast.Attribute):
            parts = [node.func.value]
        if name in _JOINS:
            sign, parts = "/", [*parts, *node.args]
    texts = [_joined(part, known) for part in parts]
    return sign.join(map(str, texts)) if texts and None not in texts else None


def _quoted(text: str) -> Iterator[str]:
    for match in _QUOTED.finditer(text):
        yield match[1] or match[2]


def _parse(source: str) -> ast.Module | None:
    """Return the tree of a cell; a timed statement counts, other commands of IPython do not."""
    try:
        return ast.parse(_MAGIC.sub(r"\1pass", _TIMED.sub(r"\1", source)))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _names_of_time(tree: ast.Module) -> Iterator[str]:
    """Yield the names under which the module ``time`` is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.asname for each in node.names if each.name == "time" and each.asname)


def _is_clock(node: ast.AST, modules: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        of_time = isinstance(node.value, ast.Name) and node.value.id in modules
        return node.attr in (_OF_TIME if of_time else _CLOCK)
    if isinstance(node, ast.ImportFrom):
        names = _OF_TIME if node.module == "time" else _CLOCK
        return any(alias.name in names for alias in node.names)
    if isinstance(node, ast.Call):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return any(isinstance(each, ast.Constant) and each.value in _NOW for each in given)
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _SQL.search(node.value) is not None
    )
