"""The extras of this package that some jobs need, and what to do if one is not installed."""

from functools import cache
from importlib.util import find_spec

GEOMETRY, REPORTS = "geometry", "reports"
_LIBRARIES = {GEOMETRY: ("numpy", "pyproj", "shapely"), REPORTS: ("reportlab",)}


@cache
def find_missing(extra: str) -> str | None:
    """Return the name of the extra if one of its libraries is not installed."""
    return None if all(find_spec(library) is not None for library in _LIBRARIES[extra]) else extra


def explain_missing(kind: str, extra: str) -> str:
    """Return a sentence that says which extra a job needs and how to get it."""
    return (
        f"This {kind} job needs the extra {extra} of Tocsin, which is not installed on this server. "
        f"Ask its operator to run: pip install 'tocsin[{extra}]'"
    )
