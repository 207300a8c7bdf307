"""Pools of any kind: their rows, what rows are known by, features kept by row."""
