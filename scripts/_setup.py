"""Makes .venv what the locked requirements say. Run by scripts/_setup, not by hand.

    python scripts/_setup.py runtime | dev

Does nothing when the environment already is what it should be, which its stamps tell. Scripts that start at once take
turns; the lock is the system's, so that a killed one leaves none behind. pip is left to its user's configuration.
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
    """Set up for this kind of use: `runtime` serves, `dev` also tests."""
    with _turn():
        if not _is_done(kind):
            started = time.monotonic()
            _say(f"Setting up .venv for {kind} with Python {_version()} (once; some minutes at the most) ...")
            _make_environment()
            _install(kind)
            _say(f"Set up in {time.monotonic() - started:.0f} s.")
    if sys.version_info >= FIRST_WITHOUT_EMBEDDED:
        _say(
            f"Python {_version()}: there are no wheels of the embedded database yet. Set TOCSIN_MONGODB_URI (tests: "
            "TOCSIN_TEST_MONGODB_URI), or install Python 3.11 to 3.13, delete .venv and start again."
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
    """What an environment of this kind is made of. It knows its own place, so it is made anew when that changes."""
    digest = hashlib.sha256(f"{ROOT}\n{sys.version}\n".encode())
    for name in [*REQUIREMENTS[kind], "pyproject.toml"]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _make_environment() -> None:
    """The environment itself, unless this program runs in it and it has pip."""
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
    """Run a command; what it prints is only of interest when it fails."""
    done = subprocess.run(  # noqa: S603  the commands are ours
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout.rstrip()}\nSetting up .venv failed: {what} did not work; what it said stands above.")


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
