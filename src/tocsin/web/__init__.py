"""The HTTP edge: composition, transport and limits, without business logic."""
