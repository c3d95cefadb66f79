"""Runs become outcomes: dispatcher, worker, settler, leases."""

from tocsin.execution.engine import Engine

__all__ = ["Engine"]
