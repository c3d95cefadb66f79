"""Live delivery: a notification is repeated in the streams of its owner until it is acknowledged, or else mailed."""
