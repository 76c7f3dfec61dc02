"""What each report says: sentences filled with the numbers of the run."""
