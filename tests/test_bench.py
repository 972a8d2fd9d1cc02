"""The benchmark reads, counts and judges rightly; the load itself is `make bench`."""

from __future__ import annotations

import http.client
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from bench.exchange import LAST_WORD, STREAM_EVENTS
from bench.goals import goals
from bench.load import Target, lua, read
from bench.systems import Figures
from bench.table import median, table
from bench.upstream import upstream
from bench.usage import cpu_seconds, memory_mb, tree

FIGURES = Figures(per_second=1000, p50=0.002, p99=0.01, cpu_us=100, memory_mb=50, ready=0.5, bad=0)
REPORT = """\
Running 2s test @ http://127.0.0.1:9/v1
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.20ms    3.10ms  70.00ms   97.00%
  Latency Distribution
     50%  812.00us
     75%    1.10ms
     90%    2.00ms
     99%    1.05s
  4242 requests in 2.00s, 1.10MB read
Requests/sec:   2121.50
Transfer/sec:    563.00KB
"""


def test_a_report_of_wrk_is_read() -> None:
    load = read(REPORT)
    assert (load.requests, load.per_second, load.bad) == (4242, 2121.5, 0)
    assert load.p50 == pytest.approx(0.000812)
    assert load.p99 == pytest.approx(1.05)


def test_every_kind_of_failure_counts() -> None:
    errors = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 50\n"
    assert read(REPORT + errors).bad == 60


def test_what_is_not_a_report_is_refused() -> None:
    with pytest.raises(ValueError, match="not wrk's report"):
        read("unable to connect to 127.0.0.1:9 Connection refused")


def test_quotes_in_the_body_reach_wrk() -> None:
    script = lua(Target(url="", headers={"x-config": '{"a": "b"}'}, body='{"text": "a\\nb"}'))
    assert 'wrk.headers["x-config"] = "{\\"a\\": \\"b\\"}"' in script
    assert r'wrk.body = "{\"text\": \"a\\nb\"}"' in script


def test_the_median_is_of_each_figure_and_failures_add_up() -> None:
    rounds = [msgspec.structs.replace(FIGURES, cpu_us=cost, bad=1) for cost in (300, 100, 120)]
    assert median(rounds) == msgspec.structs.replace(FIGURES, cpu_us=120, bad=3)


def test_the_table_shows_costs_beside_ours() -> None:
    peer = msgspec.structs.replace(FIGURES, cpu_us=250)
    rows = table({"turnout": FIGURES, "peer": peer}, stream=False).splitlines()
    assert rows[2:] == [
        "| turnout | 1,000 | 2.00 | 10.00 | 100.0 | 1.00 | 50 | 0.5 | 0 |",
        "| peer | 1,000 | 2.00 | 10.00 | 250.0 | 2.50 | 50 | 0.5 | 0 |",
    ]


def test_goals_are_held_against_the_figures() -> None:
    dearer, cheaper = (msgspec.structs.replace(FIGURES, cpu_us=cost) for cost in (400, 90))
    said = goals({"turnout": FIGURES, "tensorzero": cheaper, "portkey": dearer}, {"turnout": FIGURES})
    assert said.splitlines() == [
        "- **missed**: 1.111 of tensorzero's CPU per request, at most 1.000",
        "- **missed**: 0.250 of portkey's CPU per request, at most 0.200",
        "- kept: ready after 0.5 s, at most 2 s",
    ]


def test_a_process_is_counted_with_its_children() -> None:
    busy = "sum(range(4 * 10**7)); print('done', flush=True); input()"
    source = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        pids = tree(process.pid)
        assert len(pids) == 2
        assert cpu_seconds(pids) > cpu_seconds(pids[:1]) + 0.05
        assert memory_mb(pids) > memory_mb(pids[:1]) > 1


def test_the_streaming_upstream_sends_all_events_and_keeps_the_connection(tmp_path: Path) -> None:
    with upstream(tmp_path, stream=True) as behind:
        connection = http.client.HTTPConnection(urlsplit(behind.url).netloc, timeout=10)
        for _ in range(2):
            connection.request("POST", "/v1/chat/completions", b"{}" * 500)
            said = connection.getresponse().read().decode()
            assert said.count("data: ") == STREAM_EVENTS
            assert LAST_WORD in said
            assert said.endswith("data: [DONE]\n\n")
        connection.close()
        assert behind.events_sent() == 2 * STREAM_EVENTS
