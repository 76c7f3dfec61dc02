"""Correct answers: one module for each lesson, with its `EXERCISES`."""
