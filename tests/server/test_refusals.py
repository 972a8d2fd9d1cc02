"""The trace of a refused request: every one is counted, and the log isn't filled."""

from __future__ import annotations

import time

import pytest
from structlog.testing import capture_logs

from turnout.errors import Unauthenticated
from turnout.server import refusals
from turnout.server.refusals import Refusals
from turnout.telemetry import Metrics

SCOPE = {
    "method": "POST",
    "path": "/v1/\x1b[31m" + "x" * 500,
    "query_string": b"key=tk-SECRET",
    "client": ("192.0.2.1", 5),
    "headers": [(b"authorization", b"Bearer tk-SECRET")],
}


def test_the_log_hears_of_one_at_a_time_and_of_how_many_it_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, now = Metrics(), 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    trace = Refusals(metrics)
    with capture_logs() as lines:
        for _ in range(1000):
            trace.record(SCOPE, "unknown_key", Unauthenticated("No."))
        now += refusals.QUIET_SECONDS
        trace.record(SCOPE, "no_key", Unauthenticated("No."))
    assert metrics.tally.refused == {"unknown_key": 1000, "no_key": 1}
    first, second = lines
    assert (first["reason"], first["status"], first["client"], first["untold"]) == ("unknown_key", 401, "192.0.2.1", 0)
    assert (second["reason"], second["untold"]) == ("no_key", 999)
    assert first["asked"].startswith("POST /v1/\ufffd[31mxxx")
    assert len(first["asked"]) < 250
    assert "SECRET" not in str(lines)
