"""What the file says of routing reaches the models, deployments and keys that are served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog.support import make_catalog
from turnout.core import Model, Weights
from turnout.errors import ConfigError

TEXT = """
health: {failures: 3, pause: 1, longest_pause: 60}
models:
  fast:
    policy: balanced
    weights: {cost: 2, load: 0}
    affinity: session
    needs_tags: [eu]
    deployments:
      - {provider: openai, model: a, tags: [eu, premium]}
      - openai/b
  plain: openai/c
keys: [{key: tk-0123456789abcdef, needs_tags: [gdpr]}]
"""


def test_settings_reach_what_is_served(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path, TEXT)
    fast = catalog.snapshot.find("fast")
    assert (fast.policy, fast.weights) == ("balanced", Weights(cost=2, load=0))
    assert (fast.affinity, set(fast.needs_tags)) == ("session", {"eu"})
    assert [set(deployment.tags) for deployment in fast.deployments] == [{"eu", "premium"}, set()]
    assert [set(key.needs_tags) for key in catalog.snapshot.keys.values()] == [{"gdpr"}]
    assert (catalog.settings.health.failures, catalog.settings.health.longest_pause) == (3, 60)


def test_a_model_that_says_nothing_has_the_defaults(tmp_path: Path) -> None:
    plain = make_catalog(tmp_path, TEXT).snapshot.find("plain")
    assert plain == Model(name="plain", deployments=plain.deployments, created=plain.created)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ("models: {m: {deployments: [openai/a], affinity: maybe}}", "models.m.affinity"),
        ("models: {m: {deployments: [openai/a], weights: {speed: 1}}}", "models.m.weights.speed"),
        ("models: {m: {deployments: [openai/a], needs_tags: [EU]}}", "models.m.needs_tags"),
        ("models: {m: {deployments: [{provider: openai, model: a, tags: ['e u']}]}}", "models.m.deployments[0].tags"),
        ("health: {failures: 0}", "health.failures"),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, wrong: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_catalog(tmp_path, wrong)
    assert place in caught.value.message
