"""The rules by which infra.local decides as AWS would, without a stack: attempts, schedules, exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.batch import EXITED, TIMED_OUT, Attempt, wants_retry
from infra.local.event_bus import Rule
from infra.local.journey import exit_code


def test_what_the_news_exits_with() -> None:
    """0 with a clip; 3 where this photo never gets one, and 1 where it may do later: our fault, or no work taken now."""
    news = ({"event": "clip.ready"}, *({"event": "clip.failed", "retryable": later} for later in (True, False)))
    assert [exit_code(one) for one in news] == [0, 1, 3]


@pytest.mark.parametrize(
    ("attempt", "again"),
    [
        (Attempt(None, "Host EC2 (instance i-0123) terminated."), True),
        (Attempt(75, EXITED), True),
        (Attempt(7, EXITED), False),
        (Attempt(None, TIMED_OUT), False),
    ],
)
def test_which_attempt_is_followed_by_another(attempt: Attempt, again: bool) -> None:
    """As the job definition's rules say, in whatever case: the first that matches decides."""
    rules = ({"onStatusReason": "host ec2*", "action": "retry"}, {"onExitCode": "75", "action": "RETRY"})
    rest = {"onReason": "*", "action": "EXIT"}
    assert wants_retry((*rules, rest), attempt) is again
    assert wants_retry(({"onStatusReason": "HOST EC2*", "action": "RETRY"}, rules[1], rest), attempt) is again


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(1 day)", 86400)]
)
def test_schedules(expression: str, seconds: int) -> None:
    """Rates are kept."""
    target = {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Id": "f"}
    assert Rule.read({"ScheduleExpression": expression, "Targets": [target]}) == Rule(("f",), seconds=seconds)


@pytest.mark.parametrize(
    "rule",
    [
        {"ScheduleExpression": "cron(0 12 * * ? *)", "Targets": []},
        {"EventPattern": {}, "Targets": [{"Arn": "arn:aws:sqs:eu-west-1:123456789012:q", "Id": "q"}]},
        {"EventPattern": {}, "Targets": [{"Arn": "arn:aws:lambda:::function:f", "Id": "f", "Input": "{}"}]},
    ],
)
def test_what_would_never_happen_here(rule: dict[str, Any]) -> None:
    """A rule that nothing here would carry out stops the deployment."""
    with pytest.raises(ValueError, match=r"a rule's target|keeps the schedule"):
        Rule.read(rule)
