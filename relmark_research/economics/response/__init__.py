"""Response curves: what spending buys."""
