"""Rules for the whole repository: settings and their documentation, locked requirements, links, sizes."""

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tocsin import telemetry
from tocsin.config import PREFIX, Settings
from tocsin.documents import INITIAL_STATUSES, MOVES

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LOCKED = sorted(ROOT.glob("requirements*.txt"))
LONGEST_FILE = 350
_SETTING = re.compile(rf"#?({PREFIX}[A-Z_]+)=(.*)")
_ROW = re.compile(rf"\| `({PREFIX}[A-Z_]+)` \| (.+) \| (.*) \|")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(\[[a-z0-9,-]+\])?==[^\s/]+( ; [^/]+)? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{field.upper()}", raising=False)


def names_of_settings() -> set[str]:
    return {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


def example_settings() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {match[1]: match[2] for line in lines if (match := _SETTING.fullmatch(line))}


def documented_settings() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs" / "configuration.md").read_text()
    return {name: (meaning, default) for name, meaning, default in _ROW.findall(text)}


def markdown_files() -> list[Path]:
    tops = [ROOT, ROOT / "docs", ROOT / "docs" / "adr", ROOT / "docs" / "examples", ROOT / "benchmarks"]
    return [file for top in tops for file in sorted(top.glob("*.md"))]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- settings ---------------------------------------------------------------------------------------------------------


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(example_settings()) == names_of_settings()


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("".join(f"{name}={value}\n" for name, value in example_settings().items()))

    shown = Settings(_env_file=file)

    assert shown == Settings(_env_file=None)
    unset = {f"{PREFIX}{name.upper()}" for name, value in shown if value in (None, ())}
    assert {name for name, value in example_settings().items() if not value} == unset


def test_the_example_explains_each_setting() -> None:
    before = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if match := _SETTING.fullmatch(line):
            assert re.match(r"# [A-Za-z0-9]", before), f"{match[1]} is not explained"
        before = line


def test_the_documentation_has_every_setting_with_its_default() -> None:
    documented = documented_settings()

    assert set(documented) == names_of_settings()
    assert {name: default.strip("`") for name, (_, default) in documented.items()} == {
        name: value or "not set" for name, value in example_settings().items()
    }


# --- requirements -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", LOCKED, ids=relative)
def test_locked_requirements_are_pinned_and_hashed_and_name_no_place(file: Path) -> None:
    lines = file.read_text().splitlines()

    assert [line for line in lines if not (_PINNED.fullmatch(line) or _HASH.fullmatch(line))] == []
    assert any(_PINNED.fullmatch(line) for line in lines)


@pytest.mark.parametrize(
    ("file", "sections"),
    [
        ("requirements.txt", ["dependencies", "embedded"]),
        ("requirements-dev.txt", ["dependencies", "embedded", "dev"]),
        ("requirements-build.txt", ["build"]),
    ],
)
def test_what_is_declared_is_locked(file: str, sections: list[str]) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    declared = {"dependencies": project["dependencies"], **project["optional-dependencies"], **groups}

    wanted = {_name(line) for section in sections for line in declared[section]}

    assert wanted - set(_versions(ROOT / file)) == set()


def test_files_that_are_installed_together_agree() -> None:
    runtime, dev, build = (_versions(ROOT / f"requirements{kind}.txt") for kind in ("", "-dev", "-build"))

    assert {name: dev.get(name) for name in runtime} == runtime
    for other in (runtime, dev):
        assert {name: version for name, version in build.items() if other.get(name, version) != version} == {}


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def _versions(file: Path) -> dict[str, str]:
    pinned = [line.split(" ")[0].split("==") for line in file.read_text().splitlines() if _PINNED.fullmatch(line)]
    return {_name(name): version for name, version in pinned}


# --- source -----------------------------------------------------------------------------------------------------------


def test_every_public_module_says_what_it_is() -> None:
    public = [file for file in SOURCES if not file.name.startswith("_") or file.name in ("__init__.py", "__main__.py")]

    assert [relative(file) for file in public if ast.get_docstring(ast.parse(file.read_text())) is None] == []


def test_no_source_file_is_too_long() -> None:
    lengths = {relative(file): len(file.read_text().splitlines()) for file in SOURCES}

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


# --- documents --------------------------------------------------------------------------------------------------------


def test_relative_links_lead_somewhere() -> None:
    broken = [
        f"{relative(file)}: {link}"
        for file in markdown_files()
        for link in _LINK.findall(file.read_text())
        if not re.match(r"[a-z]+:|#", link) and not (file.parent / link.partition("#")[0]).exists()
    ]

    assert broken == []


def test_the_launch_file_starts_what_there_is() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "debugging.md").read_text(), re.DOTALL)
    modules = [configuration["module"] for configuration in json.loads(text)["configurations"]]
    assert [name for name in modules if importlib.util.find_spec(f"{name}.__main__") is None] == []


def test_every_decision_is_listed_in_order() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    listed = re.findall(r"^\| (\d+) \| \[.+\]\(adr/([^)]+)\) \|", index, re.MULTILINE)

    assert [name for _, name in listed] == sorted(file.name for file in (ROOT / "docs" / "adr").glob("*.md"))
    assert [f"{int(number):04}" for number, _ in listed] == [name[:4] for _, name in listed]


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_licence_is_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]


def test_the_moves_of_runs_are_drawn_as_the_code_makes_them() -> None:
    drawing = (ROOT / "docs" / "state_machine.md").read_text().split("```")[1]
    drawn = set(re.findall(r"^    (\S+) --> (\S+?):? ", drawing + "\n", re.MULTILINE))
    drawn = {(source, target) for source, target in drawn if target != "[*]"}

    moves = {(source.value, target.value) for source, targets in MOVES.items() for target in targets}
    assert drawn == moves | {("[*]", status.value) for status in INITIAL_STATUSES}


def test_the_documentation_names_every_metric() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    documented = re.findall(r"^\| `(tocsin_[a-z_]+?)(?:_total)?(?:\{[a-z,]+\})?` \| (\w+) \|", text, re.MULTILINE)

    assert dict(documented) == {metric.name: metric.type for metric in telemetry.REGISTRY.collect()}


# --- scripts and containers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "serve",
        "test",
        "tocsin",
        "create-user",
        "lock",
        "install-node-tools",
        "install-bench-peers",
        "accept-schema",
        "build-web",
    ],
)
def test_scripts_are_executable_and_stop_at_the_first_fault(script: str) -> None:
    file = ROOT / "scripts" / script

    assert file.stat().st_mode & 0o111 == 0o111
    assert "\nset -euo pipefail\n" in file.read_text()


def test_scripts_can_be_read_by_bash() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    for file in [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]:
        if file.is_file() and file.suffix == "":
            done = subprocess.run([bash, "-n", file], capture_output=True, text=True, check=False)
            assert done.stderr == ""
