"""The times that the parts of a request took. Pure."""

from tocsin.outbound.guard import Connecting


def measure(connecting: Connecting, begun: float, first_byte: float | None, now: float) -> dict[str, float]:
    """Milliseconds, from what was read from one clock in seconds. `first_byte` is None if none came."""
    timings = {"total": _milliseconds(now - begun)}
    if connecting.dns:
        timings["dns"] = _milliseconds(connecting.dns)
    if connecting.connect:
        timings["connect"] = _milliseconds(max(connecting.connect - connecting.dns, 0.0))
    if first_byte is not None:
        timings["first_byte"] = _milliseconds(first_byte - begun)
    return timings


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
