"""What a digest says: one line for each task, workflow or other subject and kind of news, the worst first. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.documents import DeliveryDocument
from tocsin.notifications.channels.notice import Severity
from tocsin.notifications.content import ERROR_LABEL, Button, Fact, MailContent, Tone
from tocsin.notifications.excerpts import truncate
from tocsin.notifications.notices import find_severity
from tocsin.notifications.outcome_texts import Mail

MAX_NAMED = 25
"""Lines of a digest. What is beyond is counted."""
_INBOX = Button("Open the notifications", "Open:")
_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_NOUNS = {
    Severity.CRITICAL: ("critical event", "critical events"),
    Severity.ERROR: ("failure", "failures"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("other", "others"),
    Severity.SUCCESS: ("other", "others"),
}
_MAX_ERROR = 200
_CLOSING = "You get one mail for all of these, because your notification preferences ask for a digest."


@dataclass(frozen=True, slots=True)
class _Line:
    """The news of one kind about one subject, the latest first."""

    news: Sequence[DeliveryDocument]
    works_again: bool

    @property
    def latest(self) -> DeliveryDocument:
        return self.news[0]

    @property
    def severity(self) -> Severity:
        return find_severity(self.latest["kind"])

    @property
    def subject(self) -> str:
        return f"{self.latest['subject']}{' (it works again)' if self.works_again else ''}"


def describe_digest(news: Iterable[DeliveryDocument], ended: Collection[tuple[str, int]], zone: ZoneInfo) -> Mail:
    """Return the subject and the content of the digest of these deliveries, of which there is at least one.

    `ended` are the incidents that are over: the ID of their task or workflow and their number.
    """
    lines = _make_lines(news, ended)
    more = len(lines) - 1
    content = MailContent(
        tone=_find_tone(lines[0].severity),
        headline=f"You have {_count(sum(len(line.news) for line in lines), 'notification', 'notifications')}.",
        opening=_summarize(lines),
        facts=[*(_describe(line, zone) for line in lines[:MAX_NAMED]), *_count_others(lines[MAX_NAMED:])],
        button=_INBOX,
        closing=f"{_CLOSING} Times are those of {zone.key}.",
    )
    return f"{lines[0].subject}{f', and {more} more' if more else ''}", content


def _make_lines(news: Iterable[DeliveryDocument], ended: Collection[tuple[str, int]]) -> list[_Line]:
    groups: dict[tuple[str, str], list[DeliveryDocument]] = {}
    for each in sorted(news, key=lambda one: (one["queued_at"], one["_id"]), reverse=True):
        about = each.get("about")
        groups.setdefault((each["kind"], each["_id"] if about is None else about["id"]), []).append(each)
    lines = [_Line(group, _is_over(group[0], ended)) for group in groups.values()]
    return sorted(lines, key=lambda line: (line.works_again, -_RANKS[line.severity]))


def _is_over(latest: DeliveryDocument, ended: Collection[tuple[str, int]]) -> bool:
    about = latest.get("about")
    return about is not None and (about["id"], about["incident"]) in ended


def _describe(line: _Line, zone: ZoneInfo) -> Fact:
    """Return the fact of a line: when the latest happened, what it is, and how often."""
    error, count = _find_error(line.latest), len(line.news)
    first = _format_local(line.news[-1]["queued_at"], zone)
    parts = [f"{line.subject}.", *([error] if error else []), *([f"{count} times since {first}."] if count > 1 else [])]
    return f"{_format_local(line.latest['queued_at'], zone)}:", " ".join(parts)


def _find_error(delivery: DeliveryDocument) -> str:
    content = delivery.get("content")
    found = [value for label, value in content["facts"] if label == ERROR_LABEL] if content else []
    return truncate(found[0], _MAX_ERROR) if found else ""


def _count_others(lines: Sequence[_Line]) -> list[Fact]:
    if not lines:
        return []
    return [("Not listed:", f"{_count(sum(len(line.news) for line in lines), 'notification', 'notifications')}")]


def _summarize(lines: Sequence[_Line]) -> str:
    counts = Counter[tuple[str, str]]()
    for line in lines:
        counts[_NOUNS[line.severity]] += len(line.news)
    return f"{', '.join(_count(counts[noun], *noun) for noun in dict.fromkeys(_NOUNS.values()) if counts[noun])}."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _find_tone(severity: Severity) -> Tone:
    if _RANKS[severity] >= _RANKS[Severity.ERROR]:
        return Tone.FAILURE
    return Tone.WARNING if severity is Severity.WARNING else Tone.NOTICE


def _format_local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d %b %H:%M}"
