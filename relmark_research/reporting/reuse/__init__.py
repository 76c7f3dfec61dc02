"""Reuse of results: what a result depends on, what its notebook read, and why it ran again."""
