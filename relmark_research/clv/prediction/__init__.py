"""Forecasts and lifetime values, with their intervals."""
