"""What to do about each customer."""
