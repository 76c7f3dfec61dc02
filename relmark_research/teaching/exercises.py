"""Exercises with feedback on an answer, without showing the correct answer.

Correct answers are computed, not stored: ``answers/lesson_NN.py`` has a function for each, which
uses the data of the lesson and this package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np

from relmark_research.errors import ParameterError, unknown_name
from relmark_research.teaching._grading import NO_HINT, UNANSWERED, agree, differences

_DEFAULT_HINT = "Work it out by hand for one row, or open the hint."


@dataclass(frozen=True, eq=False)
class Mistake:
    """A common wrong answer, and a hint for students who give it.

    Parameters
    ----------
    answer
        The wrong answer, or a function without arguments that computes it.
    hint
        A sentence that does not contain the correct answer.
    """

    answer: Any
    hint: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise of a lesson: its correct answer and the recognised mistakes.

    Parameters
    ----------
    key
        Lesson and number, such as ``"3.2"``.
    answer
        A function without arguments that computes the correct answer: a number, a word, True or
        False, a Series or a dict of numbers or words by label, a DataFrame, or a set of labels.
    tolerance
        Largest accepted difference, in ``unit``; None is 0.5% of the correct answer, so that an
        answer rounded to three digits is accepted.
    unit
        Unit of the number: ``"share"``, ``"percent"``, ``"USD"``, ``"years"``, ``"months"``,
        ``"weeks"``, ``"days"``, or what is counted; ``""`` for a pure number or a word.
    mistakes
        The wrong answers to recognise, at least one.
    choices
        The words to choose from, if the answer is a word.
    meaning
        A sentence about the meaning of the answer, shown once the answer is correct.
    """

    key: str
    answer: Callable[[], Any]
    tolerance: float | None = None
    unit: str = ""
    mistakes: tuple[Mistake, ...] = ()
    choices: tuple[str, ...] = ()
    meaning: str = ""


@dataclass(frozen=True, repr=False)
class CheckResult:
    """The result of `check`; true if the answer is correct.

    Attributes
    ----------
    key
        The exercise.
    correct
        Whether the answer is correct.
    message
        The hint, or the meaning of the answer.
    answer
        The answer, if it is a wrong number or word.
    """

    key: str
    correct: bool
    message: str
    answer: str = ""

    def __bool__(self) -> bool:
        return self.correct

    def __repr__(self) -> str:
        return f"{self._verdict} {self.message}".strip()

    def _repr_html_(self) -> str:
        mark, colour = ("✓", "#009e73") if self.correct else ("○", "#d55e00")
        return (
            f'<p role="status" style="border-left: 4px solid {colour}; padding: .2em .8em">'
            f'<span aria-hidden="true">{mark}</span> <strong>{escape(self._verdict)}</strong> '
            f"{escape(self.message)}</p>"
        )

    @property
    def _verdict(self) -> str:
        answered = f", you answered {self.answer}" if self.answer else ""
        return f"Exercise {self.key}: {'right' if self.correct else f'not yet{answered}'}."


def check(key: str | float, answer: Any) -> CheckResult:
    """Check the answer to an exercise, and return a hint if it is wrong.

    Parameters
    ----------
    key
        Lesson and number of the exercise, such as ``"3.2"``.
    answer
        The student's answer.

    Returns
    -------
    CheckResult
        True if the answer is correct; its message never contains the correct answer.

    Raises
    ------
    ParameterError
        There is no such exercise.

    Examples
    --------
    >>> check("3.1", ...)
    Exercise 3.1: not yet. Put your answer in place of the three dots, run that cell, then this one.
    """
    exercise = find(key)
    correct = exercise.answer()
    if answer is None or answer is ...:
        return CheckResult(exercise.key, False, UNANSWERED)
    if agree(answer, correct, exercise.tolerance):
        return CheckResult(exercise.key, True, exercise.meaning)
    hint = _hint(exercise, answer, correct)
    return CheckResult(exercise.key, False, hint, _short_text(answer))


def _hint(exercise: Exercise, answer: Any, correct: Any) -> str:
    for mistake in exercise.mistakes:
        if agree(answer, value_of(mistake.answer), exercise.tolerance):
            return mistake.hint
    hint = differences(
        answer, correct, unit=exercise.unit, tolerance=exercise.tolerance, choices=exercise.choices
    )
    return hint if hint != NO_HINT else _DEFAULT_HINT


def _short_text(answer: Any) -> str:
    """Return a number or a word as text, so that students see which answer was checked."""
    if isinstance(answer, (bool, np.bool_, str)):
        text = repr(answer) if isinstance(answer, str) else str(bool(answer))
        return text if len(text) <= 40 else ""
    return f"{answer:.7g}" if isinstance(answer, (int, float, np.number)) else ""


def find(key: str | float) -> Exercise:
    """Return the exercise with this key.

    Raises
    ------
    ParameterError
        There is no such exercise; the message suggests the closest.
    """
    lesson, _, _ = str(key).strip().partition(".")
    exercises = {each.key: each for each in lesson_exercises(lesson)}
    if str(key).strip() not in exercises:
        known = [each.key for number in lessons() for each in lesson_exercises(number)]
        raise ParameterError(unknown_name("exercise", str(key), known))
    return exercises[str(key).strip()]


def lessons() -> list[str]:
    """Return the numbers of the lessons with exercises, as text."""
    from relmark_research.teaching import answers

    names = sorted(module.name for module in iter_modules(answers.__path__))
    return [str(int(name.removeprefix("lesson_"))) for name in names]


def lesson_exercises(lesson: str | int) -> tuple[Exercise, ...]:
    """Return the exercises of a lesson; empty if there is no such lesson."""
    if str(lesson) not in lessons():
        return ()
    module = import_module(f"relmark_research.teaching.answers.lesson_{int(lesson):02}")
    exercises: tuple[Exercise, ...] = module.EXERCISES
    return exercises


def value_of(answer: Any) -> Any:
    """Return an answer, or the result if it is a function."""
    return answer() if callable(answer) else answer
