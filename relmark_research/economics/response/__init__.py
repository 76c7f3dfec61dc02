"""Response curves of acquisition and retention rates to spend."""
