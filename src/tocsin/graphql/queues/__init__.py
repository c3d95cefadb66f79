"""Queues and circuits in the API."""
