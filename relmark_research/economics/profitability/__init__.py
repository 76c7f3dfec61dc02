"""Profit by customer, its concentration, and groups of customers."""
