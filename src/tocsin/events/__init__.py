"""Changes of tasks, runs and workflow runs by any process, delivered to the subscribers of this one."""

from tocsin.documents import Change, ChangeKind
from tocsin.events.access_signals import AccessSignals
from tocsin.events.change_feed import send_changes
from tocsin.events.change_queue import ChangeQueue
from tocsin.events.change_subscription import ChangeFilter, ChangeSubscription
from tocsin.events.fanout import Fanout

__all__ = [
    "AccessSignals",
    "Change",
    "ChangeFilter",
    "ChangeKind",
    "ChangeQueue",
    "ChangeSubscription",
    "Fanout",
    "send_changes",
]
