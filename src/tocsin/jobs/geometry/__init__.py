"""The `polygonArea` and `countryLookup` jobs."""
