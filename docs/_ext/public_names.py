"""The public names: what each is called, and which classes the functions return.

Every name on the reference's pages is written as it is typed after ``import relmark_research as
rm``.
"""

import functools
import inspect
import re
from functools import reduce
from typing import Any

import relmark_research as rm

PACKAGES = (
    "customers",
    "clv",
    "customer_tables",
    "economics",
    "ladder",
    "relationships",
    "teaching",
)


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
            and (where := public_path(kind)) not in (*public, *found)
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
