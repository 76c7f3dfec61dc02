"""What can go wrong, by whom it is mended.

Every message says three things: what was expected, what was found (value, count, first
offenders), and what to do about it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class RelmarkError(Exception):
    """Anything that relmark_research refuses to do; the message says why and what to do."""


class DataError(RelmarkError, ValueError):
    """The data cannot carry the question that was asked of them."""


class ParameterError(RelmarkError, ValueError):
    """An argument, a model's parameter or an option is outside its domain."""


class ConvergenceError(RelmarkError, RuntimeError):
    """A search for the best parameters did not end at one."""


class LadderError(RelmarkError, ValueError):
    """The rungs or the rules of a loyalty ladder contradict each other or the data."""


class ReportError(RelmarkError, RuntimeError):
    """A recipe, a notebook or a run of reports cannot be carried out."""


def unknown_name(kind: str, name: object, choices: Iterable[object]) -> str:
    """Return a sentence that says which names there are and which one is nearest.

    Parameters
    ----------
    kind
        What the name stands for, as a reader would call it: ``"column"``, ``"unit"``.
    name
        The name that was given.
    choices
        The names that exist.

    Examples
    --------
    >>> unknown_name("column", "custmer", ["customer", "date"])
    "no column 'custmer'; there are: customer, date. Did you mean 'customer'?"
    """
    names = [str(choice) for choice in choices]
    lowered = {known.lower(): known for known in reversed(names)}
    near = get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    hint = f" Did you mean {lowered[near[0]]!r}?" if near else ""
    return f"no {kind} {name!r}; there are: {', '.join(names) or 'none'}.{hint}"


def check_choice(kind: str, name: object, choices: Iterable[object]) -> None:
    """Raise ParameterError unless ``name`` is one of ``choices``."""
    known = list(choices)
    if name not in known:
        raise ParameterError(unknown_name(kind, name, known))
