"""Hypothesis strategies for cron expressions and moments of clock changes."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.schedules.oracle import DAYS, MONTHS, utc

# Half-hour, two-hour and whole-day changes, changes at midnight, and the ordinary ones.
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),
    ("Asia/Beirut", "2026-03-28T22:00"),
    ("Asia/Beirut", "2026-10-24T21:00"),
    ("America/Sao_Paulo", "2018-02-18T02:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Antarctica/Troll", "2026-10-25T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
]
STEADY = [("UTC", "2026-06-30T23:00"), ("Asia/Kathmandu", "2027-12-31T18:15")]


def places() -> st.SearchStrategy[tuple[str, datetime]]:
    """A zone and a moment near a clock change."""
    return st.sampled_from(CHANGES + STEADY).map(lambda place: (place[0], utc(place[1])))


def zone(key: str) -> ZoneInfo:
    return ZoneInfo(key)


@st.composite
def field(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> str:
    """A plain field: stars, values, ranges, steps and lists of them."""
    return ",".join(draw(st.lists(_term(low, high, names), min_size=1, max_size=3)))


@st.composite
def _term(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...]) -> str:
    first = draw(st.integers(low, high - 1))
    last = draw(st.integers(first + 1, high))
    step = draw(st.integers(1, high))
    span = f"{first}-{last}"
    if names and last - low < len(names) and draw(st.booleans()):
        span = f"{names[first - low]}-{names[last - low].lower()}"
    shapes = ["*", f"*/{step}", f"{last}", span.split("-")[0], span, f"{first}/{step}", f"{span}/{step}"]
    return draw(st.sampled_from(shapes))


def minutes() -> st.SearchStrategy[str]:
    return st.one_of(st.just("0"), st.just("30"), field(0, 59))


def hours() -> st.SearchStrategy[str]:
    """An hour, often one that a clock change affects."""
    return st.one_of(st.just("*"), st.sampled_from(["0", "1", "2", "3", "23", "0-3", "1,2"]), field(0, 23))


def days_of_month() -> st.SearchStrategy[str]:
    special = st.sampled_from(["L", "LW", "1,L", "LW,15", "31", "29-31", "*/31"])
    return st.one_of(st.just("*"), st.just("*"), special, field(1, 31))


def months() -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.just("*"), field(1, 12, tuple(MONTHS)))


def days_of_week() -> st.SearchStrategy[str]:
    special = st.sampled_from(["0", "7", "5L", "SUNL", "1#2", "7#5", "fri#1,0L", "*/2", "1-5"])
    return st.one_of(st.just("*"), st.just("*"), special, field(0, 7, tuple(DAYS)))


@st.composite
def dates(draw: st.DrawFn) -> str:
    """The three fields that choose days."""
    return f"{draw(days_of_month())} {draw(months())} {draw(days_of_week())}"


@st.composite
def five_fields(draw: st.DrawFn) -> str:
    # Most expressions here leave the days free, else few would be due within the hours that are watched.
    days = draw(st.one_of(st.just("* * *"), st.just("* * *"), dates()))
    return f"{draw(minutes())} {draw(hours())} {days}"


@st.composite
def six_fields(draw: st.DrawFn) -> str:
    return f"{draw(st.one_of(st.just('0'), field(0, 59)))} {draw(minutes())} {draw(hours())} * * *"
