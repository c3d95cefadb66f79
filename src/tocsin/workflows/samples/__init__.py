"""The sample workflows that Tocsin ships."""

from importlib.resources import files


def load_samples() -> dict[str, str]:
    """Return the YAML texts of the samples by name."""
    found = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".yaml"))
    return {entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8") for entry in sorted(found, key=str)}
