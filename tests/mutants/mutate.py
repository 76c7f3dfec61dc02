"""The mutations that a module allows, each a replacement of one span of its source.

Spans are found in the syntax tree, and only the span of the mutated node is rewritten, so that the
other lines of the module stay as they are and the result can be parsed. Not mutated: docstrings,
annotations, f-strings, the text of errors and warnings, the wording of ``repr`` and HTML,
``if TYPE_CHECKING``, tolerances and limits (floats up to 1e-6 or from 1e6, integers from 10,000),
in ``plots`` the numbers that set an appearance, arguments that change no result (``zip`` that
checks the lengths of its own lists, ``repr``, ``flush``), and module constants whose names say that
they set how much is done at once, how often, or how much of a list an error shows.
"""

import ast
import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

PACKAGE = "relmark_research"
WORDING = re.compile(r"__(repr|str|format)__$|_?repr_|.*_html_?$")  # names of functions
SHOWN_ROWS = re.compile(r"_(summary|shown|title|facts)$")  # methods that only ``__repr__`` calls
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
OPPOSITES = {"low": "high", "lower": "upper", "min": "max", "minimum": "maximum"}
OPPOSITES |= {"argmin": "argmax", "idxmin": "idxmax", "nanmin": "nanmax"}
OPPOSITES |= {word: other for other, word in OPPOSITES.items()}
ENDS = {"low", "high", "lower", "upper"}
HALF_WIDTHS = re.compile(r"(half|half_width|standard_errors?|se|sd|std|deviation|spread)$")
INTERVALS = re.compile(r".*(interval|limits|bounds).*")
HALVED = "(lambda ends: ((3 * ends[0] + ends[1]) / 4, (ends[0] + 3 * ends[1]) / 4))"
LARGE, TINY, HUGE = 10_000, 1e-6, 1e6
SETTINGS = re.compile(r"_(BLOCK|PAIRS|ITERATIONS|BISECTIONS|POLL_INTERVAL|REFRESH|SHOWN|LISTED)")
UNSEEN = {  # keywords, and whose they are; a symmetric matrix has one inverse, however it is found
    ("zip", "strict"), ("field", "repr"), ("print", "flush"),
    ("pinv", "hermitian"), ("matrix_rank", "hermitian"),
}  # fmt: skip
PLACING = {"annotate", "text"}  # methods of axes that write at a place


@dataclass(frozen=True)
class Mutation:
    """One change of one span of a module."""

    path: str  # from the root of the tree, with slashes
    function: str  # qualified name, or "<module>"
    line: int
    text: str  # the line, as it was
    kind: str
    original: str
    replacement: str
    span: tuple[int, int]  # bytes of the source
    code: str  # what stands in the span afterwards

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies it in ``equivalents.yml``; line numbers are left out, for they move."""
        return self.path, self.function, self.text, f"{self.original} -> {self.replacement}"

    @property
    def folder(self) -> str:
        """The folder below the package, "." for its own modules."""
        return str(PurePosixPath(self.path).parent.relative_to(PACKAGE))

    def apply(self, source: str) -> str:
        """Return the module's source with the mutation."""
        start, end = self.span
        data = source.encode()
        return (data[:start] + self.code.encode() + data[end:]).decode()


Found = tuple[str, ast.AST | str]  # kind, and what replaces the node


