"""Lessons: exercises with automatic feedback, copies for students, sliders, and the glossary.

A lesson imports what it needs in one line:
``from relmark_research.teaching import check, figure, say, slider``.
"""

from relmark_research.reporting.display.story import figure, say
from relmark_research.teaching._sliders import slider
from relmark_research.teaching.exercises import check

__all__ = ["check", "figure", "say", "slider"]
