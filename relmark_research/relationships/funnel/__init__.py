"""The conversion funnel of prospects."""
