"""Torch networks, and functions that load their weights."""
