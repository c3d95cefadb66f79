"""The key that is derived from a task's name. Pure."""


def name_key(name: str) -> str:
    """Return the name as tasks are sorted and compared by it: without regard to case."""
    return name.casefold()
