"""Notifications, and the channels by which users are told of them, in the API."""
