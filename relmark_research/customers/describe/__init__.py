"""Descriptions of the customer base: growth, cohorts, survival, RFM."""
