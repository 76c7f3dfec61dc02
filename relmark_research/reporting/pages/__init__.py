"""Executed notebooks as HTML and PDF pages."""
