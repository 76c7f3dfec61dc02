"""Relationship marketing, measured."""
__version__ = "0.1.0"
