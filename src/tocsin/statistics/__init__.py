"""Statistics of runs: counts, durations and lateness by periods of their due times, kept where runs end."""