class _Finder(ast.NodeVisitor):
    """Visit the nodes of a module that may be mutated, and collect their mutations."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line.encode()))
        self.found: list[Mutation] = []
        self.parents: list[ast.AST] = []
        self.names: list[str] = []
        self.known: list[set[str]] = [set()]  # names of the function, to swap one for another

    def visit(self, node: ast.AST) -> None:
        for kind, new in _mutants(node, self):
            self._add(node, kind, new)
        self.parents.append(node)
        super().visit(node)
        self.parents.pop()

    def _add(self, node: ast.AST, kind: str, new: ast.AST | str) -> None:
        words = new if isinstance(new, str) else ast.unparse(new)
        code = words if isinstance(node, ast.stmt | ast.keyword | ast.arg) else f"({words})"
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        original = _shortened(ast.unparse(node))
        if words == original:
            return
        function = ".".join(self.names) or "<module>"
        text = self.lines[node.lineno - 1].strip()
        self.found.append(
            Mutation(
                self.path,
                function,
                node.lineno,
                text,
                kind,
                original,
                _shortened(words),
                (start, end),
                code,
            )
        )

    @property
    def parent(self) -> ast.AST | None:
        return self.parents[-1] if self.parents else None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        of_class = bool(self.names) and self.names[-1][0].isupper()
        if WORDING.match(node.name) or (of_class and SHOWN_ROWS.match(node.name)):
            return
        self.names.append(node.name)
        self.known.append({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | _given(node))
        self._visit_defaults(node)
        for statement in node.body:
            self.visit(statement)
        self.known.pop()
        self.names.pop()

    def _visit_defaults(self, node: ast.FunctionDef) -> None:
        before = len(self.found)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self.found[before:] = [replace(each, kind="default") for each in self.found[before:]]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self.names.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and ast.unparse(node.annotation) != "TypeAlias":
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if not _never_at_work(node):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _name(node.func) not in {"warn", "isinstance", "TypeVar", "NewType"}:
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave the text of an error as it is."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave wording as it is; positions inside an f-string are wrong before Python 3.12."""

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """Leave types as they are."""


