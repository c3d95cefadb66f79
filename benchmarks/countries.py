"""Countries (h): looking up points in the outlines of countries, beside a scan of all outlines without an index."""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import shapely

from benchmarks.table import Row, middle, percentile, text
from tocsin.jobs.geometry.countries.index import CountryIndex, load_index
from tocsin.jobs.geometry.countries.outlines import load_atlas
from tocsin.jobs.geometry.country_lookup import look_up_countries

GOAL = 10_000
_SEED = 20_260_101
_SCANNED = 300  # points per scan, which is slow


def random_points(count: int) -> Any:
    """Return points spread evenly over the globe, the same in each run."""
    random = np.random.default_rng(_SEED)
    latitudes = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    return np.column_stack([random.uniform(-180, 180, count), latitudes])


def scan_outlines(outlines: list[Any], points: Any) -> list[set[int]]:
    """Compare every point with every outline."""
    return [
        {number for number, outline in enumerate(outlines) if shapely.intersects(outline, point)}
        for point in shapely.points(points)
    ]


def look_up_singly(points: Any) -> None:
    """Look up the points one by one, as a job with a single point does."""
    for point in points.tolist():
        look_up_one(point)


def measure(rounds: int = 5, count: int = 50_000) -> list[Row]:
    """Return the rows of the table. Both ways must find the same countries."""
    start = time.perf_counter()
    index = load_index()
    loading = time.perf_counter() - start
    points, outlines = random_points(count), [country.outline for country in load_atlas().countries]
    check_index(index, outlines, points[:_SCANNED])
    each = [measure_seconds(partial(look_up_one, point)) * 1000 for point in points[:2000].tolist()]
    in_one_job = count / median_seconds(lambda: index.match_points(points), rounds)
    singly = 2000 / median_seconds(lambda: look_up_singly(points[:2000]), rounds)
    scanned = _SCANNED / median_seconds(lambda: scan_outlines(outlines, points[:_SCANNED]), 3)
    return [
        Row("(h) points in one job, lookups/s", in_one_job, f">= {GOAL:,}"),
        Row("    points one by one, lookups/s", singly, f">= {GOAL:,}"),
        Row("    one by one, p99, ms", percentile(each, 0.99)),
        Row("    scan of all outlines, lookups/s", scanned),
        Row("    loading the index, ms", loading * 1000),
    ]


def look_up_one(point: list[float]) -> None:
    """Look up one point."""
    look_up_countries({"type": "Point", "coordinates": point}, False)


def check_index(index: CountryIndex, outlines: list[Any], points: Any) -> None:
    """Raise AssertionError if the index and the scan differ."""
    which, owners, _ = index.locate_points(points)
    for number, expected in enumerate(scan_outlines(outlines, points)):
        assert set(owners[which == number].tolist()) == expected, points[number]


def measure_seconds(work: Callable[[], object]) -> float:
    """Return the duration of the work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median duration over the rounds."""
    return middle([measure_seconds(work) for _ in range(rounds)])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.countries", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--points", type=int, default=50_000)
    options = parser.parse_args()
    print(text(measure(options.rounds, options.points)))


if __name__ == "__main__":
    main()
