"""Stored runs: where they are, whether they are intact, and what is repaired."""
