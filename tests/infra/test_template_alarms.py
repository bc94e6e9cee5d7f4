"""Who hears of trouble, as template.yaml says: nothing given up is lost, and every alarm rings."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout

import pytest

from tests.infra.template_reader import Resource, of
from vivify.service import metrics, notify


def test_every_queue_has_its_dead_letters(resources: dict[str, Resource]) -> None:
    """A queue gives up into another one, or is where things are given up into: then it keeps them as long as SQS can."""
    queues = of(resources, "AWS::SQS::Queue")
    last = {name for name, queue in queues.items() if "RedrivePolicy" not in queue}
    for name, queue in queues.items():
        if name in last:
            assert queue["MessageRetentionPeriod"] == 1_209_600, name
        else:
            assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] in last, name
        assert queue["SqsManagedSseEnabled"] is True, name


def test_failed_events_are_kept(resources: dict[str, Resource]) -> None:
    """Functions that are invoked by events or schedules keep those that go on failing."""
    configs = of(resources, "AWS::Lambda::EventInvokeConfig").values()
    kept = {c["FunctionName"]["Ref"]: c["DestinationConfig"]["OnFailure"]["Destination"] for c in configs}
    invoked = {
        permission["FunctionName"]["Ref"]
        for permission in of(resources, "AWS::Lambda::Permission").values()
        if permission["Principal"] in ("s3.amazonaws.com", "events.amazonaws.com")
    }
    assert invoked <= kept.keys()
    queues = of(resources, "AWS::SQS::Queue")
    for name, destination in kept.items():
        assert destination["Fn::GetAtt"][0] in queues, name
    for name, rule in of(resources, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in queues, name


def test_every_alarm_is_heard(resources: dict[str, Resource]) -> None:
    """Each alarm says what it means, tells the Alarms topic, knows what silence means, and hangs on the dashboard."""
    shown = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, alarm in of(resources, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["TreatMissingData"] in ("notBreaching", "breaching"), name
        assert f"${{{name}.Arn}}" in shown, name
    assert resources["GpuQueueAlarm"]["Properties"]["TreatMissingData"] == "breaching"  # the reconciler looks no more
    _tls, statement = resources["AlarmsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert set(statement["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    (budget,) = of(resources, "AWS::Budgets::Budget").values()
    for notification in budget["NotificationsWithSubscribers"]:
        assert notification["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": "Alarms"}}]


def test_every_dead_letter_rings(resources: dict[str, Resource]) -> None:
    """Each queue into which things are given up has an alarm on its depth."""
    alarms = of(resources, "AWS::CloudWatch::Alarm").values()
    watched = {a["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for a in alarms if a.get("Namespace") == "AWS/SQS"}
    assert watched == {name for name, queue in of(resources, "AWS::SQS::Queue").items() if "RedrivePolicy" not in queue}


def test_alarms_watch_what_is_counted(resources: dict[str, Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every metric of ours that an alarm or the dashboard names is one that the code emits, under the same dimension."""
    emitted = _emitted(monkeypatch)
    watched = set()
    for alarm in of(resources, "AWS::CloudWatch::Alarm").values():
        told = (
            [alarm] if "MetricName" in alarm else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
        )
        ours = [metric for metric in told if metric["Namespace"] == {"Ref": "AWS::StackName"}]
        assert all(metric["Dimensions"] == [{"Name": "service", "Value": "vivify"}] for metric in ours)
        watched |= {metric["MetricName"] for metric in ours}
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = {m[1] for m in re.finditer(r'\["\$\{AWS::StackName\}", "(\w+)", "service", "vivify"', body)}
    json.loads(re.sub(r"\$\{[^}]+\}", "x", body))
    assert watched <= shown
    assert shown <= emitted
    assert emitted - shown == {"PhotosSwept"}
    functions = of(resources, "AWS::Lambda::Function").values()
    assert all(f["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"} for f in functions)


def test_an_api_that_fails_rings(resources: dict[str, Resource]) -> None:
    """An answer of 500 rings, and so does a function that gives none: it crashed, ran out of time or found no room."""
    metrics = [m["MetricStat"]["Metric"] for m in resources["ApiFaultsAlarm"]["Properties"]["Metrics"] if "MetricStat" in m]
    own, *functions = [(m["MetricName"], m["Dimensions"][0]["Value"]) for m in metrics]
    assert own == ("ApiFaults", "vivify")
    assert functions == [("Errors", {"Ref": "ServeApiFunction"}), ("Throttles", {"Ref": "ServeApiFunction"})]


def test_a_deletion_rings_nothing(resources: dict[str, Resource]) -> None:
    """A DELETE aborts the clip's execution, so no alarm counts those; what else aborts one is counted as a failed clip."""
    failures = resources["ClipsFailAlarm"]["Properties"]["Metrics"]
    watched = {metric["MetricStat"]["Metric"]["MetricName"] for metric in failures if "MetricStat" in metric}
    assert "ClipsFailed" in watched
    assert "ExecutionsAborted" not in watched


def _emitted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "vivify")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "x")
    times = {"arrived_at": "2026-01-15T09:30:12.482Z", "notified_at": "2026-01-15T09:31:12.482Z"}
    ready = {"clip_id": "c", "state": "ready", "gpu_seconds": 30, **times}
    kinds = {
        "photo",
        *(notify.failure_of({"Cause": json.dumps({"Container": {"ExitCode": code}})}) for code in (1, 78, 137)),
    }
    kinds |= {notify.failure_of({"Error": "States.Timeout"}), notify.failure_of({"Cause": '{"StatusReason": "CAPACITY:X"}'})}
    with redirect_stdout(io.StringIO()) as out:
        metrics.clip_ended(ready, 0.5)
        for kind in sorted(kinds):
            metrics.clip_ended({"clip_id": "c", "state": "failed", "failure": kind}, 0.5)
        metrics.reconciled(1, 12.0)
        metrics.photos_swept(3)
        metrics.api_failed()
        metrics.webhook_fault()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == len(kinds) + 5
    told = [directive for line in lines for directive in line["_aws"]["CloudWatchMetrics"]]
    assert all(directive["Dimensions"] == [["service"]] for directive in told)
    return {metric["Name"] for directive in told for metric in directive["Metrics"]}


def test_the_path_of_a_clip_can_be_traced(resources: dict[str, Resource]) -> None:
    """Every function and the state machine write traces."""
    for name, function in of(resources, "AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": "Active"}, name
    for machine in of(resources, "AWS::StepFunctions::StateMachine").values():
        assert machine["TracingConfiguration"] == {"Enabled": True}
