"""Benchmarks of the run path. README.md says what each figure means; `python -m benchmarks` makes all of them."""
