"""What a user has chosen to be told, and the rules of single tasks and workflows. Pure.

Nobody is asked about the security of an account, and about links to it: these are always told, and at once.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from tocsin.documents import (
    DeliveryAboutDocument,
    NotificationPreferencesDocument,
    is_workflow_run_id,
    parent_of,
)
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.events import DIGEST_KIND, INCIDENT_ENDS, LINK_EVENTS, OPT_IN_KINDS, SECURITY_EVENTS
from tocsin.notifications.incident_stages import subject_of
from tocsin.notifications.preferences.digest_times import DigestPlan
from tocsin.notifications.preferences.quiet_hours import QuietHours
from tocsin.schedules.time_zones import get_zone

ALWAYS_TOLD = SECURITY_EVENTS | LINK_EVENTS
"""The kinds that no preference turns off or holds back."""
DEFAULT_ZONE = "UTC"
_EXCLUDED = "its notification rule excludes this channel"


class FailureDetail(StrEnum):
    """Which failures of a task are told."""

    FIRST_AND_LAST = "FIRST_AND_LAST"
    EVERY_ATTEMPT = "EVERY_ATTEMPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The preferences of a user. The defaults are those of a user who has none."""

    mail_off: frozenset[str] = frozenset()
    mail_on: frozenset[str] = frozenset()
    failures: FailureDetail = FailureDetail.FIRST_AND_LAST
    time_zone: str = DEFAULT_ZONE
    quiet_hours: QuietHours | None = None
    digest: DigestPlan = field(default_factory=DigestPlan)
    reminder_every: timedelta | None = None

    @classmethod
    def from_document(cls, document: NotificationPreferencesDocument | None) -> Self:
        """Return stored preferences, of which any field can be missing."""
        if document is None:
            return cls()
        quiet, digest, reminder = document.get("quiet_hours"), document.get("digest"), document.get("reminder_every")
        return cls(
            mail_off=frozenset(document.get("mail_off") or ()),
            mail_on=frozenset(document.get("mail_on") or ()),
            failures=FailureDetail(document.get("failures") or FailureDetail.FIRST_AND_LAST),
            time_zone=document.get("time_zone") or DEFAULT_ZONE,
            quiet_hours=None if quiet is None else QuietHours.from_document(quiet),
            digest=DigestPlan() if digest is None else DigestPlan.from_document(digest),
            reminder_every=None if reminder is None else timedelta(seconds=reminder),
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone; UTC if the zone database does not have it any more."""
        try:
            return get_zone(self.time_zone)
        except KeyError:
            return get_zone(DEFAULT_ZONE)

    def mail_kind(self, kind: str) -> bool:
        """Tell whether news of this kind are mailed."""
        if kind in ALWAYS_TOLD:
            return True
        return kind not in self.mail_off and (kind not in OPT_IN_KINDS or kind in self.mail_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRule:
    """The rule of a task or workflow. Nothing is told if `is_muted`, otherwise by mail if `is_mailed`, to these of the
    owner's channels (IDs), and of these kinds; None for all."""

    is_muted: bool = False
    is_mailed: bool = True
    channels: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    failures: FailureDetail | None = None

    @classmethod
    def from_document(cls, document: NotificationPreferencesDocument) -> Self:
        """Return a stored rule, of which any field can be missing."""
        channels, kinds, failures = document.get("channels"), document.get("kinds"), document.get("failures")
        return cls(
            is_muted=bool(document.get("muted")),
            is_mailed=document.get("mailed") is not False,
            channels=None if channels is None else frozenset(channels),
            kinds=None if kinds is None else frozenset(kinds),
            failures=None if failures is None else FailureDetail(failures),
        )

    @property
    def keeps_back(self) -> bool:
        """Tell whether there is anything that it does not let through."""
        return self.is_muted or not self.is_mailed or self.channels is not None or self.kinds is not None

    def find_objection(self, kind: str, channel: str) -> str | None:
        """Return why this rule does not let news of this kind into this channel; None if it does."""
        if self.is_muted:
            return "its notifications are muted"
        if self.kinds is not None and kind not in self.kinds:
            return f"its notification rule excludes {kind}"
        return None if self._include(channel) else _EXCLUDED

    def _include(self, channel: str) -> bool:
        if channel == DEFAULT_CHANNEL:
            return self.is_mailed
        return self.channels is None or channel in self.channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What applies to one delivery: the preferences of its owner, and the rule of its subject if there is one."""

    preferences: Preferences = field(default_factory=Preferences)
    rule: NotificationRule | None = None

    @property
    def failures(self) -> FailureDetail:
        """Which failures of the subject are told."""
        own = None if self.rule is None else self.rule.failures
        return own or self.preferences.failures

    def find_objection(self, kind: str, channel: str) -> str | None:
        """Return why news of this kind do not go into this channel; None if they do."""
        if kind in ALWAYS_TOLD or kind == DIGEST_KIND:
            return None
        if self.rule is not None and (objection := self.rule.find_objection(kind, channel)) is not None:
            return objection
        return self._find_objection_to_mail(kind, channel)

    def find_lasting_objection(self, kind: str, channel: str) -> str | None:
        """Return why news of this kind do not even go into a channel that was told of the incident that they end; None
        if they do: a rule does not keep an end from who knows the beginning, but mails that are turned off stay so.
        """
        if kind not in INCIDENT_ENDS:
            return self.find_objection(kind, channel)
        if channel == DEFAULT_CHANNEL and self.rule is not None and not self.rule.is_mailed:
            return _EXCLUDED
        return self._find_objection_to_mail(kind, channel)

    def _find_objection_to_mail(self, kind: str, channel: str) -> str | None:
        is_off = channel == DEFAULT_CHANNEL and not self._mail_kind(kind)
        return f"mails about {kind} are turned off" if is_off else None

    def _mail_kind(self, kind: str) -> bool:
        """Tell whether a kind is mailed. A rule that names one that is only mailed on request asks for it."""
        is_asked_for = self.rule is not None and self.rule.kinds is not None and kind in OPT_IN_KINDS
        return self.preferences.mail_kind(kind) or (is_asked_for and kind not in self.preferences.mail_off)


def find_subject(about: DeliveryAboutDocument | None, run: str | None) -> str | None:
    """Return the ID of the task or workflow whose rule applies to news about this; None if no rule can, as
    for several of them.

    A request for a decision is for its decider, whom the rules of the workflow's owner do not concern.
    """
    if about is not None:
        subject = subject_of(about)
        return None if subject is None else subject.id
    if run is None or is_workflow_run_id(run):
        return None
    return parent_of(run)
