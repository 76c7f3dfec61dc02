"""What are they worth? Differentiate customers by what they will buy and spend."""
