"""Runs that failed for good: finding, discarding and replaying them."""
