"""Satisfaction, recommendation and retention."""
