"""Scheduling of runs: APScheduler over a view of the due documents."""

from tocsin.scheduling.scheduler import Scheduler

__all__ = ["Scheduler"]
