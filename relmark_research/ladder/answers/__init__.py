"""Questions that an estimated ladder answers."""
