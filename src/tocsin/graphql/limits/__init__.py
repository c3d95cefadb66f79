"""Limits on what a client may ask of the API."""
