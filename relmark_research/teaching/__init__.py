"""Lessons: exercises that check themselves, copies for students, sliders, and the glossary.

A lesson needs one line for all that it says and asks:
``from relmark_research.teaching import check, figure, say, slider``.
"""

from relmark_research.reporting.display.story import figure, say
from relmark_research.teaching.exercises import check
from relmark_research.teaching.sliders import slider

__all__ = ["check", "figure", "say", "slider"]
