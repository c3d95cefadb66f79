"""Workflows and their runs in the API."""
