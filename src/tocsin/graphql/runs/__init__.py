"""Runs and attempts in the API."""
