"""What is kept, how long and who can read it, as template.yaml says: private, encrypted, logged, and over one day."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from tests.infra.template_reader import Resource, listed, of, statements
from vivify.cloud.records import KEPT_SECONDS
from vivify.service import reconcile


def test_buckets_are_private_encrypted_and_expire(resources: dict[str, Resource]) -> None:
    """No bucket can be made public, keeps anything unencrypted, or keeps it for ever: not even what never arrived whole."""
    for name, bucket in of(resources, "AWS::S3::Bucket").items():
        assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4, name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        (encrypted,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert "SSEAlgorithm" in encrypted["ServerSideEncryptionByDefault"], name
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        assert rule["Status"] == "Enabled", name
        assert "Prefix" not in rule, name
        assert rule["ExpirationInDays"], name
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}, name
        if "VersioningConfiguration" in bucket:
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}, name


def test_how_long_each_is_kept(template: dict[str, Any], resources: dict[str, Resource], machine: dict[str, Any]) -> None:
    """Photos for hours, more than a clip can take; what is made on the way for a day; clips for as many days
    as chosen, and their records longer, so that whatever can be seen can be deleted.
    """
    days = {
        name: bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"]
        for name, bucket in of(resources, "AWS::S3::Bucket").items()
    }
    assert days == {
        "UploadsBucket": 1,
        "WorkBucket": 1,
        "ClipsBucket": {"Ref": "ClipDays"},
        "AccessLogsBucket": {"Ref": "LogDays"},
    }
    most = dt.timedelta(days=template["Parameters"]["ClipDays"]["MaxValue"] + 1)  # S3 waits for midnight
    assert reconcile.UPLOAD + dt.timedelta(seconds=machine["TimeoutSeconds"]) + most < dt.timedelta(seconds=KEPT_SECONDS)
    hours = template["Parameters"]["PhotoHours"]
    assert machine["TimeoutSeconds"] <= hours["MinValue"] * 3600 <= hours["Default"] * 3600
    assert hours["MaxValue"] <= 24
    assert resources["SweepPhotosFunctionEveryHour"]["Properties"]["ScheduleExpression"] == "rate(1 hour)"


def test_buckets_speak_tls_only(resources: dict[str, Resource]) -> None:
    """Each bucket's own policy denies everything to everybody without TLS; what else it allows, it allows one service."""
    policies = of(resources, "AWS::S3::BucketPolicy").values()
    assert {policy["Bucket"]["Ref"] for policy in policies} == set(of(resources, "AWS::S3::Bucket"))
    for policy in policies:
        tls, *others = policy["PolicyDocument"]["Statement"]
        assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert len(tls["Resource"]) == 2
        _require_for_us_alone(others)


def _require_for_us_alone(allowing: list[dict[str, Any]]) -> None:
    """Each of these statements lets in services of AWS, and those only on our own behalf: they work for others, too."""
    for statement in allowing:
        allowed = statement["Fn::If"][1] if "Fn::If" in statement else statement
        assert set(allowed["Principal"]) == {"Service"}
        (conditions,) = allowed["Condition"].values()
        assert conditions.keys() & {"aws:SourceArn", "aws:SourceAccount"}


def test_queues_and_topics_speak_tls_only(resources: dict[str, Resource]) -> None:
    """What waits in a queue or goes through a topic may hold links: the policy of each denies it to whoever has no TLS; what
    else it allows, it allows one service.
    """
    kinds = (("Queue", "Queues", "SQS", "sqs:*"), ("Topic", "Topics", "SNS", "sns:Publish"))
    for kind, named, service, action in kinds:
        held: list[str] = []
        for policy in of(resources, f"AWS::{service}::{kind}Policy").values():
            tls, *others = policy["PolicyDocument"]["Statement"]
            assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", action)
            assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            _require_for_us_alone(others)
            refused = [next(iter(resource.values())) for resource in listed(tls["Resource"])]
            members = [member["Ref"] for member in policy[named]]
            assert [name[0] if isinstance(name, list) else name for name in refused] == members
            held += members
        assert sorted(held) == sorted(of(resources, f"AWS::{service}::{kind}"))


