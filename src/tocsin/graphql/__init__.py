"""The API: one file for each thing it speaks of; `schema.py` joins them. What it decides is decided in lower layers."""

from tocsin.graphql import enums  # first: it describes the enums before any type uses one
from tocsin.graphql.context import Context, Services

__all__ = ["Context", "Services", "enums"]
