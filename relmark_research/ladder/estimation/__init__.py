"""Estimates of how customers move between rungs."""
