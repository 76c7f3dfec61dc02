"""The next best action for each customer, by residual value."""
