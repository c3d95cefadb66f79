"""Workflows that are shipped: to look at, to run, to begin one's own with."""

from importlib.resources import files


def samples() -> dict[str, str]:
    """Their YAML texts by their names."""
    found = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".yaml"))
    return {entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8") for entry in sorted(found, key=str)}
