"""The ways in which users are notified: a folder each, and a line in `table`."""
