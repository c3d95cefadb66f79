"""The language in which workflows are written: reading, validating and evaluating it."""
