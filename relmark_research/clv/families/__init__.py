"""The models: one file for each family of distributions."""
