"""The calls by name, and which of them are slow."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.golden.flat import Flat

Function = Callable[[], Flat]


@dataclass(frozen=True)
class Call:
    """A call of the public functions: what it is called, what it does, whether it takes long."""

    name: str
    function: Function
    slow: bool


CALLS: dict[str, Call] = {}


def call(function: Function) -> Function:
    """Put a function among the calls, under its own name."""
    return _kept(function, slow=False)


def slow_call(function: Function) -> Function:
    """The same for one that takes more than a second or so."""
    return _kept(function, slow=True)


def _kept(function: Function, *, slow: bool) -> Function:
    name = f"{function.__module__.rpartition('calls_')[2]}.{function.__name__}"
    CALLS[name] = Call(name, function, slow)
    return function
