"""Who stood on which rung when."""
