"""Conversion from and to other packages."""
