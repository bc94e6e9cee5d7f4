"""The container and its hosts, as template.yaml makes them: nothing reaches them, and they own and give away nothing."""

from __future__ import annotations

import re
from typing import Any

from tests.infra.template_reader import ROOT, Resource, listed, of, statements


def test_the_container_owns_nothing(resources: dict[str, Resource]) -> None:
    """No root, no privileges, a root file system that nobody writes to, and one scratch volume that goes with it."""
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    container = job["ContainerProperties"]
    assert (container["User"], container["Privileged"], container["ReadonlyRootFilesystem"]) == ("10001", False, True)
    assert [(m["ContainerPath"], m["SourceVolume"]) for m in container["MountPoints"]] == [("/tmp", "scratch")]  # noqa: S108
    assert container["Volumes"] == [{"Name": "scratch", "Host": {}}]
    dockerfile = (ROOT / "functions/animate/Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\d+)", dockerfile, re.MULTILINE) == [container["User"]]


def test_hosts_give_nothing_away(resources: dict[str, Resource]) -> None:
    """Every compute environment starts its hosts with IMDSv2 alone, out of a container's reach, and an encrypted disk."""
    data = resources["GpuHosts"]["Properties"]["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"}
    assert all(device["Ebs"]["Encrypted"] for device in data["BlockDeviceMappings"])
    for name, environment in of(resources, "AWS::Batch::ComputeEnvironment").items():
        assert environment["ComputeResources"]["LaunchTemplate"]["LaunchTemplateId"] == {"Ref": "GpuHosts"}, name


def test_hosts_are_renewed_under_running_jobs(resources: dict[str, Resource]) -> None:
    """A change makes new hosts on AWS's newest image, and lets a job on an old one run for as long as it may. Batch does so
    with no role but its own.
    """
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    for name, environment in of(resources, "AWS::Batch::ComputeEnvironment").items():
        assert environment["ReplaceComputeEnvironment"] is False, name
        assert "ServiceRole" not in environment, name
        assert environment["ComputeResources"]["UpdateToLatestImageVersion"] is True, name
        policy = environment["UpdatePolicy"]
        assert policy["TerminateJobsOnUpdate"] is False, name
        assert policy["JobExecutionTimeoutMinutes"] * 60 >= job["Timeout"]["AttemptDurationSeconds"], name


def test_nothing_reaches_the_hosts(resources: dict[str, Resource]) -> None:
    """The hosts' security group lets nothing in, and only HTTPS out; by default their network has no way to the internet."""
    hosts = resources["GpuSecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in hosts
    assert [rule["ToPort"] for rule in hosts["SecurityGroupEgress"]] == [443]
    ways_out = [r for r in resources.values() if r["Type"] in ("AWS::EC2::InternetGateway", "AWS::EC2::Route")]
    assert [way["Condition"] for way in ways_out] == ["RoutesOut"] * 2
    for subnet in of(resources, "AWS::EC2::Subnet").values():
        assert subnet["MapPublicIpOnLaunch"] == {"Fn::If": ["RoutesOut", True, False]}


def test_all_that_hosts_need_has_an_endpoint(template: dict[str, Any], resources: dict[str, Resource]) -> None:
    """Without the internet, images, ECS, logs, S3 and DynamoDB are reached inside; the last two only for our own things."""
    assert template["Parameters"]["Egress"]["Default"] == "endpoints"
    endpoints = of(resources, "AWS::EC2::VPCEndpoint")
    services = {e["ServiceName"]["Fn::Sub"].split("}.")[1]: e for e in endpoints.values()}
    assert set(services) == {"s3", "dynamodb", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs"}
    for service in ("s3", "dynamodb"):
        for statement in services[service]["PolicyDocument"]["Statement"]:
            assert statement["Resource"] != "*"
            assert "*" not in "".join(listed(statement["Action"]))


def test_the_gateways_let_through_what_the_job_may_do(resources: dict[str, Resource]) -> None:
    """To our own buckets and table, hosts' endpoints allow the very actions that the job's role has: no less, no more."""
    endpoints = of(resources, "AWS::EC2::VPCEndpoint")
    granted = {
        action
        for name, statement in statements(resources)
        if name in ("AnimateJobRole", "AnimateReadsPhotos")
        for action in listed(statement["Action"])
    }
    ours = [endpoints[name]["PolicyDocument"]["Statement"][0]["Action"] for name in ("S3Endpoint", "TableEndpoint")]
    assert {action for actions in ours for action in actions} == granted
