"""Changes of tasks, runs and workflow runs by any process, delivered to the subscribers of this one."""

from tocsin.documents import Change, ChangeKind
from tocsin.events.access_signals import AccessSignals
from tocsin.events.backlog import Backlog, Start
from tocsin.events.change_feed import send_changes
from tocsin.events.change_filter import STREAM_KINDS, ChangeFilter
from tocsin.events.change_queue import ChangeQueue
from tocsin.events.change_subscription import ChangeSubscription
from tocsin.events.cursors import EventCursor, cursor_of, decode_event_cursor
from tocsin.events.fanout import Fanout

__all__ = [
    "STREAM_KINDS",
    "AccessSignals",
    "Backlog",
    "Change",
    "ChangeFilter",
    "ChangeKind",
    "ChangeQueue",
    "ChangeSubscription",
    "EventCursor",
    "Fanout",
    "Start",
    "cursor_of",
    "decode_event_cursor",
    "send_changes",
]
