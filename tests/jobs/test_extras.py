import json
import subprocess
import sys

import pytest

from tocsin.jobs.extras import explain_missing, find_missing

HEAVY = ["numpy", "pyproj", "reportlab", "shapely"]

BLOCKED = """
import asyncio, json, sys
from importlib.abc import MetaPathFinder
from types import SimpleNamespace

HEAVY = json.loads(sys.argv[1])

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            raise ImportError(name)
        return None

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in HEAVY else found(name, package)
sys.meta_path.insert(0, Blocked())

from tocsin.errors import InvalidInput
from tocsin.jobs.base import SaveContext
from tocsin.jobs.registry import RegisteredJobs, get_job, load_jobs, prepare_params
from tocsin.security.secret_box import SecretBox

for job in load_jobs().values():
    job.preload()
found_faults = {}
square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
report = {"title": "t", "data": [{"a": 1}]}
for name, kind, params in [
    ("area", "polygonArea", {"geojson": square}),
    ("countries", "countryLookup", {"longitude": 1, "latitude": 2}),
    ("pdf", "report", report | {"format": "PDF"}),
    ("csv", "report", report | {"format": "CSV"}),
]:
    try:
        prepare_params(kind, params, SaveContext("alice", SecretBox(bytes(32))))
        saved = "saved"
    except InvalidInput as error:
        saved = error.message
    checked = [message for _, message in RegisteredJobs().check(kind, params)]
    ran = None
    if name != "csv":
        outcome = asyncio.run(get_job(kind).run_attempt(params, SimpleNamespace()))
        ran = [outcome.error.kind.value, outcome.error.message, outcome.error.retryable]
    found_faults[name] = [saved, checked, ran]
print(json.dumps(found_faults))
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(HEAVY)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_registry_is_loaded_without_the_libraries_of_extras() -> None:
    program = "import json, sys, tocsin.jobs.registry as r; r.load_jobs(); print(json.dumps(sorted(sys.modules)))"
    assert set(HEAVY).isdisjoint(json.loads(run(program)))


def test_a_job_whose_extra_is_missing_says_how_to_get_it_when_it_is_saved_and_when_it_runs() -> None:
    found_faults = json.loads(run(BLOCKED))
    for name, kind, extra in (
        ("area", "polygonArea", "geometry"),
        ("countries", "countryLookup", "geometry"),
        ("pdf", "report", "reports"),
    ):
        sentence = explain_missing(kind, extra)
        assert f"pip install 'tocsin[{extra}]'" in sentence
        assert found_faults[name] == [sentence, [sentence], ["JOB", sentence, False]]
    assert found_faults["csv"] == ["saved", [], None]


@pytest.mark.parametrize("extra", ["geometry", "reports"])
def test_the_tests_have_all_extras(extra: str) -> None:
    assert find_missing(extra) is None
