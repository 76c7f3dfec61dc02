"""The text of each report: sentences with the numbers of a run."""
