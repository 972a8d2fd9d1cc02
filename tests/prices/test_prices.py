"""Prices: from the file, from the book, or none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from genai_prices.data import providers as book_providers
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from scripts import price_facts, prices
from tests.catalog.support import make_catalog, only
from turnout.core import Extra, InnerUsage, Price, Usage
from turnout.prices import PriceBook, price_book
from turnout.prices.book import FILE, DatedTariff, Match, PricedModel, Source

SOURCES = ("anthropic", "azure", "google", "openai")
BOOK_VERSION = f"genai-prices {version('genai-prices')}+{price_facts.READ}"
OPENAI_KEY = {"OPENAI_API_KEY": "k"}


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return price_book()


class TestBook:
    def test_it_is_of_the_package_in_the_lock(self) -> None:
        assert FILE.read_text() == prices.text(), "run `.venv/bin/python -m scripts.prices`"

    def test_the_license_of_the_data_is_with_it(self) -> None:
        assert "Copyright (c) Pydantic Services Inc." in FILE.read_text()

    @pytest.mark.parametrize("source", SOURCES)
    def test_every_model_is_found_as_the_package_finds_it(self, book: PriceBook, source: str) -> None:
        """For each name that the package lists, and what clients write instead, the same price comes out."""
        provider = next(provider for provider in book_providers if provider.id == source)
        names = {name for model in provider.models for name in _spellings(model.id)} | {"no-such-model"}
        assert {name: _ours(book, source, name) for name in names} == {name: _theirs(source, name) for name in names}

    def test_a_known_price(self, book: PriceBook) -> None:
        price = book.price_of("openai", "gpt-4o-mini")
        assert price is not None
        assert (price.input, price.output, price.cached_input) == (150_000, 600_000, 75_000)
        assert (price.web_search, price.file_search) == (10**10, 25 * 10**8)
        assert price.version == BOOK_VERSION
        assert price.cost(Usage(input=1_000_000, output=1_000_000)) == 750_000_000_000  # 0.75 USD

    def test_sound_and_pictures_have_prices_of_their_own(self, book: PriceBook) -> None:
        words, pictures = book.price_of("openai", "gpt-4o-transcribe"), book.price_of("openai", "gpt-image-1.5")
        assert words is not None
        assert pictures is not None
        assert words.audio_input == 6_000_000 > words.input
        assert (pictures.image_input, pictures.image_output) == (8_000_000, 32_000_000)

    def test_what_is_billed_by_the_hour_or_by_the_character_has_no_other_price(self, book: PriceBook) -> None:
        """A wrong cost would be worse than none."""
        heard, spoken = book.price_of("openai", "whisper-1"), book.price_of("openai", "tts-1")
        assert heard is not None
        assert spoken is not None
        assert (heard.hour, spoken.character) == (36 * 10**10, 15 * 10**6)
        assert not heard.covers(Usage(extra=Extra(characters=9)))

    def test_another_provider_s_models(self, book: PriceBook) -> None:
        """Azure's rows name OpenAI's for what they don't list."""
        assert book.price_of("azure", "o3-pro") == book.price_of("openai", "o3-pro") is not None

    def test_an_unknown_source_or_model_has_no_price(self, book: PriceBook) -> None:
        assert book.price_of("nobody", "gpt-4o") is None
        assert book.price_of("openai", "nothing") is None

    def test_a_price_changes_on_its_day(self) -> None:
        tariffs = (DatedTariff(input=1, output=1), DatedTariff(input=2, output=2, since=date(2027, 1, 1)))
        source = Source(models=(PricedModel(match=Match(equals="m"), tariffs=tariffs),))
        book = PriceBook(version="1", sources={"s": source})
        days = [date(2026, 12, 31), date(2027, 1, 1), date(2028, 1, 1)]
        prices = [book.price_of("s", "M", day) for day in days]
        assert [price.input if price else None for price in prices] == [1, 2, 2]


def _spellings(name: str) -> list[str]:
    return [name, name.upper(), f"{name}-2025-01-01", f"{name}-20250101", f"{name}-preview"]


def _ours(book: PriceBook, source: str, name: str) -> tuple[int, int] | None:
    price = book.price_of(source, name)
    return None if price is None else (price.input, price.output)


