"""Studies on real data: how often ranges hold, and what they cost. `make studies DATA=DIR`."""
