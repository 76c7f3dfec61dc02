"""Recipes in, reports out: everything between a YAML file and a page that a person reads."""
