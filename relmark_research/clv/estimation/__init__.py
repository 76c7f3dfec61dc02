"""How models are declared, fitted, diagnosed and saved."""
