"""Dead letters and replays in the API."""
