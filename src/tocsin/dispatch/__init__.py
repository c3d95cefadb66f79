"""Which queued run is attempted next, by which process, and when."""
