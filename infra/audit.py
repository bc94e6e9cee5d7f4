"""``make audit``: known vulnerabilities in everything that is installed or shipped, asked of PyPI's advisory database.

Exit code 0: asked about every package, none known. 1: some known, or some package nobody could tell of. Where the database
cannot be reached at all nothing has been audited: that is an error too, or with --or-say-so a loud warning.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# dev.txt holds all of engine.txt and local.txt; the others are what Lambda and the container carry.
SHIPPED = ("infra/locks/dev.txt", "infra/locks/container.txt", "layers/*/requirements.txt")


def main() -> int:
    """Prints what was found."""
    told = {(p["name"], p.get("version")): p for path in requirements() for p in asked(path)}
    vulnerable = [package for package in told.values() if package.get("vulns")]
    unknown = sorted({package["name"] for package in told.values() if "skip_reason" in package})
    if len(unknown) == len({name for name, _ in told}):
        print(
            f"\n*** NOT AUDITED: no advisory database could be reached, so nothing is known of {len(unknown)} packages. ***"
            "\n*** Run `make audit` where https://pypi.org can be reached before you release. ***\n",
            file=sys.stderr,
        )
        return 0 if "--or-say-so" in sys.argv else 1
    for package in vulnerable:
        for found in package["vulns"]:
            cures = ", ".join(found["fix_versions"]) or "none yet"
            print(f"{package['name']} {package['version']}: {found['id']}; fixed in {cures}")
    if unknown:
        print(f"Nobody could tell of: {', '.join(unknown)}")
    print(f"{len(told)} packages asked about, {len(vulnerable)} with known vulnerabilities.")
    return 1 if vulnerable or unknown else 0


def requirements() -> list[Path]:
    """Every pinned list of packages."""
    return [path for pattern in SHIPPED for path in sorted(ROOT.glob(pattern))]


def asked(path: Path) -> list[dict[str, Any]]:
    """What the database says of each package in ``path``."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--requirement", str(path)]
    command += ["--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        names = [line.split("==")[0] for line in path.read_text().splitlines() if "==" in line]
        reason = done.stderr.strip().splitlines()[-1:]
        packages = [{"name": name, "skip_reason": reason} for name in names]
    return packages


if __name__ == "__main__":
    sys.exit(main())
