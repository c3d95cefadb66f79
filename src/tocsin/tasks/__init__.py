"""Tasks and their runs: saving, pausing, triggering, and the effects of a run on its task and owner."""
