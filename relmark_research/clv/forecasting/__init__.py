"""How much will they buy? Totals with ranges, and the record of such forecasts in the log."""
