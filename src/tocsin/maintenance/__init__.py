"""Duties of a process at intervals, apart from running tasks."""
