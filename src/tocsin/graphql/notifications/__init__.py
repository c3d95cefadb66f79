"""Notifications in the API."""
