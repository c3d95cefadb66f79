"""Every change of tasks and runs, by whatever process, to whoever listens in this one."""

from tocsin.events.changes import Change, ChangeKind
from tocsin.events.fanout import Fanout, Subscription
from tocsin.events.presence import Presence

__all__ = ["Change", "ChangeKind", "Fanout", "Presence", "Subscription"]
