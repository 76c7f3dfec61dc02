"""What should be spent on them? Interact according to profitability."""
