"""Exercises that tell a student whether an answer is right, without giving it away.

The right answers are computed, never stored: each stands in ``answers/lesson_NN.py`` as a function
of the lesson's data and this package, and is worked out when it is first asked for.
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
from relmark_research.teaching.judging import NOT_YET, UNANSWERED, agree, differences

_OTHERWISE = "Work it out by hand for one row, or open the hint."


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong answer that students come to, and the question that leads them out of it.

    Parameters
    ----------
    answer
        The wrong answer, or a function without arguments that computes it.
    hint
        A sentence for whoever gives it. It must not hold the right answer.
    """

    answer: Any
    hint: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise of a lesson: its right answer and the wrong ones that are recognised.

    Parameters
    ----------
    key
        Lesson and number, such as ``"3.2"``.
    answer
        A function without arguments that computes the right answer: a number, a word, True or
        False, a Series or a dict of numbers or words by label, a DataFrame, or a set of labels.
    tolerance
        Largest difference that counts as right, in ``unit``; None is 0.5% of the right answer,
        so that an answer rounded to three digits passes.
    unit
        What the number is in: ``"share"``, ``"percent"``, ``"USD"``, ``"years"``, ``"months"``,
        ``"weeks"``, ``"days"``, or what is counted; ``""`` for a pure number or a word.
    mistakes
        The wrong answers to recognise, at least one.
    choices
        Where the answer is a word: the words to choose from.
    because
        A sentence shown once the answer is right: what it means.
    """

    key: str
    answer: Callable[[], Any]
    tolerance: float | None = None
    unit: str = ""
    mistakes: tuple[Mistake, ...] = ()
    choices: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, repr=False)
class Checked:
    """What `check` says about an answer; true where the answer is right.

    Attributes
    ----------
    key
        The exercise.
    right
        Whether the answer is right.
    words
        The hint, or what the answer means.
    given
        The answer that was judged, where it is a number or a word and wrong.
    """

    key: str
    right: bool
    words: str
    given: str = ""

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{self._verdict} {self.words}".strip()

    def _repr_html_(self) -> str:
        mark, colour = ("✓", "#009e73") if self.right else ("○", "#d55e00")
        return (
            f'<p role="status" style="border-left: 4px solid {colour}; padding: .2em .8em">'
            f'<span aria-hidden="true">{mark}</span> <strong>{escape(self._verdict)}</strong> '
            f"{escape(self.words)}</p>"
        )

    @property
    def _verdict(self) -> str:
        answered = f", you answered {self.given}" if self.given else ""
        return f"Exercise {self.key}: {'right' if self.right else f'not yet{answered}'}."


def check(key: str | float, answer: Any) -> Checked:
    """Say whether an answer to an exercise is right; if not, what kind of mistake it may be.

    Parameters
    ----------
    key
        Lesson and number of the exercise, such as ``"3.2"``.
    answer
        The student's answer.

    Returns
    -------
    Checked
        True where it is right; its words never hold the right answer.

    Raises
    ------
    ParameterError
        If there is no such exercise.

    Examples
    --------
    >>> check("3.1", ...)
    Exercise 3.1: not yet. Put your answer in place of the three dots, run that cell, then this one.
    """
    exercise = find(key)
    wanted = exercise.answer()
    if answer is None or answer is ...:
        return Checked(exercise.key, False, UNANSWERED)
    if agree(answer, wanted, exercise.tolerance):
        return Checked(exercise.key, True, exercise.because)
    return Checked(exercise.key, False, _hint(exercise, answer, wanted), _shown(answer))


def _hint(exercise: Exercise, answer: Any, wanted: Any) -> str:
    for mistake in exercise.mistakes:
        if agree(answer, value_of(mistake.answer), exercise.tolerance):
            return mistake.hint
    words = differences(
        answer, wanted, unit=exercise.unit, tolerance=exercise.tolerance, choices=exercise.choices
    )
    return words if words != NOT_YET else _OTHERWISE


def _shown(answer: Any) -> str:
    """A number or a word as it was given, so that one sees whether the cell above was run."""
    if isinstance(answer, (bool, np.bool_, str)):
        text = repr(answer) if isinstance(answer, str) else str(bool(answer))
        return text if len(text) <= 40 else ""
    return f"{answer:.7g}" if isinstance(answer, (int, float, np.number)) else ""


def find(key: str | float) -> Exercise:
    """Return the exercise with this key.

    Raises
    ------
    ParameterError
        If there is none; the message names the nearest.
    """
    lesson, _, _ = str(key).strip().partition(".")
    exercises = {each.key: each for each in lesson_exercises(lesson)}
    if str(key).strip() not in exercises:
        known = [each.key for number in lessons() for each in lesson_exercises(number)]
        raise ParameterError(unknown_name("exercise", str(key), known))
    return exercises[str(key).strip()]


def lessons() -> list[str]:
    """Return the numbers of the lessons with exercises, as written in the keys."""
    from relmark_research.teaching import answers

    names = sorted(module.name for module in iter_modules(answers.__path__))
    return [str(int(name.removeprefix("lesson_"))) for name in names]


def lesson_exercises(lesson: str | int) -> tuple[Exercise, ...]:
    """Return the exercises of a lesson, none where there is no such lesson."""
    if str(lesson) not in lessons():
        return ()
    module = import_module(f"relmark_research.teaching.answers.lesson_{int(lesson):02}")
    exercises: tuple[Exercise, ...] = module.EXERCISES
    return exercises


def value_of(answer: Any) -> Any:
    """Return an answer, computed first where it is a function."""
    return answer() if callable(answer) else answer
