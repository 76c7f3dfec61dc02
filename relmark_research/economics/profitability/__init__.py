"""Customer profitability, its concentration, and customer groups."""
