"""Constants of the local stack: where it keeps its files, which account and region it plays."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
ACCOUNT = "123456789012"  # moto's own default account
REGION = "eu-west-1"
HOST = "127.0.0.1"
STACK_NAME = "vivify-local"
DONE, FAILED, REJECTED = 0, 1, 3  # exit codes; 2 is wrong usage


@dataclass(frozen=True)
class Credential:
    """A key pair that presigned requests may be signed with. Fixed and worthless: the server is loopback only."""

    access_key: str
    secret_key: str
    session_token: str | None = None
    user_id: str = ""  # by which IAM and S3's events know its owner

    def environment(self) -> dict[str, str]:
        """The variables an AWS SDK reads."""
        env = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        if self.session_token:
            env["AWS_SESSION_TOKEN"] = self.session_token
        return env


# Two people's long-lived keys, and the temporary one of the functions' and the job's roles: as on AWS, whatever those
# sign carries a session token, so code that forgets the token fails here too.
PERSON = Credential("AKIALOCALPERSON00001", "local-secret-of-the-person", user_id="AIDALOCALPERSON00001")
STRANGER = Credential("AKIALOCALSTRANGER001", "local-secret-of-a-stranger", user_id="AIDALOCALSTRANGER001")
ROLE = Credential("ASIALOCALROLE0000001", "local-secret-of-the-role", "local-session-token", "AROALOCALROLE0000001:steps")
CREDENTIALS = {c.access_key: c for c in (PERSON, STRANGER, ROLE)}


@dataclass(frozen=True)
class Paths:
    """Folders of one running stack."""

    home: Path

    @property
    def logs(self) -> Path:
        """One file per function and per job."""
        return self.home / "logs"

    @property
    def stack_log(self) -> Path:
        """What the background process itself says."""
        return self.logs / "stack.log"

    @property
    def scratch(self) -> Path:
        """Temporary files of this process's functions and jobs; removed when its stack stops, whatever they left."""
        return self.home / f"tmp-{os.getpid()}"

    @property
    def state(self) -> Path:
        """Says that a stack is up, and where (JSON, readable by its owner only)."""
        return self.home / "state.json"

    def make(self) -> Paths:
        """Creates the folder for state and logs."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self


DEFAULT_PATHS = Paths(ROOT / "out" / "local")


def child_environment(endpoint: str, scratch: Path) -> dict[str, str]:
    """What every child (function or job) gets: a clean environment, as a container would have, plus the role's key.

    Only what Python itself needs is passed on, so a handler cannot lean on a variable of the developer's shell.
    """
    keep = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    if path := env.get("PYTHONPATH"):  # children work in other folders
        env["PYTHONPATH"] = os.pathsep.join(str(Path(part).resolve()) for part in path.split(os.pathsep))
    env.update(
        ROLE.environment(),
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_EC2_METADATA_DISABLED="true",
        PYTHONUNBUFFERED="1",
        TMPDIR=str(scratch),
        TZ=":UTC",
    )
    return env


def command_for_this_machine(command: list[str]) -> list[str]:
    """The container's ``python`` is this interpreter; any other program is taken as it is."""
    if command and command[0] in ("python", "python3"):
        return [sys.executable, *command[1:]]
    return list(command)
