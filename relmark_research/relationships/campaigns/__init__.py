"""Campaign experiments, uplift and targeting."""
