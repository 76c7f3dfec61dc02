"""What the pages need beside Markdown: public names by their short name.

{names}     one directive: public names, a line each, documented from their docstrings
{rm}        a role: the public name, linked to where it is documented
{folded}    a directive: its content behind one click, the argument being what is shown
"""

import functools
import inspect
import re
from functools import reduce
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective

import relmark_research as rm

NAMED = {  # named on a page, though no stub does
    "relmark_research.clv.estimation.model.PurchaseModel",
    "relmark_research.clv.families.contract.ContractModel",
    "relmark_research.relationships.funnel.conversion_funnel.Prospects",
}
PACKAGES = ("customers", "clv", "economics", "ladder", "relationships")


def path_of(name: str) -> str:
    """Return a name's shortest public path: ``forecast`` is at the top, ``tier_table`` below."""
    first = name.split(".")[0]
    if first in PACKAGES or first in rm.__all__ or first in ("plots", "teaching", "reporting"):
        return f"relmark_research.{name}"
    for package in PACKAGES:
        if first in getattr(rm, package).__all__:
            return f"relmark_research.{package}.{name}"
    return f"relmark_research.{name}"


def canonical(path: str) -> str:
    """Return where a name is documented: an inherited method stands with the class that has it."""
    owner, _, last = path.rpartition(".")
    holder = object_at(owner)
    if inspect.isclass(holder) and last not in vars(holder):
        heir = next((base for base in holder.__mro__ if last in vars(base)), holder)
        return f"{public_path(heir)}.{last}"
    return path


def public_path(found: Any) -> str:
    """Return the path under which a class of ours is documented."""
    path = path_of(found.__name__)
    known = path.count(".") > 1 or found.__name__ in rm.__all__
    return path if known else f"{found.__module__}.{found.__name__}"


def names_in(line: str) -> list[str]:
    """Return a line's name, or all names of a module for ``module.*``."""
    if not line.endswith(".*"):
        return [line]
    module = object_at(path_of(line[:-2]))
    wanted = [name for name in public_names(module) if not name.startswith("describe_")]
    return [f"{line[:-2]}.{name}" for name in wanted]


def public_names(module: Any) -> list[str]:
    """Return a module's ``__all__``, or its own functions and classes without an underscore."""
    own = [
        name
        for name, found in vars(module).items()
        if not name.startswith("_") and getattr(found, "__module__", "") == module.__name__
    ]
    return list(getattr(module, "__all__", own))


def object_at(path: str) -> Any:
    """Return what a dotted path leads to, importing modules on the way."""
    from importlib import import_module

    def step(found: Any, part: str) -> Any:
        if inspect.ismodule(found) and not hasattr(found, part):
            return import_module(f"{found.__name__}.{part}")
        return getattr(found, part)

    return reduce(step, path.split(".")[1:], rm)


class Names(SphinxDirective):
    """Document public names, one a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return what autodoc makes of each name, and of what it returns."""
        lines = [name for line in self.content if line.strip() for name in names_in(line.strip())]
        return self.parse_text_to_nodes("\n\n".join(map(self._text, lines)))

    def _text(self, name: str) -> str:
        path = path_of(name)
        found = object_at(path)
        if callable(found):
            self.env.note_dependency(inspect.getfile(found))
        return "\n\n".join(map(_documented, [path, *results_of(path)]))


def _documented(path: str) -> str:
    found = object_at(path)
    kind, options = "function", ""
    if inspect.isclass(found):
        plain = issubclass(found, Exception)
        kind, options = ("exception", "") if plain else ("class", "   :members:\n")
    elif not callable(found):
        return f"```{{eval-rst}}\n.. py:data:: {path}\n   :type: {type(found).__name__}\n```"
    return f"```{{eval-rst}}\n.. auto{kind}:: {path}\n{options}```"


def results_of(path: str) -> list[str]:
    """Return the classes that a function or a class's methods return and that no stub names."""
    return [result for result, giver in _results().items() if giver == path]


@functools.cache
def _results() -> dict[str, str]:
    """Each such class -> the first public function or class that gives it, if by another."""
    public = [path_of(name) for package in (rm, *_packages()) for name in package.__all__]
    found: dict[str, str] = {}
    asked = {path: path for path in public}
    while asked:
        asked = {
            where: giver
            for path, giver in asked.items()
            for kind in _returned(object_at(path))
            if kind.__module__.startswith("relmark_research.")
            and (where := public_path(kind)) not in (*public, *found, *NAMED)
        }
        found |= asked
    return found


def _packages() -> list[Any]:
    return [getattr(rm, package) for package in PACKAGES]


def _returned(found: Any) -> list[type]:
    """The classes of ours that a function, or a class's public methods, say they return."""
    if inspect.ismodule(found) or not callable(found):
        return []
    functions = [found]
    if inspect.isclass(found):
        members = [each for name, each in vars(found).items() if not name.startswith("_")]
        functions = [getattr(each, "__func__", getattr(each, "fget", each)) for each in members]
    return [kind for function in functions for kind in _return_types(function)]


def _return_types(function: Any) -> list[type]:
    words = str(getattr(function, "__annotations__", {}).get("return", ""))
    space = getattr(function, "__globals__", {})
    types = []
    for word in re.findall(r"[A-Za-z_][\w.]*", words):
        first, *rest = word.split(".")
        types.append(reduce(lambda at, part: getattr(at, part, None), rest, space.get(first)))
    return [kind for kind in types if inspect.isclass(kind)]


class PublicName(ReferenceRole):
    """A public name by its short name, linked."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return a reference that the Python domain resolves."""
        target = addnodes.pending_xref(
            "",
            nodes.literal(self.rawtext, self.title, classes=["py", "xref"]),
            refdomain="py",
            reftype="obj",
            reftarget=canonical(path_of(self.target)),
            refwarn=True,
            refexplicit=True,
            refdoc=self.env.docname,
        )
        self.set_source_info(target)
        return [target], []


def call_it_rm(app: Sphinx, doctree: nodes.document) -> None:
    """Show names as they are written after ``import relmark_research as rm``."""
    for node in doctree.findall(addnodes.desc_addname):
        if node.astext().startswith("relmark_research."):
            node.children = [nodes.Text("rm." + node.astext().removeprefix("relmark_research."))]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the role."""
    app.add_directive("names", Names)
    app.add_role("rm", PublicName())
    app.connect("doctree-read", call_it_rm)
    app.add_config_value("package_digest", "", "env", types=(str,))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
