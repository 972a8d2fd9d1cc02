"""The text of ``/metrics``, read by Prometheus' own parser."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from turnout.core import AttemptEnd, AttemptStart, Continuing, Outcome, Usage
from turnout.telemetry import Metrics, metrics
from turnout.telemetry.exposition import exposition

ODD = 'a "quoted" \\ name\nof two lines, with a }'
USAGE = Usage(input=30, output=7, cached_input=10, reasoning=2)


def count(
    counted: Metrics,
    model: str,
    *,
    seconds: float = 0.02,
    outcome: Outcome = "ok",
    seam: Continuing | None = None,
    left_out: int = 0,
    usage: Usage | None = USAGE,
    cost: int | None = 10**11,
) -> None:
    start = AttemptStart(
        attempt_id="r-1",
        request_id="r",
        number=1,
        started=0,
        dialect="openai",
        key_id="",
        user="",
        model=model,
        deployment=f"echo/{model}",
        provider="echo",
        upstream_model=model,
        stream=False,
        continues=seam and 1,
        seam=seam,
    )
    micros = int(seconds * 1e6)
    end = AttemptEnd(
        attempt_id="r-1",
        outcome=outcome,
        status=200,
        queue=0,
        first_token=micros,
        total=micros,
        usage=usage,
        cost=cost,
    )
    counted.attempt_ended(start, end, left_out)
    counted.request_ended("openai", model, 200, seconds)


def samples(counted: Metrics) -> dict[tuple[str, str, str], float]:
    """The values by name, model, and the label ``le`` or ``kind``."""
    families = text_string_to_metric_families(exposition(counted.tally).decode())
    return {
        (sample.name, sample.labels.get("model", ""), sample.labels.get("le") or sample.labels.get("kind") or ""): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("model", ["fast", ODD], ids=["plain", "odd"])
def test_everything_is_shown(model: str) -> None:
    counted = Metrics()
    count(counted, model, seconds=0.02)
    count(counted, model, seconds=700)
    counted.tally.in_flight = 3
    values = samples(counted)
    assert values["turnout_in_flight", "", ""] == 3
    for name in ("turnout_request_seconds", "turnout_attempt_seconds", "turnout_first_token_seconds"):
        assert [values[f"{name}_bucket", model, le] for le in ("0.01", "0.025", "600.0", "+Inf")] == [0, 1, 1, 2]
        assert values[f"{name}_count", model, ""] == 2
        assert values[f"{name}_sum", model, ""] == pytest.approx(700.02)
    kinds = {"input": 60, "output": 14, "cached_input": 20, "reasoning": 4}
    assert {kind: values["turnout_tokens_total", model, kind] for kind in kinds} == kinds
    assert values["turnout_cost_usd_total", model, ""] == pytest.approx(0.2)


def test_an_attempt_without_a_price_is_counted_as_such() -> None:
    counted = Metrics()
    count(counted, "fast")
    count(counted, "dear", cost=None)
    count(counted, "silent", cost=None, usage=None)
    values = samples(counted)
    found = {key: value for key, value in values.items() if key[0] == "turnout_unpriced_attempts_total"}
    assert found == {("turnout_unpriced_attempts_total", "dear", ""): 1}
    assert values["turnout_cost_usd_total", "dear", ""] == 0


def test_each_figure_has_its_type_and_says_what_it_is() -> None:
    """Prometheus takes a histogram without its type for unrelated figures."""
    counted = Metrics()
    count(counted, "fast")
    families = {family.name: family for family in text_string_to_metric_families(exposition(counted.tally).decode())}
    for name in ("turnout_request_seconds", "turnout_attempt_seconds", "turnout_first_token_seconds"):
        assert families[name].type == "histogram"
    for name in ("turnout_tokens", "turnout_cost_usd"):
        assert families[name].type == "counter"
    assert all(family.documentation for family in families.values())


def test_providers_names_leave_room_for_the_configured_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MAX_PROVIDER_NAME_CHARACTERS", 10)
    counted = Metrics()
    for model in ("openai/a", "openai/b", "openai/c", "a", "b"):
        count(counted, model)
    values = samples(counted)
    for name in ("turnout_attempt_seconds_count", "turnout_request_seconds_count"):
        assert {model: values[name, model, ""] for model in ("openai/a", "a", "b", "(others)")} == {
            "openai/a": 1,
            "a": 1,
            "b": 1,
            "(others)": 2,
        }


def test_names_without_end_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MAX_SERIES", 2)
    counted = Metrics()
    for model in ("a", "b", "c", "d", "a"):
        count(counted, model)
    values = samples(counted)
    for name in ("turnout_attempt_seconds_count", "turnout_request_seconds_count"):
        assert {model: values[name, model, ""] for model in ("a", "b", "(others)")} == {"a": 2, "b": 1, "(others)": 2}
        assert (name, "c", "") not in values


def test_seams_are_shown() -> None:
    """An attempt that failed before its answer began has gone on with nothing."""
    counted = Metrics()
    outcomes: tuple[Outcome, ...] = ("ok", "cut", "client_gone", "failed")
    for outcome in outcomes:
        count(counted, ODD, outcome=outcome, seam="continue")
    count(counted, ODD, seam="restart")
    count(counted, ODD)
    families = {family.name: family for family in text_string_to_metric_families(exposition(counted.tally).decode())}
    family = families["turnout_seams"]
    assert family.type == "counter"
    assert {tuple(sorted(sample.labels.items())): sample.value for sample in family.samples} == {
        (("deployment", f"echo/{ODD}"), ("how", "continue"), ("model", ODD)): 3,
        (("deployment", f"echo/{ODD}"), ("how", "restart"), ("model", ODD)): 1,
    }


def test_events_that_were_left_out_are_shown() -> None:
    counted = Metrics()
    for number in (2, 0, 3):
        count(counted, ODD, left_out=number)
    count(counted, "fine")
    families = {family.name: family for family in text_string_to_metric_families(exposition(counted.tally).decode())}
    family = families["turnout_events_left_out"]
    assert family.type == "counter"
    assert [(s.labels["model"], s.labels["deployment"], s.value) for s in family.samples] == [(ODD, f"echo/{ODD}", 5)]


def test_states_of_deployments_are_shown() -> None:
    counted = Metrics()
    counted.troubled = lambda: {"openai/a": "open", ODD: "returning"}
    counted.take_states()
    families = {family.name: family for family in text_string_to_metric_families(exposition(counted.tally).decode())}
    family = families["turnout_deployment_state"]
    states = {(s.labels["deployment"], s.labels["state"]): s.value for s in family.samples}
    assert states == {("openai/a", "open"): 1, (ODD, "returning"): 1}
    assert family.type == "gauge"
