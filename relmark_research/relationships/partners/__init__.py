"""Partners of the firm and their surveys."""
