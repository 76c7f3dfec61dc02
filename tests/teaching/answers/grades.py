"""What the check of an exercise makes of an answer."""

from typing import Any

from relmark_research.teaching.exercises import check, find, value_of

RIGHT = "right"


def grade(key: str, answer: Any) -> str | int:
    """Return ``RIGHT``, the number of the recognised mistake (from 1), or 0 for any other."""
    exercise, found = find(key), check(key, answer)
    if found:
        assert found.message == exercise.meaning
        return RIGHT
    hints = [mistake.hint for mistake in exercise.mistakes]
    return hints.index(found.message) + 1 if found.message in hints else 0


def accepted_range(key: str, tolerance: float) -> tuple[list[str | int], list[str | int]]:
    """Return the grades just inside and just outside a tolerance, on both sides of the answer."""
    right = value_of(find(key).answer)
    inside, outside = 0.9 * tolerance, 1.1 * tolerance
    return (
        [grade(key, right + inside), grade(key, right - inside)],
        [grade(key, right + outside), grade(key, right - outside)],
    )
