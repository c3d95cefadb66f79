"""Time zones: accepted names, and changes of their offset to UTC."""

import difflib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Since 1970 no zone has changed its offset and changed it back within a week.
_STRIDE = timedelta(days=7)
_SECOND = timedelta(seconds=1)
_KEY = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
# An offset with or without a name: "GMT+2", "utc +02:00", "+2", "Etc/GMT+02".
_OFFSET = re.compile(
    r"(?P<etc>etc/)?(?:utc/gmt|gmt|utc|z)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?:(?::|(?<=[0-9]{2}))(?P<minutes>[0-9]{2}))?"
)
_OFFSET_LIKE = re.compile(r"(?:etc/|utc|gmt)[a-z/]*[0-9]|[+-][0-9]")
_FIXED = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>[0-9]{1,2})")
# Short abbreviations resemble others with another offset: "PST" is not "MST".
_SHORTEST_GUESS = 6
# These mean the zone of this machine, no zone, or count leap seconds.
_REFUSED = {"localtime", "Factory", "posixrules", "right", "posix"}


@lru_cache(maxsize=1024)
def get_zone(key: str) -> ZoneInfo:
    """Return the IANA time zone with this name. Raises KeyError for other names, such as paths and "localtime"."""
    if not _KEY.fullmatch(key) or key.split("/")[0] in _REFUSED:
        raise KeyError(key)
    try:
        return ZoneInfo(key)
    except (OSError, ValueError) as error:  # a directory of the zone database, or a file in it that is not a zone
        raise KeyError(key) from error


def suggest_zone(key: str) -> str | None:
    """Suggest the zone that a wrong name probably means: "Europe/Berlin" for "Berlin" and "europe/berlin".

    An offset means the zone with that fixed offset: "GMT+2" is "Etc/GMT-2", because POSIX reverses the sign. None if no
    zone has that offset, since names that look similar are hours off.
    """
    names = _names_by_folded()
    cities = {name.rsplit("/", 1)[-1]: name for name in names if "/" in name}
    wanted = key.strip().casefold().replace("\u2212", "-").replace(" ", "_")[:64]
    if wanted in names:
        return names[wanted]
    if _OFFSET_LIKE.search(bare := wanted.replace("_", "")):
        return _fixed_zone(bare)
    if wanted in cities:
        return names[cities[wanted]]
    if len(wanted) < _SHORTEST_GUESS:
        return None
    close = difflib.get_close_matches(wanted, [*names, *cities], n=1, cutoff=0.75)
    return names[cities.get(close[0], close[0])] if close else None


def format_fixed_offset(key: str) -> str | None:
    """Format the offset of a zone such as Etc/GMT+2 in the common form, "UTC-02:00"; None for other zones."""
    match = _FIXED.fullmatch(key)
    return match and f"UTC{'-' if match['sign'] == '+' else '+'}{int(match['hours']):02}:00"


def _fixed_zone(text: str) -> str | None:
    match = _OFFSET.fullmatch(text)
    if match is None or int(match["minutes"] or 0):
        return None
    hours = int(match["hours"])
    if not hours:
        return "UTC"
    turned = match["sign"] if match["etc"] else "-" if match["sign"] == "+" else "+"
    return _names_by_folded().get(f"etc/gmt{turned}{hours}")


@lru_cache(maxsize=1)
def _names_by_folded() -> dict[str, str]:
    names = sorted(name for name in available_timezones() if name.split("/")[0] not in _REFUSED)
    return {name.casefold(): name for name in names}


def utc_offset_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    """Return the zone's offset to UTC at that moment."""
    return moment.astimezone(zone).utcoffset() or timedelta()


def first_moment_at(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the moment (UTC) when the zone's wall clock first reaches or passes this time."""
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Skipped (PEP 495): read with fold=1 it lies before the change of clocks, with fold=0 after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first_offset_change(zone, before, first) or first


def moment_passed_for_good(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the moment (UTC) from which on the zone's wall clock shows no time before this one.

    If clocks are set back to a time before this one, that is when they reach it for the second time.
    """
    last = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    just_before = (last - _SECOND).astimezone(zone).replace(tzinfo=None)
    return last if just_before == wall - _SECOND else first_moment_at(zone, wall)


def iter_offset_changes(zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the moments in (after, until] at which the zone's offset changes, in order."""
    offset = utc_offset_at(zone, after)
    while after < until:
        step = min(after + _STRIDE, until)
        if (new := utc_offset_at(zone, step)) != offset:
            yield _change_between(zone, after, step)
            offset = new
        after = step


def first_offset_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """Return the first change of the offset in (after, until], or None."""
    return next(iter_offset_changes(zone, after, until), None)


def last_offset_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """Return the last change of the offset in (after, until], or None."""
    offset = utc_offset_at(zone, until)
    while after < until:
        step = max(until - _STRIDE, after)
        if utc_offset_at(zone, step) != offset:
            return _change_between(zone, step, until)
        until = step
    return None


def _change_between(zone: ZoneInfo, before: datetime, until: datetime) -> datetime:
    """Bisect (before, until] for the moment of the change. Offsets change at whole seconds."""
    offset = utc_offset_at(zone, before)
    low, high = int(before.timestamp()), -int(-until.timestamp() // 1)
    while high - low > 1:
        middle = (low + high) // 2
        if utc_offset_at(zone, datetime.fromtimestamp(middle, UTC)) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
