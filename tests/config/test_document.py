"""YAML as data that remembers its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnout.config.document import MAX_DEPTH, Document, parse_document, read_document
from turnout.errors import ConfigError


def parsed(text: str, **variables: str) -> Document:
    return parse_document(text, "t.yaml", variables)


def problem(text: str, **variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parsed(text, **variables)
    return caught.value.message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("1", 1, id="int"),
        pytest.param("-0.5", -0.5, id="float"),
        pytest.param("1e3", 1000.0, id="exponent"),
        pytest.param("'1'", "1", id="quoted-is-text"),
        pytest.param("!!str 1", "1", id="tagged-is-text"),
        pytest.param("! 1", "1", id="tagged-as-no-plain-value-is-text"),
        pytest.param("true", True, id="true"),
        pytest.param("no", "no", id="no-is-text"),
        pytest.param("2024-10-21", "2024-10-21", id="date-is-text"),
        pytest.param("12:30", "12:30", id="time-is-text"),
        pytest.param("0x1F", "0x1F", id="hex-is-text"),
        pytest.param(".inf", ".inf", id="infinity-is-text"),
        pytest.param(".nan", ".nan", id="nan-is-text"),
        pytest.param("", None, id="nothing"),
        pytest.param("null", None, id="null"),
        pytest.param("[1, [a]]", [1, ["a"]], id="list"),
        pytest.param("{a: {b: 1}}", {"a": {"b": 1}}, id="mapping"),
        pytest.param("{1: x, true: y}", {"1": "x", "true": "y"}, id="keys-are-texts"),
        pytest.param("|\n  two\n  lines\n", "two\nlines\n", id="block"),
    ],
)
def test_values_follow_the_core_rules(written: str, value: object) -> None:
    """YAML 1.2's core rules decide what a value is, so that versions and country codes stay texts."""
    assert parsed(f"key: {written}").data == {"key": value}


def test_an_empty_file_is_nothing() -> None:
    assert parsed("").data is None
    assert parsed("# only a comment\n").data is None


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(tmp_path / "t.yaml", {}).data == {"a": 1}


def test_every_value_has_its_line() -> None:
    """A path leads to the line of the key, or of the nearest thing around it."""
    document = parsed("a: 1\nb:\n  - x\n  - c: 2\n    d: >\n      long\n")
    lines = [document.line(path) for path in [(), ("a",), ("b",), ("b", 1, "c"), ("b", 1, "d"), ("b", 1, "nothing")]]
    assert lines == [1, 1, 2, 4, 5, 4]


def test_anchors_and_merges() -> None:
    """``<<`` adds the keys that the mapping doesn't have, with the lines where they are written."""
    document = parsed("base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\nagain: *base\n")
    assert document.data == {"base": {"a": 1, "b": 2}, "use": {"a": 1, "b": 3}, "again": {"a": 1, "b": 2}}
    assert (document.line(("use", "a")), document.line(("use", "b")), document.line(("again",))) == (1, 4, 5)


