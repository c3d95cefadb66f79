"""Execution of runs: dispatcher, workers, completer, leases."""

from tocsin.execution.engine import Engine

__all__ = ["Engine"]
