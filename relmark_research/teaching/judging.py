"""Is an answer the right one, and if not, in which way is it off?

Three kinds of answer are compared: a number, a word (or yes and no), and several of them by label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

UNANSWERED = "Put your answer in place of the three dots, run that cell, then this one."
NOT_YET = ""

RELATIVE = 0.005  # three digits are enough where an exercise says nothing

# what an answer is a multiple of, where it is given in another unit
_SLIPS: dict[str, tuple[tuple[float, str], ...]] = {
    "share": ((100, "in percent; asked for is a share of one"),),
    "percent": ((0.01, "a share of one; asked for are percent"),),
    "years": ((12, "in months; asked for are years"), (365, "in days; asked for are years"),
              (52, "in weeks; asked for are years")),
    "months": ((1 / 12, "in years; asked for are months"), (30, "in days; asked for are months")),
    "weeks": ((7, "in days; asked for are weeks"), (1 / 52, "in years; asked for are weeks")),
    "days": ((1 / 7, "in weeks; asked for are days"),),
    "USD": ((100, "in cents; asked for are dollars"),
            (0.001, "in thousands; asked for are dollars")),
    "euro": ((100, "in cents; asked for are euro"), (0.001, "in thousands; asked for are euro")),
}  # fmt: skip


def agree(given: Any, wanted: Any, tolerance: float | None = None) -> bool:
    """Return whether an answer is the wanted one, within the tolerance.

    Parameters
    ----------
    given, wanted
        Numbers, words, truth values, or several of them by label.
    tolerance
        Largest difference between numbers that counts as none; None is 0.5% of the wanted one.

    Examples
    --------
    >>> agree(0.667, 2 / 3), agree("66.7%", 2 / 3), agree({"a": 1, "b": 2}, {"b": 2, "a": 1})
    (True, False, True)
    """
    wanted = _plain(wanted)
    given = _as_asked(_plain(given), wanted)
    if isinstance(wanted, dict):
        if not isinstance(given, dict) or given.keys() != wanted.keys():
            return False
        return all(agree(given[label], value, tolerance) for label, value in wanted.items())
    if _is_number(wanted):
        return _is_number(given) and abs(given - wanted) <= _room(wanted, tolerance)
    if isinstance(wanted, str):
        return isinstance(given, str) and _folded(given) == _folded(wanted)
    return type(given) is type(wanted) and bool(given == wanted)


def differences(
    given: Any,
    wanted: Any,
    *,
    unit: str = "",
    tolerance: float | None = None,
    choices: tuple[str, ...] = (),
) -> str:
    """Return in words how a wrong answer is off, without the right one; "" where nobody knows.

    Parameters
    ----------
    given, wanted
        The answer, and the right one.
    unit
        What numbers are in, such as ``"share"``.
    tolerance
        As for `agree`.
    choices
        The words to choose from, where the answer is a word.
    """
    if callable(given):
        return "That is a function, not what it returns: call it, with brackets at its end."
    wanted = _plain(wanted)
    given = _as_asked(_plain(given), wanted)
    if isinstance(wanted, dict):
        return _labels_off(given, wanted, unit, tolerance)
    if isinstance(wanted, frozenset):
        return _members_off(given, wanted)
    if isinstance(wanted, bool):
        return (
            NOT_YET if isinstance(given, bool) else f"Answer True or False; found {_kind(given)}."
        )
    if isinstance(wanted, str):
        return _word_off(given, choices)
    return _number_off(given, wanted, unit, tolerance)


def _number_off(given: Any, wanted: float, unit: str, tolerance: float | None) -> str:
    if isinstance(given, str):
        return "Give a number, without quotes and without a sign for percent or money."
    if isinstance(given, dict) and given:
        comma = set(given) == {0, 1} and all(map(_is_number, given.values()))
        if comma and float(given[1]).is_integer():
            return "Those are two numbers. As one number it takes a point: 1.5, not 1,5."
        return f"Asked for is one number; found {len(given)}. Which of them, or their sum or mean?"
    if not _is_number(given):
        return f"Asked for is a number; found {_kind(given)}."
    if math.isnan(given):
        return "That is NaN, not a number: look for a 0 divided by 0, or for a missing value."
    for factor, words in _SLIPS.get(unit, ()):
        if agree(given / factor, wanted, tolerance):
            return f"The figure is right, but {words}."
    if agree(-given, wanted, tolerance):
        return "The sign is the wrong way round."
    if unit == "share" and not 0 <= given <= 1:
        return "A share lies between 0 and 1."
    if unit == "share" and agree(1 - given, wanted, tolerance):
        return "That is the share of the others. Read once more whose share is asked for."
    if wanted and abs(given / wanted - 1) <= 0.03:
        return "Very near. Do not round on the way, only at the end."
    return NOT_YET


def _labels_off(given: Any, wanted: dict[Any, Any], unit: str, tolerance: float | None) -> str:
    if not isinstance(given, dict):
        return (
            f"Asked for are {len(wanted)} values by label (a Series, or a dict); "
            f"found {_kind(given)}."
        )
    missing = [label for label in wanted if label not in given]
    spare = [label for label in given if label not in wanted]
    if missing or spare:
        parts = [("there is nothing for", missing), ("not asked for:", spare)]
        said = "; ".join(f"{words} {_listed(labels)}" for words, labels in parts if labels)
        return f"The labels are others: {said}."
    wrong = [label for label in wanted if not agree(given[label], wanted[label], tolerance)]
    hints = {differences(given[label], wanted[label], unit=unit, tolerance=tolerance)
             for label in wrong}  # fmt: skip
    also = hints.pop() if len(hints) == 1 else NOT_YET
    said = f"{len(wanted) - len(wrong)} of {len(wanted)} are right"
    if sum(isinstance(value, bool) for value in wanted.values()) > 1 and not also:
        return f"{said}."  # to name a wrong yes is to say no
    return f"{said}; look again at {_listed(wrong)}. {also}".strip()


def _members_off(given: Any, wanted: frozenset[Any]) -> str:
    if not isinstance(given, frozenset):
        return (
            'Asked for are names in braces, each in quotes, as {"Anna", "Ben"}; '
            f"found {_kind(given)}."
        )
    right, spare, missing = (len(part) for part in (given & wanted, given - wanted, wanted - given))
    parts = [(right, "belong there", "belongs there"), (spare, "do not", "does not"),
             (missing, "are missing", "is missing")]  # fmt: skip
    first, *others = (f"{n} {one if n == 1 else many}" for n, many, one in parts)
    return f"Of your names {first}, {' and '.join(others)}."


def _word_off(given: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(given, str):
        return f"Asked for is a word in quotes; found {_kind(given)}."
    if choices and _folded(given) not in map(_folded, choices):
        return f"Choose one of: {', '.join(choices)}."
    return NOT_YET


def _plain(value: Any) -> Any:
    """A float, a bool, a str, a dict by label or by place, a frozenset, or what was given."""
    if isinstance(value, pd.DataFrame):
        one = value.shape[1] == 1
        value = value.iloc[:, 0] if one else value.T.unstack()
    if isinstance(value, (pd.Series, Mapping)):
        return {_label(label): _plain(each) for label, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return frozenset(map(_label, value))
    if isinstance(value, pd.Index):
        return frozenset(map(_label, value.tolist()))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return {place: _plain(each) for place, each in enumerate(value)}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return float(value) if isinstance(value, (int, float, np.number)) else value


def _as_asked(given: Any, wanted: Any) -> Any:
    """Take a table of one value for that value, and a list of names, or labels, for their set."""
    if isinstance(given, dict) and isinstance(wanted, frozenset):
        return frozenset(map(_label, _names_in(given)))
    if isinstance(given, dict) and len(given) == 1 and not isinstance(wanted, dict):
        return next(iter(given.values()))
    return given


def _names_in(given: dict[Any, Any]) -> list[Any]:
    """The values; where these are numbers by name, the names; of yes and no, the names with yes."""
    values = list(given.values())
    if not all(isinstance(label, str) for label in given) or any(
        isinstance(value, str) for value in values
    ):
        return values
    marks = values and all(isinstance(value, bool) for value in values)
    return [label for label, value in given.items() if value or not marks]


def _label(label: Any) -> Any:
    """Labels that read the same are the same: 1 and 1.0, "Anna" and " anna"."""
    if isinstance(label, tuple):
        return tuple(map(_label, label))
    if isinstance(label, str):
        return _folded(label)
    return label.item() if isinstance(label, np.generic) else label


def _folded(word: str) -> str:
    return " ".join(word.casefold().replace("-", " ").replace("_", " ").split()).rstrip(".")


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


def _room(wanted: float, tolerance: float | None) -> float:
    return tolerance if tolerance is not None else max(RELATIVE * abs(wanted), 1e-9)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"{len(value)} values"
    names = {str: "text", float: "a number", bool: "True or False", frozenset: "a set of names"}
    return names.get(type(value), f"something else ({type(value).__name__})")


def _listed(labels: list[Any], most: int = 3) -> str:
    shown = ", ".join(map(str, labels[:most]))
    return f"{shown} and {len(labels) - most} more" if len(labels) > most else shown
