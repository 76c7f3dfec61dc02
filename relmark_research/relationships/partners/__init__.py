"""Partners of the firm: records, surveys and scorecards."""
