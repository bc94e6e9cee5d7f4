"""The local server with one bucket and nothing else, for test_presigned.py: prints its endpoint, ends with its stdin.

A program, because a server makes its whole process play AWS.
"""

from __future__ import annotations

import sys

import boto3

from infra.local.server import LocalServer
from infra.local.settings import PERSON, REGION

if __name__ == "__main__":
    server = LocalServer()
    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=server.endpoint,
        aws_access_key_id=PERSON.access_key,
        aws_secret_access_key=PERSON.secret_key,
    )
    s3.create_bucket(Bucket="photos-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="photos-bucket", Key="clips/a b.mp4", Body=b"a clip", ContentType="video/mp4")
    sys.stdout.write(f"{server.endpoint}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.close()
