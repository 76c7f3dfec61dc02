"""Running notebooks in processes of their own."""
