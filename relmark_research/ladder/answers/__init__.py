"""Results from an estimated ladder: projection, first passage, value, backtest."""
