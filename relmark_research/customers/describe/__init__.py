"""Descriptions of the customer base: growth, cohorts, retention curves, RFM segments."""
