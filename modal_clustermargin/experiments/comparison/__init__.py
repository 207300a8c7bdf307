"""Strategies compared on a data set: settings, runs, results, report."""
