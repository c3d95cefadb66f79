"""Changes of tasks, runs and workflow runs by any process, delivered to the subscribers of this one."""

from tocsin.documents import Change, ChangeKind
from tocsin.events.access_signals import AccessSignals
from tocsin.events.change_feed import send_changes
from tocsin.events.fanout import ChangeSubscription, Fanout

__all__ = ["AccessSignals", "Change", "ChangeKind", "ChangeSubscription", "Fanout", "send_changes"]
