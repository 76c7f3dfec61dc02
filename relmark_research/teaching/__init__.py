"""Lessons: exercises with automatic feedback, copies for students, sliders, and the glossary.

A lesson imports what it needs in one line:
``from relmark_research.teaching import check, figure, say, slider``.
"""

from relmark_research.reporting.display.story import figure, say
from relmark_research.teaching._sliders import slider
from relmark_research.teaching.exercises import CheckResult, check
from relmark_research.teaching.glossary import GlossaryEntry, Term

__all__ = ["CheckResult", "GlossaryEntry", "Term", "check", "figure", "say", "slider"]
