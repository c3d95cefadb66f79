"""Tocsin runs scheduled HTTP tasks on time, retries them, keeps their history and tells their owner."""

__version__ = "0.1.0"
