"""From prospect to customer."""