def test_links_are_the_only_way_to_clips(resources: dict[str, Resource]) -> None:
    """The distribution serves whoever has a URL that our key group signed, over HTTPS, and nobody else."""
    (distribution,) = of(resources, "AWS::CloudFront::Distribution").values()
    serving = distribution["DistributionConfig"]["DefaultCacheBehavior"]
    assert serving["TrustedKeyGroups"] == [{"Ref": "LinkKeyGroupId"}]
    assert serving["ViewerProtocolPolicy"] == "https-only"


def test_what_is_deleted_is_gone(resources: dict[str, Resource]) -> None:
    """Clips are kept in no cache, where a link that is still good would find them after their deletion; and buckets that
    clips are deleted from keep no versions.
    """
    (distribution,) = of(resources, "AWS::CloudFront::Distribution").values()
    disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's own policy "CachingDisabled"
    assert distribution["DistributionConfig"]["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    assert "CacheBehaviors" not in distribution["DistributionConfig"]
    buckets = of(resources, "AWS::S3::Bucket")
    assert [name for name, bucket in buckets.items() if "VersioningConfiguration" in bucket] == ["UploadsBucket"]


def test_reading_is_logged(resources: dict[str, Resource]) -> None:
    """S3 writes down who read what from every bucket, into one that nothing else writes to."""
    buckets = of(resources, "AWS::S3::Bucket")
    logged = {
        name: b["LoggingConfiguration"]["DestinationBucketName"]["Ref"]
        for name, b in buckets.items()
        if name != "AccessLogsBucket"
    }
    assert set(logged.values()) == {"AccessLogsBucket"}
    assert not [name for name, s in statements(resources) if "AccessLogsBucket" in json.dumps(s["Resource"])]


def test_tables_can_be_restored_and_forget(resources: dict[str, Resource]) -> None:
    """Clips can be restored to any moment of the last weeks; who called when, which is kept for two days, can not. Records
    end by themselves, and KMS encrypts them.
    """
    for name, table in of(resources, "AWS::DynamoDB::Table").items():
        restored = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
        assert restored is (name == "ClipsTable"), name
        assert table["TimeToLiveSpecification"]["Enabled"] is True, name
        assert table["SSESpecification"]["SSEType"] == "KMS", name


def test_who_owns_a_clip_is_not_deleted_by_a_slip(resources: dict[str, Resource]) -> None:
    """The one thing kept that nothing could make anew, the table of clips, is protected: no change of the stack drops it."""
    assert of(resources, "AWS::DynamoDB::Table")["ClipsTable"]["DeletionProtectionEnabled"] is True


def test_logs_end(template: dict[str, Any], resources: dict[str, Resource]) -> None:
    """Every log group has its days, and every function, the job and the API write to one of them."""
    groups = of(resources, "AWS::Logs::LogGroup")
    assert {json.dumps(group["RetentionInDays"]) for group in groups.values()} == {'{"Ref": "LogDays"}'}
    assert max(template["Parameters"]["LogDays"]["AllowedValues"]) <= 90
    for name, function in of(resources, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups, name
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    assert job["ContainerProperties"]["LogConfiguration"]["Options"]["awslogs-group"]["Ref"] in groups


def test_no_data_in_the_logs_that_aws_writes(resources: dict[str, Resource]) -> None:
    """The state machine's log tells of errors and never of inputs; the API's knows no address, caller, path or query."""
    (machine,) = of(resources, "AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    for name, stage in of(resources, "AWS::ApiGatewayV2::Stage").items():
        told = set(re.findall(r"\$context\.([\w.]+)", stage["AccessLogSettings"]["Format"]))
        assert told == {"requestId", "routeKey", "status", "responseLatency"}, name
