"""The value of customer retention."""
