"""Campaigns and their control groups."""
