"""Named secrets in the API."""
