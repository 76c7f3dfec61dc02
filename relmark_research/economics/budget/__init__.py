"""Acquisition and retention spending: unit costs, customer equity and the optimal budget."""
