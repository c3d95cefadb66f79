"""The kinds of work that a task can do."""
