"""Fields that are derived from a task's name: they sort tasks by name, and keep unique names unique. Pure.

One index serves both: it is unique, and a task whose name need not be unique fills its last field with its own ID.
"""

from tocsin.documents.task_documents import TaskNameFields

NAME_INDEX = "owner_1_name_key_1_name_slot_1"
"""The name of the index."""
FIRST_UNIQUE_SLOT = ""
ABOVE_UNIQUE_SLOTS = "!"
"""Greater than each slot of a unique name, and less than each ID."""


def name_key(name: str) -> str:
    """Return the name as tasks are sorted and compared by it: without regard to case."""
    return name.casefold()


def name_fields(task_id: str, name: str, *, unique: bool) -> TaskNameFields:
    """Return the stored fields that derive from the name of this task."""
    return {"name_key": name_key(name), "name_slot": FIRST_UNIQUE_SLOT if unique else task_id}


def unique_slot(number: int) -> str:
    """Return the slot of a unique name with this number, from 0."""
    return f" {number}" if number else FIRST_UNIQUE_SLOT


def is_unique_slot(slot: str) -> bool:
    """Tell whether this is the slot of a unique name."""
    return slot < ABOVE_UNIQUE_SLOTS
