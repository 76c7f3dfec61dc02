"""What keeping a customer is worth."""
