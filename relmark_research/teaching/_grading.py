"""Grading: whether an answer is correct, and a hint about the difference if it is not.

An answer is a number, a word, True or False, or several of them by label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

UNANSWERED = "Put your answer in place of the three dots, run that cell, then this one."
NO_HINT = ""

_RELATIVE_TOLERANCE = 0.005  # three digits are enough by default

# unit -> factors of an answer in another unit, and the hint
_UNIT_ERRORS: dict[str, tuple[tuple[float, str], ...]] = {
    "share": ((100, "in percent; give a share of one"),),
    "percent": ((0.01, "a share of one; give percent"),),
    "years": ((12, "in months; give years"), (365, "in days; give years"),
              (52, "in weeks; give years")),
    "months": ((1 / 12, "in years; give months"), (30, "in days; give months")),
    "weeks": ((7, "in days; give weeks"), (1 / 52, "in years; give weeks")),
    "days": ((1 / 7, "in weeks; give days"),),
    "USD": ((100, "in cents; give dollars"),
            (0.001, "in thousands; give dollars")),
    "euro": ((100, "in cents; give euros"), (0.001, "in thousands; give euros")),
}  # fmt: skip


def agree(answer: Any, correct: Any, tolerance: float | None = None) -> bool:
    """Return whether an answer is correct within the tolerance.

    Parameters
    ----------
    answer, correct
        Numbers, words, truth values, or several of them by label.
    tolerance
        Largest accepted difference between numbers; None is 0.5% of the correct number.

    Examples
    --------
    >>> agree(0.667, 2 / 3), agree("66.7%", 2 / 3), agree({"a": 1, "b": 2}, {"b": 2, "a": 1})
    (True, False, True)
    """
    correct = _normalised(correct)
    answer = _as_expected(_normalised(answer), correct)
    if isinstance(correct, dict):
        if not isinstance(answer, dict) or answer.keys() != correct.keys():
            return False
        return all(agree(answer[label], value, tolerance) for label, value in correct.items())
    if _is_number(correct):
        return _is_number(answer) and abs(answer - correct) <= _allowed_difference(
            correct, tolerance
        )
    if isinstance(correct, str):
        return isinstance(answer, str) and _folded(answer) == _folded(correct)
    return type(answer) is type(correct) and bool(answer == correct)


def differences(
    answer: Any,
    correct: Any,
    *,
    unit: str = "",
    tolerance: float | None = None,
    choices: tuple[str, ...] = (),
) -> str:
    """Return a hint about a wrong answer, without the correct one; ``""`` if there is none.

    Parameters
    ----------
    answer, correct
        The answer and the correct answer.
    unit
        Unit of the numbers, such as ``"share"``.
    tolerance
        See `agree`.
    choices
        The words to choose from, if the answer is a word.
    """
    if callable(answer):
        return "That is a function, not what it returns: call it, with brackets at its end."
    correct = _normalised(correct)
    answer = _as_expected(_normalised(answer), correct)
    if isinstance(correct, dict):
        return _labels_hint(answer, correct, unit, tolerance)
    if isinstance(correct, frozenset):
        return _members_hint(answer, correct)
    if isinstance(correct, bool):
        return (
            NO_HINT
            if isinstance(answer, bool)
            else f"Answer True or False; found {_type_name(answer)}."
        )
    if isinstance(correct, str):
        return _word_hint(answer, choices)
    return _number_hint(answer, correct, unit, tolerance)


def _number_hint(answer: Any, correct: float, unit: str, tolerance: float | None) -> str:
    if isinstance(answer, str):
        return "Give a number, without quotes and without a sign for percent or money."
    if isinstance(answer, dict) and answer:
        comma = set(answer) == {0, 1} and all(map(_is_number, answer.values()))
        if comma and float(answer[1]).is_integer():
            return "Those are two numbers. As one number it takes a point: 1.5, not 1,5."
        return f"Give one number; found {len(answer)}. Which of them, or their sum or mean?"
    if not _is_number(answer):
        return f"Give a number; found {_type_name(answer)}."
    if math.isnan(answer):
        return "That is NaN, not a number: look for a 0 divided by 0, or for a missing value."
    is_near_0 = abs(correct) <= _allowed_difference(correct, tolerance)
    for factor, words in _UNIT_ERRORS.get(unit, ()):
        if agree(answer / factor, correct, tolerance) and not is_near_0:
            return f"The figure is right, but {words}."
    if agree(-answer, correct, tolerance):
        return "The sign is wrong."
    if unit == "share" and not 0 <= answer <= 1:
        return "A share lies between 0 and 1."
    if unit == "share" and agree(1 - answer, correct, tolerance):
        return "That is the share of the others. Check whose share the question asks for."
    if correct and abs(answer / correct - 1) <= 0.03:
        return "Very close. Round only at the end, not on the way."
    return NO_HINT


def _labels_hint(answer: Any, correct: dict[Any, Any], unit: str, tolerance: float | None) -> str:
    if not isinstance(answer, dict):
        return (
            f"Give {len(correct)} values by label (a Series, or a dict); "
            f"found {_type_name(answer)}."
        )
    missing = [label for label in correct if label not in answer]
    extra = [label for label in answer if label not in correct]
    if missing or extra:
        parts = [("missing:", missing), ("unexpected:", extra)]
        said = "; ".join(f"{words} {_first_few(labels)}" for words, labels in parts if labels)
        return f"The labels differ: {said}."
    wrong = [label for label in correct if not agree(answer[label], correct[label], tolerance)]
    hints = {differences(answer[label], correct[label], unit=unit, tolerance=tolerance)
             for label in wrong}  # fmt: skip
    also = hints.pop() if len(hints) == 1 else NO_HINT
    said = f"{len(correct) - len(wrong)} of {len(correct)} are right"
    if sum(isinstance(value, bool) for value in correct.values()) > 1 and not also:
        return f"{said}."  # naming a wrong True would give the answer away
    return f"{said}; look again at {_first_few(wrong)}. {also}".strip()


def _members_hint(answer: Any, correct: frozenset[Any]) -> str:
    if not isinstance(answer, frozenset):
        return (
            'Give names in braces, each in quotes, such as {"Anna", "Ben"}; '
            f"found {_type_name(answer)}."
        )
    right, extra, missing = (
        len(part) for part in (answer & correct, answer - correct, correct - answer)
    )
    parts = [(right, "belong there", "belongs there"), (extra, "do not", "does not"),
             (missing, "are missing", "is missing")]  # fmt: skip
    first, *others = (f"{n} {one if n == 1 else many}" for n, many, one in parts)
    return f"Of your names {first}, {' and '.join(others)}."


def _word_hint(answer: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(answer, str):
        return f"Give a word in quotes; found {_type_name(answer)}."
    if choices and _folded(answer) not in map(_folded, choices):
        return f"Choose one of: {', '.join(choices)}."
    return NO_HINT


def _normalised(value: Any) -> Any:
    """Return a float, bool, str, dict by label or position, frozenset, or the value itself."""
    if isinstance(value, pd.DataFrame):
        one = value.shape[1] == 1
        value = value.iloc[:, 0] if one else value.T.unstack()
    if isinstance(value, (pd.Series, Mapping)):
        return {_label(label): _normalised(each) for label, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return frozenset(map(_label, value))
    if isinstance(value, pd.Index):
        return frozenset(map(_label, value.tolist()))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return {position: _normalised(each) for position, each in enumerate(value)}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return float(value) if isinstance(value, (int, float, np.number)) else value


def _as_expected(answer: Any, correct: Any) -> Any:
    """Return a table with one value as that value, and a list of names as a set if expected."""
    if isinstance(answer, dict) and isinstance(correct, frozenset):
        return frozenset(map(_label, _names_in(answer)))
    if isinstance(answer, dict) and len(answer) == 1 and not isinstance(correct, dict):
        return next(iter(answer.values()))
    return answer


def _names_in(answer: dict[Any, Any]) -> list[Any]:
    """Return the values; for numbers by name the names; for truth values the true names."""
    values = list(answer.values())
    if not all(isinstance(label, str) for label in answer) or any(
        isinstance(value, str) for value in values
    ):
        return values
    marks = values and all(isinstance(value, bool) for value in values)
    return [label for label, value in answer.items() if value or not marks]


def _label(label: Any) -> Any:
    """Return a label for comparison: 1 equals 1.0, and "Anna" equals " anna"."""
    if isinstance(label, tuple):
        return tuple(map(_label, label))
    if isinstance(label, str):
        return _folded(label)
    return label.item() if isinstance(label, np.generic) else label


def _folded(word: str) -> str:
    return " ".join(word.casefold().replace("-", " ").replace("_", " ").split()).rstrip(".")


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


def _allowed_difference(correct: float, tolerance: float | None) -> float:
    return tolerance if tolerance is not None else max(_RELATIVE_TOLERANCE * abs(correct), 1e-9)


def _type_name(value: Any) -> str:
    if isinstance(value, dict):
        return f"{len(value)} values"
    names = {str: "text", float: "a number", bool: "True or False", frozenset: "a set of names"}
    return names.get(type(value), f"something else ({type(value).__name__})")


def _first_few(labels: list[Any], most: int = 3) -> str:
    shown = ", ".join(map(str, labels[:most]))
    return f"{shown} and {len(labels) - most} more" if len(labels) > most else shown