def _theirs(source: str, name: str) -> tuple[int, int] | None:
    try:
        _, model = get_snapshot().find_provider_model(name, None, source, None)
    except LookupError:
        return None
    price = model.get_prices(datetime.now(UTC))
    sold = ("input_mtok", *prices.PIECES)
    known = any(getattr(price, name) is not None for name in sold)
    return (_pico(price, "input_mtok"), _pico(price, "output_mtok")) if known else None


def _pico(price: ModelPrice, name: str) -> int:
    value = getattr(price, name)
    value = value.base if isinstance(value, TieredPrices) else value
    return 0 if value is None else round(value * 1_000_000)


class TestInTheCatalog:
    def test_the_file_s_price(self, tmp_path: Path) -> None:
        """USD per 1M tokens, exactly as written; a deployment's own over its model's."""
        catalog = make_catalog(
            tmp_path,
            """
            models:
              a: {price: {input: 0.15, output: 0.60, cached_input: 0.075}, deployments: [openai/gpt-4o, vllm/x]}
              b: {price: {input: 1, output: 2},
                  deployments: [{provider: openai, model: x, price: {input: 0.1, output: 0.3, cache_write: 0.7}}]}
            """,
        )
        price = Price(input=150_000, output=600_000, cached_input=75_000, version="config")
        assert [deployment.price for deployment in catalog.snapshot.find("a").deployments] == [price, price]
        assert only(catalog, "b").price == Price(input=100_000, output=300_000, cache_write=700_000, version="config")

    @pytest.mark.parametrize("name", ["ollama/llama3", "vllm/x", "echo"])
    def test_local_providers_are_free(self, tmp_path: Path, name: str) -> None:
        assert only(make_catalog(tmp_path), name).price == Price(version="free")

    def test_the_book_s_price_is_there_from_the_start(self, tmp_path: Path) -> None:
        """So the first request has a cost. What is asked for by provider has it too."""
        catalog = make_catalog(tmp_path, "models: {a: openai/gpt-4o-mini, b: openai/nothing}", variables=OPENAI_KEY)
        expected = price_book().price_of("openai", "gpt-4o-mini")
        assert (only(catalog, "a").price, only(catalog, "b").price) == (expected, None)
        assert only(catalog, "openai/gpt-4o-mini").price == expected
        assert only(catalog, "openai/gpt-4o-mini-2024-07-18").price == expected
        assert catalog.state().prices == BOOK_VERSION

    @pytest.mark.parametrize(
        ("address", "model", "input_rate", "longer"),
        [
            ("https://api.openai.com/v1", "gpt-5.5", 5_000_000, 10_000_000),
            ("https://us.api.openai.com/v1", "gpt-5.5", 5_500_000, 11_000_000),
            ("https://eu.api.openai.com/v1", "gpt-5.5", 5_500_000, 11_000_000),
            ("https://us.api.openai.com.test/v1", "gpt-5.5", 5_000_000, 10_000_000),
            ("https://us.api.openai.com/v1", "gpt-5", 1_250_000, None),  # older than regional prices
        ],
    )
    def test_an_address_of_a_region_has_its_price(
        self, tmp_path: Path, address: str, model: str, input_rate: int, longer: int | None
    ) -> None:
        text = (
            f"models: {{m: {{deployments: [{{provider: openai, model: {model}, base_url: '{address}', api_key: k}}]}}}}"
        )
        price = only(make_catalog(tmp_path, text), "m").price
        assert price is not None
        assert price.input == input_rate
        assert [each.input for each in price.above] == ([] if longer is None else [longer])
        flex = next(variant for variant in price.variants if variant.service_tier == "flex")
        assert flex.input * 2 == input_rate

    def test_another_model_of_anthropic_has_the_book_s_price(self, tmp_path: Path) -> None:
        text = "models: {m: {deployments: [{provider: anthropic, model: claude-sonnet-5, api_key: k, price: PRICE}]}}"
        price = only(make_catalog(tmp_path, text.replace("PRICE", "{input: 1, output: 1}")), "m").price
        assert price is not None
        advised = Extra(
            inner=(InnerUsage("claude-opus-5", Usage(input=10)), InnerUsage("claude-sonnet-5", Usage(input=3)))
        )
        usage = Usage(input=20, extra=advised)
        assert price.cost(usage) == 10 * 5_000_000 + 10 * 1_000_000  # the deployment's own model at its own price
