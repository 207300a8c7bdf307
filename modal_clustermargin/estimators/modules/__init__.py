"""Torch networks, and what loads their weights."""