def _shortened(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 100 else f"{words[:97]}..."


def _given(node: ast.FunctionDef) -> set[str]:
    return {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}


def _never_at_work(node: ast.If) -> bool:
    test = ast.unparse(node.test)
    return test in {"TYPE_CHECKING", "typing.TYPE_CHECKING"} or test.startswith("__name__ ==")


def _name(node: ast.AST) -> str:
    """Return the last part of a dotted name, or nothing."""
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of a node with other fields."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def mutations(path: str, source: str) -> list[Mutation]:
    """Return every mutation of a module, in the order of its source."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda each: (each.line, each.span, each.kind, each.code))


def _mutants(node: ast.AST, at: _Finder) -> Iterator[Found]:
    everywhere = [("negate", _negated)] if isinstance(node, ast.expr) else []
    for kind, mutator in [*everywhere, *MUTATORS.get(type(node), ())]:
        for new in mutator(node, at):
            yield kind, new


def _comparison(node: ast.Compare, at: _Finder) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        ops = list(node.ops)
        ops[place] = COMPARISONS[type(operator)]()
        yield _with(node, ops=ops)


def _arithmetic(node: ast.BinOp, at: _Finder) -> Iterator[ast.AST]:
    if type(node.op) in ARITHMETIC and not any(map(_is_text_or_type, (node.left, node.right))):
        yield _with(node, op=ARITHMETIC[type(node.op)]())


def _is_text_or_type(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) or node.value is None
    is_class = len(_name(node)) > 2 and _name(node)[0].isupper() and not _name(node).isupper()
    return is_class or isinstance(node, ast.JoinedStr)


def _in_place(node: ast.AugAssign, at: _Finder) -> Iterator[ast.AST]:
    if type(node.op) in ARITHMETIC and not _is_text_or_type(node.value):
        yield _with(node, op=ARITHMETIC[type(node.op)]())


def _logic(node: ast.BoolOp, at: _Finder) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _unary(node: ast.UnaryOp, at: _Finder) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.Invert | ast.USub):
        yield node.operand


def _constant(node: ast.Constant, at: _Finder) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        if not _is_unseen(at):
            yield ast.Constant(not value)
    elif isinstance(value, int | float) and not (_only_looks(at) or _is_setting(at)):
        new = _other_number(value)
        if new is not None:
            yield ast.Constant(new)


def _other_number(value: float) -> float | None:
    if isinstance(value, int):
        if value >= LARGE:
            return None
        return value + 1 if value < 100 else value // 2
    if 0 < abs(value) <= TINY or abs(value) >= HUGE:
        return None
    return value + 1.0 if value in (0.0, 1.0) else value / 2


def _is_unseen(at: _Finder) -> bool:
    """Return whether a truth value is an argument of which no result depends."""
    if len(at.parents) < 2 or not isinstance(at.parents[-1], ast.keyword):
        return False
    call = at.parents[-2]
    return isinstance(call, ast.Call) and (_name(call.func), at.parents[-1].arg) in UNSEEN


def _is_setting(at: _Finder) -> bool:
    """Return whether a number is a private constant of a module that changes no result."""
    statement = next((each for each in at.parents if isinstance(each, ast.Assign)), None)
    if at.names or statement is None:
        return False
    return all(SETTINGS.fullmatch(_name(target)) for target in statement.targets)


def _only_looks(at: _Finder) -> bool:
    """Return whether a number sets the appearance of a plot: a width, a place, a size."""
    if not at.path.startswith((f"{PACKAGE}/plots/", f"{PACKAGE}/reporting/display/_svg")):
        return False
    return not at.names or any(isinstance(each, ast.keyword) for each in at.parents) or _places(at)


def _places(at: _Finder) -> bool:
    """Return whether a number is part of the place of a text, and not of what it is about."""
    plain = ast.Tuple | ast.BinOp | ast.UnaryOp
    around = next((each for each in reversed(at.parents) if not isinstance(each, plain)), None)
    return isinstance(around, ast.Call) and _name(around.func) in PLACING


def _negated(node: ast.expr, at: _Finder) -> Iterator[ast.AST]:
    """The condition of ``if``, ``while``, a conditional expression or a comprehension."""
    conditions = [getattr(at.parent, "test", None), *getattr(at.parent, "ifs", ())]
    if node in conditions and not isinstance(node, ast.UnaryOp | ast.Constant):
        yield ast.UnaryOp(ast.Not(), node)


def _result(node: ast.Return, at: _Finder) -> Iterator[str]:
    value = node.value
    if value is None or isinstance(value, ast.Constant):
        return
    if isinstance(value, ast.Compare | ast.BoolOp) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    ):
        yield from ("return True", "return False")
    elif isinstance(value, ast.BinOp) and not isinstance(value.op, ast.BitOr | ast.Mod):
        yield "return 1.0"
    else:
        yield "return None"


def _deleted(node: ast.stmt, at: _Finder) -> Iterator[str]:
    """A statement without which the names of the function are still bound."""
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call):
        return
    if isinstance(node, ast.Assign):
        inside = any(isinstance(each, ast.FunctionDef) for each in at.parents)
        places = all(isinstance(each, ast.Subscript | ast.Attribute) for each in node.targets)
        if not inside or not (places or _is_bound_again(node)):
            return
    yield "pass"


def _is_bound_again(node: ast.Assign) -> bool:
    """Return whether a name is computed from itself: ``rate = rate / 2``."""
    (target, *others) = node.targets
    used = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
    return not others and isinstance(target, ast.Name) and target.id in used


def _opposite(word: str) -> str:
    """Return ``clv_high`` for ``clv_low``, and the same word where there is no opposite."""
    if word in OPPOSITES:
        return OPPOSITES[word]
    return "_".join(OPPOSITES[part] if part in ENDS else part for part in word.split("_"))


def _swapped_name(node: ast.Name, at: _Finder) -> Iterator[ast.AST]:
    other = _opposite(node.id)
    called = isinstance(at.parent, ast.Call) and at.parent.func is node
    known = other in at.known[-1] or (called and node.id in {"min", "max"})
    if isinstance(node.ctx, ast.Load) and other != node.id and known:
        yield _with(node, id=other)


def _swapped_attribute(node: ast.Attribute, at: _Finder) -> Iterator[ast.AST]:
    other = _opposite(node.attr)
    called = isinstance(at.parent, ast.Call) and at.parent.func is node
    of_text = called and node.attr in {"lower", "upper"}
    if isinstance(node.ctx, ast.Load) and other != node.attr and not of_text:
        yield _with(node, attr=other)


def _swapped_text(node: ast.Constant, at: _Finder) -> Iterator[ast.AST]:
    is_name = isinstance(node.value, str) and re.fullmatch(r"\w+", node.value)
    if is_name and set(node.value.split("_")) & ENDS:
        yield ast.Constant(_opposite(node.value))


def _ends(keywords: list[ast.keyword]) -> tuple[ast.keyword, ast.keyword] | None:
    """Return the arguments that are the two limits of an interval."""
    named = {each.arg: each for each in keywords if each.arg}
    pairs = [(one, named.get(_opposite(name))) for name, one in named.items()]
    return next(((a, b) for a, b in pairs if b and a.arg and set(a.arg.split("_")) & ENDS), None)


def _swapped_arguments(node: ast.Call, at: _Finder) -> Iterator[ast.AST]:
    if found := _ends(node.keywords):
        low, high = found
        yield _given_ends(node, low, high, high.value, low.value)


def _halved_arguments(node: ast.Call, at: _Finder) -> Iterator[ast.AST]:
    if found := _ends(node.keywords):
        low, high = found
        first, second = ast.unparse(low.value), ast.unparse(high.value)
        yield _given_ends(
            node,
            low,
            high,
            ast.parse(f"(3 * ({first}) + ({second})) / 4", mode="eval").body,
            ast.parse(f"(({first}) + 3 * ({second})) / 4", mode="eval").body,
        )


def _given_ends(
    node: ast.Call, low: ast.keyword, high: ast.keyword, first: ast.expr, second: ast.expr
) -> ast.AST:
    new = {low: first, high: second}
    changed = [_with(k, value=new[k]) if k in new else k for k in node.keywords]
    return _with(node, keywords=changed)


def _halved_level(node: ast.Name | ast.Attribute, at: _Finder) -> Iterator[str]:
    """A confidence level that is used: in a formula, or given to what computes an interval."""
    if _name(node) != "level" or not isinstance(node.ctx, ast.Load):
        return
    checked = any(isinstance(each, ast.Expr) for each in at.parents)
    if isinstance(at.parent, ast.BinOp | ast.Call | ast.keyword) and not checked:
        yield f"{ast.unparse(node)} / 2"


def _halved_value(node: ast.Assign, at: _Finder) -> Iterator[str]:
    """Half of a half-width or of a standard error, or a narrower pair of limits."""
    target, value = node.targets[0], ast.unparse(node.value)
    if isinstance(target, ast.Name) and HALF_WIDTHS.fullmatch(target.id):
        yield f"{target.id} = ({value}) / 2"
    if isinstance(target, ast.Tuple) and len(target.elts) == 2 and _are_ends(target):
        yield f"{ast.unparse(target)} = {HALVED}({value})"


def _are_ends(pair: ast.Tuple) -> bool:
    words = [set(re.split(r"\W|_", ast.unparse(each))) for each in pair.elts]
    return bool(words[0] & {"low", "lower"}) and bool(words[1] & {"high", "upper"})


def _halved_result(node: ast.Return, at: _Finder) -> Iterator[str]:
    value = node.value
    is_pair = isinstance(value, ast.Tuple) and len(value.elts) == 2
    if is_pair and (_are_ends(value) or INTERVALS.match(at.names[-1])):
        yield f"return {HALVED}({ast.unparse(value)})"


Mutator = Callable[[ast.AST, _Finder], Iterable[ast.AST | str]]
MUTATORS: dict[type[ast.AST], list[tuple[str, Mutator]]] = {
    ast.Compare: [("comparison", _comparison)],
    ast.BinOp: [("arithmetic", _arithmetic)],
    ast.AugAssign: [("arithmetic", _in_place), ("delete", _deleted)],
    ast.BoolOp: [("logic", _logic)],
    ast.UnaryOp: [("drop", _unary)],
    ast.Constant: [("constant", _constant), ("swap", _swapped_text)],
    ast.Return: [("return", _result), ("halve", _halved_result)],
    ast.Expr: [("delete", _deleted)],
    ast.Raise: [("delete", _deleted)],
    ast.Continue: [("delete", _deleted)],
    ast.Break: [("delete", _deleted)],
    ast.Delete: [("delete", _deleted)],
    ast.Assign: [("delete", _deleted), ("halve", _halved_value)],
    ast.Name: [("swap", _swapped_name), ("halve", _halved_level)],
    ast.Attribute: [("swap", _swapped_attribute), ("halve", _halved_level)],
    ast.Call: [("swap", _swapped_arguments), ("halve", _halved_arguments)],
}