class TestVariables:
    """``${VAR}`` and ``${VAR:-default}``."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            pytest.param("${SET}", "value", id="set"),
            pytest.param("a-${SET}-${SET}", "a-value-value", id="inside-a-text"),
            pytest.param("${UNSET:-other}", "other", id="default"),
            pytest.param("${EMPTY:-other}", "other", id="default-for-empty"),
            pytest.param("${SET:-other}", "value", id="default-not-needed"),
            pytest.param("${UNSET:-}", "", id="empty-default"),
            pytest.param("${EMPTY}", "", id="empty"),
            pytest.param("$SET", "$SET", id="no-braces"),
        ],
    )
    def test_expand(self, text: str, value: str) -> None:
        assert parsed(f'key: "{text}"', SET="value", EMPTY="").data == {"key": value}

    def test_a_value_stays_one_text(self) -> None:
        """Whatever a variable holds, it adds no keys, no lists, and no further variables."""
        hostile = "x}\nauth: {required: false}\n# ${OTHER}"
        assert parsed("key: ${HOSTILE}\nlist: ['${HOSTILE}']", HOSTILE=hostile, OTHER="no").data == {
            "key": hostile,
            "list": [hostile],
        }

    def test_an_expanded_number_is_still_a_text(self) -> None:
        assert parsed("key: ${N}", N="null").data == {"key": "null"}

    def test_keys_are_not_expanded(self) -> None:
        assert parsed("'${SET}': 1", SET="value").data == {"${SET}": 1}

    def test_the_variable_is_remembered(self) -> None:
        document = parsed("a: {key: 'x${ONE}${TWO}'}\nb: plain", ONE="1", TWO="2")
        assert (document.variable(("a", "key")), document.variable(("b",))) == ("ONE", None)

    def test_unset_ones_are_all_named(self) -> None:
        assert problem("a: ${ONE}\nb: [x, '${TWO}']").splitlines() == [
            "t.yaml:1: a: the environment variable ONE is not set",
            "t.yaml:2: b[1]: the environment variable TWO is not set",
        ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: 1\nb: 2\na: 3", "t.yaml:3: a: is there twice, first in line 1", id="duplicate-key"),
        pytest.param(
            "m: {x: 1,\n x: 2}", "t.yaml:2: m.x: is there twice, first in line 1", id="duplicate-key-in-flow-mapping"
        ),
        pytest.param("a: 1\n---\nb: 2", "t.yaml:2: expected one document; there is a second one after '---'", id="two"),
        pytest.param("a:\n  - !include x", "t.yaml:2: a[0]: expected no tag (!…)", id="tag"),
        pytest.param("a: '${}'", "t.yaml:1: a: expected ${NAME} or ${NAME:-default}", id="bad-reference"),
        pytest.param("a: '${X'", "t.yaml:1: a: expected ${NAME} or ${NAME:-default}", id="open-reference"),
        pytest.param("? [a]\n: 1", "t.yaml:1: expected a text as a key", id="list-as-key"),
        pytest.param(
            "a: *nothing",
            "t.yaml:1: a: no such anchor (&) before this alias (*); quote a text that begins with '*'",
            id="alias-without-anchor",
        ),
        pytest.param(
            "a: &a [*a]",
            "t.yaml:1: a[0]: no such anchor (&) before this alias (*); quote a text that begins with '*'",
            id="alias-inside-itself",
        ),
        pytest.param("a: {<<: 1}", "t.yaml:1: a: expected a mapping after '<<'", id="merging-a-number"),
        pytest.param(
            "a: {key: ${X}}",
            "t.yaml:1: is not YAML: while parsing a flow mapping did not find expected ',' or '}'"
            "; quote a text with ${…} inside brackets",
            id="variable-in-brackets",
        ),
        pytest.param(
            "a: [1,\n2\nb: 1",
            "t.yaml:3: is not YAML: while parsing a flow sequence did not find expected ',' or ']'",
            id="open-list",
        ),
        pytest.param("a: b: c", "t.yaml:1: is not YAML: mapping values are not allowed in this context", id="colons"),
        pytest.param(
            "a:\n\tb: 1",
            "t.yaml:2: is not YAML: while scanning for the next token found character that cannot start any token"
            "; indent with spaces, not with tabs",
            id="tab",
        ),
        pytest.param("a: 1\nb: \x00", "t.yaml:2: is not YAML: control characters are not allowed", id="control"),
    ],
)
def test_mistakes_name_file_line_and_key(text: str, message: str) -> None:
    assert problem(text) == message


def test_depth_is_bounded() -> None:
    """Deep nesting is refused before it can use up the stack."""
    message = problem("a: " + "[" * 100_000)
    assert message.endswith(f"expected at most {MAX_DEPTH} levels")


def test_size_is_bounded_with_aliases_followed() -> None:
    """Ten lists of ten of the one before: a small file that would be ten billion values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "expected at most 2,000,000 values in a file" in problem("\n".join(lines))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: can't be read: No such file or directory"):
        read_document(tmp_path / "missing.yaml", {})
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        read_document(tmp_path, {})
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml:2: is not UTF-8 text"):
        read_document(tmp_path / "latin.yaml", {})
