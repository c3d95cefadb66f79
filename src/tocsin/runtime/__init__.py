"""A serving process, put together: which parts there are, and in which order they start and stop."""

from tocsin.runtime.process import Process
from tocsin.runtime.runtime import Runtime

__all__ = ["Process", "Runtime"]
