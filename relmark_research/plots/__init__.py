"""A table in, Axes out: every picture that the reports show."""
