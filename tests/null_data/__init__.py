"""Simulated firms where the right answer is nothing, no effect, too little data, or unusual."""
