"""The text of the reports on value: lifetime value, and retention versus acquisition."""
