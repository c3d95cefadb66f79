"""Benchmarks of the run path. README.md explains the figures; `python -m benchmarks` measures all of them."""
