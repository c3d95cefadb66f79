"""Scheduling of runs: APScheduler over a view of the due documents."""

from tocsin.scheduling.scheduler import Scheduler
from tocsin.scheduling.store import Hand

__all__ = ["Hand", "Scheduler"]
