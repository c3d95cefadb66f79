"""Fields that are derived from a task's name: they sort tasks by name, and keep unique names unique. Pure.

One index serves both: it is unique, and a task whose name need not be unique fills its last field with its own ID.
"""

from tocsin.documents.task_documents import TaskNameFields

NAME_INDEX = ("owner", "name_key", "name_slot")


def name_key(name: str) -> str:
    """Return the name as tasks are sorted and compared by it: without regard to case."""
    return name.casefold()


def name_fields(task_id: str, name: str, *, unique: bool) -> TaskNameFields:
    """Return the stored fields that derive from the name of this task."""
    return {"name_key": name_key(name), "name_slot": "" if unique else task_id}
