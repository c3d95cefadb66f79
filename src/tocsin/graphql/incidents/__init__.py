"""Incidents in the API."""
