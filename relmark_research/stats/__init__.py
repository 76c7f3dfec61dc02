"""Statistics that know nothing of customers: intervals, resampling, survival, optimisation."""
