"""Models whose parameters depend on covariates."""
