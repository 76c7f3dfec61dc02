"""Execution of a recipe: one process per notebook, limits, reuse of results, verification."""
