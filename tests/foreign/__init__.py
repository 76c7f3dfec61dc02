"""Models as a user defines them, outside the package, and what the package does with them."""
