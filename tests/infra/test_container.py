"""The GPU container, as far as it can be known without building it: what it is made of, and what its process answers."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.local.settings import command_for_this_machine
from vivify.cloud.settings import AnimateClip

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "infra" / "locks"
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
JOB = TEMPLATE["Resources"]["AnimateJob"]["Properties"]["ContainerProperties"]
TMP = "/tmp"  # noqa: S108 the container's own
# Any value will do: what is asked here is answered before they are used.
SETTINGS = {field.name.upper(): "x" for field in fields(AnimateClip) if field.default is MISSING}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, in order: name and what follows it."""
    text = re.sub(r"\\\n", " ", (ROOT / "functions/animate/Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, rest in (line.split(maxsplit=1) for line in lines)]


def of(name: str) -> list[str]:
    """What follows each instruction ``name``."""
    return [rest for found, rest in instructions() if found == name]


def locked(name: str) -> dict[str, list[str]]:
    """Each distribution of a lock: its version for each range of Pythons."""
    found: dict[str, list[str]] = {}
    for line in (LOCKS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9][a-z0-9.-]*)(?:\[.*\])?==([^ ]+)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def test_the_base_is_pinned_by_digest() -> None:
    """One stage, from an exact Python and a digest: two builds begin with the same bytes."""
    (base,) = of("FROM")
    assert re.fullmatch(r"python:3\.12\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)


def test_every_wheel_is_pinned_by_hash() -> None:
    """The image installs the lock alone, checks every hash, builds nothing and keeps no cache."""
    (install,) = (run for run in of("RUN") if "pip install" in run)
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", "--no-cache-dir", "-r /tmp/lock.txt"):
        assert option in install
    assert "infra/locks/container.txt /tmp/lock.txt" in of("COPY")
    requirements = re.split(r"\n(?=[a-z])", (LOCKS / "container.txt").read_text(encoding="utf-8"))
    assert len(requirements) > 20
    assert all("--hash=sha256:" in requirement for requirement in requirements if not requirement.startswith("#"))


def test_the_image_runs_what_the_engine_was_tested_with() -> None:
    """Its versions are the engine's lock's, but for the runtime: the GPU build, and never the CPU build beside it."""
    container, engine = locked("container"), locked("engine")
    assert "onnxruntime" not in container
    assert {name: container[name] for name in engine if name != "onnxruntime"} == {
        name: versions for name, versions in engine.items() if name != "onnxruntime"
    }
    assert {"onnxruntime-gpu", "nvidia-cudnn-cu12", "nvidia-cublas-cu12"} <= set(container)


def test_nobody_is_root_and_nothing_is_written() -> None:
    """It runs as a numbered user, after all instructions that need root; only /tmp may be written to."""
    names = [name for name, _ in instructions()]
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert not {"RUN", "COPY", "ADD", "USER"} & set(names[names.index("USER") + 1 :])
    assert of("VOLUME") == [TMP]
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(of("ENV"))


def test_the_local_stack_runs_the_images_entry_point() -> None:
    """The image's command is the job definition's, and here it is the same file under this interpreter."""
    (command,) = (json.loads(rest) for rest in of("CMD"))
    assert command == JOB["Command"]
    _, script = command_for_this_machine(command)
    assert (ROOT / script).is_file()
    (workdir,) = of("WORKDIR")
    copies = dict(rest.split() for rest in of("COPY"))
    assert copies["functions/animate/main.py"] == "functions/animate/"
    sent = (ROOT / "functions/animate/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for source, target in copies.items():
        assert f"!{source.rstrip('/')}" in sent
        assert (ROOT / source).exists()
        assert target.startswith(TMP) or (ROOT / target).is_dir()
    assert f"PYTHONPATH={workdir}/layers/vivify/python" in " ".join(of("ENV"))


def test_of_the_models_only_the_weights_are_sent() -> None:
    """No program below layers/models goes into the image: they make the weights, they do not run them."""
    sent = (ROOT / "functions/animate/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    folders = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "layers/models").glob("*/__init__.py")}
    assert folders == {line for line in sent if line.startswith("layers/models/")}


def test_the_image_holds_all_that_the_job_imports() -> None:
    """The job's modules load with nothing but the standard library and what the lock installs."""
    named = importlib.metadata.packages_distributions()
    image = {*locked("container"), "onnxruntime"}  # the GPU build is the same module
    allowed = {module for module, owners in named.items() if image & {owner.lower().replace("_", "-") for owner in owners}}
    program = f"""
import sys
allowed = set(sys.stdlib_module_names) | {allowed | {"vivify"}!r}
class Only:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in allowed:
            raise ModuleNotFoundError(f"not in the container: {{name}}", name=name)
sys.meta_path.insert(0, Only())
import vivify.service.animate_clip, aws_lambda_powertools
"""
    done = subprocess.run([sys.executable, "-c", program], env=_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _environment(settings: Mapping[str, str] | None = None, **more: str) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    aws = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    return keep | aws | {"PYTHONPATH": str(ROOT / "layers/vivify/python")} | dict(settings or {}) | more


def _started(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command_for_this_machine(JOB["Command"]), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def test_a_job_without_settings_is_a_fault() -> None:
    """1: the process names what is missing, and no attempt is made again."""
    assert _started(_environment()).wait(60) == 1


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this host has CUDA")
def test_the_image_is_healthy_only_on_a_gpu() -> None:
    """The health check opens the painting graph on CUDA: it fails on this host, and holds for the CPU instead."""
    (check,) = of("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])

    def ends(program: list[str]) -> int:
        return subprocess.run(program, env=_environment(), stderr=subprocess.DEVNULL, check=False).returncode

    assert ends([sys.executable, *command[1:]]) == 1
    assert ends([sys.executable, *(part.replace("cuda", "cpu") for part in command[1:])]) == 0


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this host has CUDA")
def test_a_host_without_its_gpu_says_so_first() -> None:
    """78 before anything is read or recorded: the endpoint that stands for AWS is never called."""
    with socket.create_server(("127.0.0.1", 0)) as aws:
        url = f"http://127.0.0.1:{aws.getsockname()[1]}"
        assert _started(_environment(SETTINGS, PROVIDER="cuda", AWS_ENDPOINT_URL=url)).wait(60) == 78
        aws.setblocking(False)
        with pytest.raises(BlockingIOError):
            aws.accept()


def test_a_job_that_is_stopped_may_be_tried_again() -> None:
    """75 on SIGTERM while AWS has not answered yet; the job definition retries just that."""
    with socket.create_server(("127.0.0.1", 0)) as aws:
        url = f"http://127.0.0.1:{aws.getsockname()[1]}"
        process = _started(_environment(SETTINGS, PROVIDER="cpu", AWS_ENDPOINT_URL=url))
        aws.settimeout(60)
        connection, _ = aws.accept()
        with connection:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 75
    rules = TEMPLATE["Resources"]["AnimateJob"]["Properties"]["RetryStrategy"]["EvaluateOnExit"]
    assert {"Action": "RETRY", "OnExitCode": "75"} in rules
