"""The public names as version 0.1 had them, whatever they are called now (renames.yml).

`rm.ladder.best_levels` is that function of today, also where it has another name or place; its
arguments are given by their old names. So the calls run on version 0.1 and on the newest one alike,
also where a tool that renames has been over them.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any

import relmark_research
from tests.golden.comparing import Renames

SUBJECTS = ("clv", "customers", "economics", "ladder", "relationships")
RENAMES = Renames.read()


class Public:
    """A module of public names; a name is looked up when it is asked for."""

    def __init__(self, within: str = "") -> None:
        self._within = within

    def __getattr__(self, name: str) -> Any:
        old = f"{self._within}{name}"
        return Public(f"{old}.") if old in SUBJECTS else _today(old)


class Renamed:
    """A function or class whose arguments are called otherwise now."""

    def __init__(self, what: Any, arguments: Mapping[str, str]) -> None:
        self._what, self._arguments = what, arguments

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call it, the arguments under the names that it knows."""
        known = inspect.signature(self._what).parameters
        called = {
            old if old in known else self._arguments.get(old, old): value
            for old, value in named.items()
        }
        return self._what(*given, **called)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._what, name)


@cache
def _today(asked: str) -> Any:
    what = _found(asked)
    arguments = {**RENAMES.arguments.get("*", {}), **RENAMES.arguments.get(asked, {})}
    own = RENAMES.arguments.get(asked) or _has(what, arguments)
    return Renamed(what, arguments) if own else what


def _found(asked: str) -> Any:
    """What is asked for under its new name, as asked, or under the name that it had before."""
    old = {new: before for before, new in RENAMES.functions.items()}
    names = [RENAMES.functions.get(asked), asked, old.get(asked)]
    for name in filter(None, names):
        try:
            return attrgetter(name)(relmark_research)
        except AttributeError:
            continue
    raise AttributeError(f"{asked} is not public now. Put its new name into renames.yml.")


def _has(what: Any, arguments: Mapping[str, str]) -> bool:
    """Whether a function, not a class, has one of the new names of arguments."""
    return inspect.isfunction(what) and any(
        new in inspect.signature(what).parameters for new in arguments.values()
    )


rm = Public()
