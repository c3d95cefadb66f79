"""Changes of tasks, runs and workflow runs by any process, delivered to the subscribers of this one."""

from tocsin.events.access_signals import Presence
from tocsin.events.changes import Change, ChangeKind
from tocsin.events.fanout import Fanout, Subscription

__all__ = ["Change", "ChangeKind", "Fanout", "Presence", "Subscription"]
