"""Notification channels in the API."""
