"""Execution of runs: dispatcher, workers, completer, leases."""

from tocsin.execution.engine import RunEngine

__all__ = ["RunEngine"]
