"""Tocsin runs scheduled HTTP tasks on time, retries them, keeps their history and notifies their owners."""

__version__ = "0.1.0"
