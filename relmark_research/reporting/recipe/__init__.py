"""Recipes: the recipe file, notebook parameters, input data and tables, alerts, hooks."""
