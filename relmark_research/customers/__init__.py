"""Who are they? Identify each customer and sum up what the log says of them."""
