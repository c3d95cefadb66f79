"""Durations of the parts of a request. Pure."""

from tocsin.outbound.guard import ConnectionContext


def measure_timings(
    connecting: ConnectionContext, begun: float, first_byte: float | None, now: float
) -> dict[str, float]:
    """Return durations in milliseconds from clock readings in seconds. `first_byte` is None if none was received."""
    timings = {"total": _milliseconds(now - begun)}
    if connecting.dns_seconds:
        timings["dns"] = _milliseconds(connecting.dns_seconds)
    if connecting.connect_seconds:
        timings["connect"] = _milliseconds(max(connecting.connect_seconds - connecting.dns_seconds, 0.0))
    if first_byte is not None:
        timings["first_byte"] = _milliseconds(first_byte - begun)
    return timings


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
