"""Install the locked requirements into .venv. Run by scripts/_setup, not by hand.

    python scripts/_setup.py runtime | dev

Does nothing if the stamps show that the environment is up to date. Scripts that start at the same time take
turns; they use a system lock, which a killed script cannot leave behind. pip uses the user's configuration.
"""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = "requirements-build.txt"
REQUIREMENTS = {"runtime": ["requirements.txt", BUILD], "dev": ["requirements-dev.txt", BUILD]}
INCLUDED = {"runtime": ["runtime"], "dev": ["dev", "runtime"]}
FIRST_WITHOUT_EMBEDDED = (3, 14)


def main(kind: str) -> None:
    """Set up .venv for this kind of use: `runtime` to serve, `dev` to test as well."""
    with _turn():
        if not _is_done(kind):
            started = time.monotonic()
            _say(f"Setting up .venv for {kind} with Python {_version()} (once; up to a few minutes) ...")
            _make_environment()
            _install(kind)
            _say(f"Set up in {time.monotonic() - started:.0f} s.")
    if sys.version_info >= FIRST_WITHOUT_EMBEDDED:
        _say(
            f"Python {_version()}: the embedded database has no wheels for it yet. Set TOCSIN_MONGODB_URI (tests: "
            "TOCSIN_TEST_MONGODB_URI), or install Python 3.11 to 3.13, delete .venv, and run the script again."
        )


@contextmanager
def _turn() -> Iterator[None]:
    with Path(__file__).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another script that is setting up .venv ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stamp(kind: str) -> Path:
    return VENV / f".tocsin-{kind}"


def _is_done(kind: str) -> bool:
    try:
        return _stamp(kind).read_text() == _wanted(kind) and PYTHON.exists()
    except OSError:
        return False


def _wanted(kind: str) -> str:
    """Return the stamp of an up-to-date environment. It includes the path, because environments cannot be moved."""
    digest = hashlib.sha256(f"{ROOT}\n{sys.version}\n".encode())
    for name in [*REQUIREMENTS[kind], "pyproject.toml"]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _make_environment() -> None:
    """Create the environment, unless this program runs in it and it has pip."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        if importlib.util.find_spec("pip") is None:
            _run("ensurepip", [str(PYTHON), "-m", "ensurepip"])
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    _run("venv (on Debian and Ubuntu: apt install python3-venv)", [sys.executable, "-m", "venv", str(VENV)])


def _install(kind: str) -> None:
    for name in REQUIREMENTS:
        _stamp(name).unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    files = [argument for name in REQUIREMENTS[kind] for argument in ("-r", name)]
    _run("pip", [*pip, "--require-hashes", *files])
    _run("pip", [*pip, "--no-deps", "--no-build-isolation", "--editable", "."])
    for name in INCLUDED[kind]:
        _stamp(name).write_text(_wanted(name))


def _run(what: str, command: list[str]) -> None:
    """Run a command, and print its output only if it fails."""
    done = subprocess.run(  # noqa: S603  the commands are ours
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout.rstrip()}\nSetting up .venv failed: {what} failed with the output above.")


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
