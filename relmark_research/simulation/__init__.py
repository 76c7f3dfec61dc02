"""Simulated data with known parameters: the sample firm."""
