"""(f) Points looked up among the outlines of countries, beside a scan of all outlines without an index."""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import shapely

from benchmarks.table import middle, percentile
from tocsin.jobs.geometry.countries.index import CountryIndex, load_index
from tocsin.jobs.geometry.countries.outlines import load_atlas
from tocsin.jobs.geometry.country_lookup import look_up_countries

AIM = 10_000
_SEED = 20_260_101
_SCANNED = 300  # points of a scan, which is slow


def places(count: int) -> Any:
    """Points spread evenly over the globe, the same in each run."""
    random = np.random.default_rng(_SEED)
    latitudes = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    return np.column_stack([random.uniform(-180, 180, count), latitudes])


def scan(outlines: list[Any], points: Any) -> list[set[int]]:
    """Every outline is asked about every point."""
    return [
        {number for number, outline in enumerate(outlines) if shapely.intersects(outline, point)}
        for point in shapely.points(points)
    ]


def singly(points: Any) -> None:
    """As the job does it when it is given a point."""
    for place in points.tolist():
        look_up_one(place)


def measure(rounds: int = 5, count: int = 50_000) -> list[tuple[str, float, str]]:
    """Figures in words, numbers and aims. Both ways have to find the same."""
    start = time.perf_counter()
    index = load_index()
    loading = time.perf_counter() - start
    points, outlines = places(count), [country.outline for country in load_atlas().countries]
    check(index, outlines, points[:_SCANNED])
    each = [seconds(partial(look_up_one, place)) * 1000 for place in points[:2000].tolist()]
    return [
        ("(f) points in one job, lookups/s", count / median(lambda: index.match_points(points), rounds), f"{AIM:,}"),
        ("    points one by one, lookups/s", 2000 / median(lambda: singly(points[:2000]), rounds), f"{AIM:,}"),
        ("    one by one, p99, ms", percentile(each, 0.99), ""),
        ("    scan of all outlines, lookups/s", _SCANNED / median(lambda: scan(outlines, points[:_SCANNED]), 3), ""),
        ("    loading the index, ms", loading * 1000, ""),
    ]


def look_up_one(place: list[float]) -> None:
    """One lookup."""
    look_up_countries({"type": "Point", "coordinates": place}, False)


def check(index: CountryIndex, outlines: list[Any], points: Any) -> None:
    """Raises AssertionError where the index and the scan differ."""
    which, owners, _ = index.locate_points(points)
    for number, expected in enumerate(scan(outlines, points)):
        assert set(owners[which == number].tolist()) == expected, points[number]


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work: Callable[[], object], rounds: int) -> float:
    """The same, the median of some rounds."""
    return middle([seconds(work) for _ in range(rounds)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.countries", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--points", type=int, default=50_000)
    options = parser.parse_args()
    for figure, value, aim in measure(options.rounds, options.points):
        print(f"{figure:<40}{value:>12,.4g}  {aim:>8}" if value < 100 else f"{figure:<40}{value:>12,.0f}  {aim:>8}")


if __name__ == "__main__":
    main()
