"""A comparison of query strategies: its runs, and the report of what they came to."""
