"""Bin picking that learns a new part in minutes because it remembers the old ones."""

__version__ = "0.1.0"
