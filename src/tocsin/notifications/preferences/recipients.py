"""Which channels are told of an event, by what its owner has chosen, when it is queued."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from tocsin.documents import Database, DeliveryDocument, DeliveryStatus
from tocsin.notifications.attempt_events import attempt_event_id
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.events import OPT_IN_KINDS, Event, EventKind
from tocsin.notifications.preferences.choices import FailureDetail
from tocsin.notifications.preferences.store import ChoicesOf, find_event_choices
from tocsin.notifications.run_events import TaskFailure

_STAGES = frozenset({EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD})
_COVERED = "the mail about the failed attempt covers it"


@dataclass(frozen=True, slots=True)
class RecipientChoices:
    """The choices of the owners of events. `covered` are the events of which the mail about an attempt tells too."""

    choices: ChoicesOf
    covered: Collection[str] = field(default_factory=frozenset)

    @classmethod
    async def load(cls, database: Database, events: Sequence[Event]) -> "RecipientChoices":
        """Read the choices that apply to these events."""
        choices = await find_event_choices(database, events)
        return cls(choices, await _find_covered(database, choices, events))

    def find_objection(self, event: Event, channel: str) -> str | None:
        """Return why a channel is not told of an event; None if it is, or may be.

        Whether it was told of the incident that an event ends is looked at when that is due.
        """
        if channel == DEFAULT_CHANNEL and event.id in self.covered:
            return _COVERED
        return self.choices.about_event(event).find_lasting_objection(event.kind, channel)

    def mark_mail(self, event: Event, delivery: DeliveryDocument) -> DeliveryDocument | None:
        """Return the mail of an event as it is to be queued; None for none.

        A mail that its owner does not want is stored as suppressed, because its existence says that all were told.
        Of the kinds that are only mailed on request, each of which is told once anyway, nothing is stored.
        """
        objection = self.find_objection(event, delivery.get("channel") or DEFAULT_CHANNEL)
        if objection is None:
            return delivery
        if event.kind in OPT_IN_KINDS:
            return None
        return {**delivery, "status": DeliveryStatus.SUPPRESSED, "last_error": objection, "content": None}


async def _find_covered(database: Database, choices: ChoicesOf, events: Sequence[Event]) -> set[str]:
    """Return the IDs of the stages of incidents whose failed attempt is mailed on its own: one cause, one mail.

    A run that fails otherwise, such as one that gives way to the next, has no attempt that ended at the same time.
    """
    attempts = {
        event.id: attempt_event_id(event.run or "", event.attempts)
        for event in events
        if isinstance(event, TaskFailure) and event.kind in _STAGES and _mails_attempts(choices, event)
    }
    if not attempts:
        return set()
    found = database.notifications.find({"_id": {"$in": list(attempts.values())}}, {"at": 1})
    ended = {row["_id"]: row["at"] async for row in found}
    return {event.id for event in events if ended.get(attempts.get(event.id, "")) == event.at}


def _mails_attempts(choices: ChoicesOf, event: Event) -> bool:
    chosen = choices.about_event(event)
    return (
        chosen.failures is FailureDetail.EVERY_ATTEMPT
        and chosen.find_objection(EventKind.ATTEMPT_FAILED, DEFAULT_CHANNEL) is None
    )
