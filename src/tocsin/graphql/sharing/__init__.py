"""Equal subscriptions of one owner, which are executed once for each event."""
