"""Satisfaction, recommendation, and retention."""
