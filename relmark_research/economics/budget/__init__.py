"""Acquisition and retention spending, and how to split a budget."""
