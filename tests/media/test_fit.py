"""An image is fit_to to fit a model's limits; one that fits is left alone; data that is no image is refused."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.media import pictures
from turnout.core import ImageLimits
from turnout.core.images import image_type
from turnout.errors import InvalidRequest, Unsupported
from turnout.media import check
from turnout.media.budget import Budget
from turnout.media.fit import Fit, fit
from turnout.media.sizing import fitted, limits_among

ROOMY = ImageLimits()
PIXELS = 1_000_000
ORIENTATION, GPS = 0x0112, 0x8825


def fit_to(data: bytes, limits: ImageLimits = ROOMY) -> Fit:
    return fit(data, image_type(data[:16]), limits, PIXELS, Budget())


def bytes_of(result: Fit) -> bytes:
    assert result.data is not None
    return result.data


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge_png() -> bytes:
    """A header that promises 50,000 x 50,000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


class TestWhatFits:
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
    def test_is_left_alone(self, form: str) -> None:
        assert fit_to(pictures.file(pictures.picture(), form)).data is None

    def test_at_the_very_limit_too(self) -> None:
        data = pictures.png(80, 60)
        limits = ImageLimits(long_edge=80, short_edge=60, pixels=4800, bytes=len(data))
        assert fit_to(data, limits) == Fit("image/png")

    def test_an_animation_where_it_is_seen(self) -> None:
        assert fit_to(pictures.animation("GIF"), ImageLimits(animated=True)).data is None


class TestSize:
    def test_long_edge(self) -> None:
        result = fit_to(pictures.jpeg(800, 600), ImageLimits(long_edge=200))
        assert pictures.opened(bytes_of(result)).size == (200, 150)

    def test_short_edge(self) -> None:
        result = fit_to(pictures.jpeg(600, 800), ImageLimits(long_edge=700, short_edge=300))
        assert pictures.opened(bytes_of(result)).size == (300, 400)

    def test_pixels(self) -> None:
        width, height = pictures.opened(bytes_of(fit_to(pictures.png(900, 300), ImageLimits(pixels=30_000)))).size
        assert 29_000 < width * height <= 30_000
        assert width / height == pytest.approx(3, rel=0.02)

    def test_bytes_by_quality_first_then_by_size(self) -> None:
        data = pictures.file(pictures.noise(400, 300), "JPEG", quality=95)
        some, few = ImageLimits(bytes=len(data) // 2), ImageLimits(bytes=len(data) // 20)
        assert pictures.opened(bytes_of(fit_to(data, some))).size == (400, 300)
        small = bytes_of(fit_to(data, few))
        assert len(small) <= len(data) // 20
        assert max(pictures.opened(small).size) < 400

    def test_what_can_never_be_small_enough_is_for_another_model(self) -> None:
        with pytest.raises(Unsupported, match="at most 10 bytes"):
            fit_to(pictures.jpeg(), ImageLimits(bytes=10))

    def test_with_many_images_a_smaller_edge_holds(self) -> None:
        limits = ImageLimits(long_edge=2576, many=20, many_edge=2000)
        assert [limits_among(limits, number).long_edge for number in (1, 20, 21)] == [2576, 2576, 2000]

    @given(
        size=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
        edges=st.tuples(*[st.none() | st.integers(1, 3000)] * 2),
        pixels=st.none() | st.integers(1, 4_000_000),
    )
    def test_arithmetic_keeps_every_limit(
        self, size: tuple[int, int], edges: tuple[int | None, int | None], pixels: int | None
    ) -> None:
        width, height = fitted(size, ImageLimits(long_edge=edges[0], short_edge=edges[1], pixels=pixels))
        assert 1 <= width <= size[0]
        assert 1 <= height <= size[1]
        assert edges[0] is None or max(width, height) <= edges[0]
        assert edges[1] is None or min(width, height) <= edges[1]
        assert pixels is None or width * height <= pixels


class TestFormat:
    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ("JPEG", "image/jpeg"),
            ("PNG", "image/png"),
            ("WEBP", "image/webp"),
            ("GIF", "image/png"),
            ("BMP", "image/png"),
            ("TIFF", "image/png"),
            ("AVIF", "image/jpeg"),
        ],
    )
    def test_is_kept_where_it_can_be(self, form: str, expected: str) -> None:
        result = fit_to(pictures.file(pictures.picture(), form), ImageLimits(long_edge=40))
        assert (result.media_type, image_type(bytes_of(result))) == (expected, expected)
        assert [pictures.colour_at(bytes_of(result), x, y) for x, y in ((0.05, 0.05), (0.2, 0.9), (0.9, 0.9))] == [
            "white",
            "red",
            "blue",
        ]

    def test_is_changed_to_one_that_is_taken(self) -> None:
        only_jpeg = ImageLimits(formats=frozenset({"image/jpeg"}))
        assert image_type(bytes_of(fit_to(pictures.png(), only_jpeg))) == "image/jpeg"

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparency_is_kept(self, mode: str) -> None:
        image = pictures.picture(mode=mode)
        image.putalpha(Image.new("L", image.size, 100))
        shown = pictures.opened(bytes_of(fit_to(pictures.file(image, "PNG"), ImageLimits(long_edge=40))))
        assert (shown.format, shown.mode, shown.getchannel("A").getextrema()) == ("PNG", "RGBA", (100, 100))

    def test_transparency_of_a_palette_is_kept(self) -> None:
        image = pictures.picture().quantize(8)
        data = pictures.file(image, "PNG", transparency=image.getpixel((0, 0)))
        shown = pictures.opened(bytes_of(fit_to(data, ImageLimits(long_edge=40)))).convert("RGBA")
        alpha = shown.getchannel("A")
        assert (alpha.getpixel((0, 0)), alpha.getpixel((39, 29))) == (0, 255)

    def test_transparency_is_laid_on_white_where_nothing_else_is_taken(self) -> None:
        image = Image.new("RGBA", (80, 60), (0, 0, 0, 0))
        image.paste(pictures.RED, (0, 0, 40, 60))
        result = fit_to(pictures.file(image, "PNG"), ImageLimits(formats=frozenset({"image/jpeg"})))
        assert [pictures.colour_at(bytes_of(result), x, 0.5) for x in (0.1, 0.9)] == ["red", "white"]

    def test_sixteen_bits_are_scaled_not_clipped(self) -> None:
        image = Image.new("I;16", (40, 30), 32_768)
        shown = pictures.opened(bytes_of(fit_to(pictures.file(image, "PNG"), ImageLimits(long_edge=20))))
        assert shown.convert("L").getpixel((5, 5)) == pytest.approx(128, abs=2)

    def test_cmyk_is_made_rgb(self) -> None:
        data = pictures.file(pictures.picture(mode="CMYK"), "JPEG")
        result = fit_to(data, ImageLimits(long_edge=40))
        assert pictures.opened(bytes_of(result)).mode == "RGB"
        assert pictures.colour_at(bytes_of(result), 0.9, 0.9) == "blue"

    @pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
    def test_of_an_animation_the_first_frame(self, form: str) -> None:
        result = fit_to(pictures.animation(form))
        assert not getattr(pictures.opened(bytes_of(result)), "is_animated", False)
        assert pictures.colour_at(bytes_of(result), 0.5, 0.5) == "red"
        assert result.note.endswith(", first frame only")

    def test_heic_is_passed_on_unseen_to_who_takes_it(self) -> None:
        heic = b"\0\0\0\x18ftypheic" + b"\0" * 100
        assert fit_to(heic, ImageLimits(formats=frozenset({"image/heic"}))) == Fit("image/heic")
        with pytest.raises(Unsupported, match="send JPEG or PNG"):
            fit_to(heic)


class TestOrientation:
    UPRIGHT = ((0.1, 0.1, "white"), (0.1, 0.9, "red"), (0.9, 0.1, "blue"), (0.9, 0.9, "blue"))

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_is_undone(self, orientation: int) -> None:
        """For each of EXIF's eight orientations."""
        stored = pictures.picture(80, 60)
        how = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }.get(orientation)
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        lying = stored if how is None else stored.transpose(how)
        data = pictures.file(lying, "JPEG", quality=95, exif=exif)
        result = fit_to(data)
        seen = data if result.data is None else result.data
        assert (result.data is None) == (orientation == 1)
        assert pictures.opened(seen).size == (80, 60)
        assert [pictures.colour_at(seen, x, y) for x, y, _ in self.UPRIGHT] == [colour for *_, colour in self.UPRIGHT]

    def test_limits_hold_for_the_upright_picture_in_other_formats_too(self) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        data = pictures.file(pictures.picture(80, 60), "PNG", exif=exif)
        assert pictures.opened(bytes_of(fit_to(data, ImageLimits(long_edge=40)))).size == (30, 40)

    def test_nothing_else_of_the_camera_is_sent(self) -> None:
        exif = Image.Exif()
        exif[ORIENTATION], exif[0x010F] = 6, "MAKER"
        exif.get_ifd(GPS)[1] = "N"
        data = pictures.file(pictures.picture(), "JPEG", exif=exif, comment=b"COMMENT")
        sent = bytes_of(fit_to(data))
        assert not pictures.opened(sent).getexif()
        assert b"MAKER" not in sent
        assert b"COMMENT" not in sent


class TestRefused:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            pytest.param(b"<!DOCTYPE html><p>Not found", "HTML page", id="html-called-png"),
            pytest.param(b"<?xml version='1.0'?>\n<svg version='1'/>", "SVG is a drawing", id="svg"),
            pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
            pytest.param(b"", "empty", id="nothing"),
            pytest.param(b"this is no picture", "not an image of a known type", id="text"),
            pytest.param(huge_png(), "too many pixels", id="bomb"),
            pytest.param(pictures.png()[:-30], "cut or damaged", id="cut-png"),
            pytest.param(pictures.png(200, 200)[:60], "cut or damaged", id="png-of-a-header"),
            pytest.param(pictures.jpeg(400, 300)[:900], "cut or damaged", id="cut-jpeg"),
            pytest.param(pictures.animation("GIF")[:40], "cut or damaged", id="cut-gif"),
            pytest.param(pictures.file(pictures.noise(90, 90), "WEBP")[:200], "cut or damaged", id="cut-webp"),
            pytest.param(pictures.png(1200, 1000), "1200x1000 are too many pixels", id="too-many-pixels"),
            pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "cut or damaged", id="signature-alone"),
            pytest.param(b"\xff\xd8\xff\xe0" + b"\0" * 100, "cut or damaged", id="jpeg-of-zeros"),
            pytest.param(b"RIFF\x10\0\0\0WEBPVP8 ", "cut or damaged", id="webp-of-nothing"),
            pytest.param(b"II*\0" + b"\xff" * 40, "cut or damaged", id="tiff-of-nothing"),
        ],
    )
    def test_what_is_no_whole_image(self, data: bytes, words: str) -> None:
        with pytest.raises(InvalidRequest, match=words):
            fit_to(data)

    @settings(max_examples=150, deadline=None)
    @given(
        form=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]),
        at=st.floats(0.01, 0.99),
        junk=st.binary(min_size=1, max_size=12),
        cut=st.booleans(),
    )
    def test_damage_anywhere_is_reported_or_harmless(self, form: str, at: float, junk: bytes, cut: bool) -> None:
        """Only our exceptions come out, whatever a decoder raises."""
        data = pictures.file(pictures.picture(40, 30), form)
        place = int(at * len(data))
        damaged = data[:place] if cut else data[:place] + junk + data[place + len(junk) :]
        with contextlib.suppress(InvalidRequest, Unsupported):
            fit_to(damaged, ImageLimits(long_edge=20))


@settings(max_examples=120, deadline=None)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]),
    form=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]),
    limits=st.builds(
        ImageLimits,
        long_edge=st.none() | st.integers(1, 200),
        short_edge=st.none() | st.integers(1, 200),
        pixels=st.none() | st.integers(1, 30_000),
        bytes=st.none() | st.integers(2_000, 20_000),
        formats=st.frozensets(st.sampled_from(["image/jpeg", "image/png", "image/webp"]), min_size=1),
    ),
)
def test_whatever_image_comes_what_goes_out_complies(
    size: tuple[int, int], mode: str, form: str, limits: ImageLimits
) -> None:
    image = Image.new("I;16", size, 4000) if mode == "I;16" else pictures.picture(*size).convert(mode)
    try:
        data = pictures.file(image, form)
    except (OSError, ValueError, KeyError):
        return  # no such file: JPEG has no palette
    result = fit_to(data, limits)
    sent = data if result.data is None else result.data
    width, height = pictures.opened(sent).size
    assert image_type(sent) == result.media_type
    assert result.media_type in limits.formats
    assert limits.bytes is None or len(sent) <= limits.bytes
    assert limits.long_edge is None or max(width, height) <= limits.long_edge
    assert limits.short_edge is None or min(width, height) <= limits.short_edge
    assert limits.pixels is None or width * height <= limits.pixels


def test_an_upload_is_checked_by_the_same_rules() -> None:
    seen = check(pictures.jpeg(80, 60))
    assert (seen.media_type, seen.width, seen.height) == ("image/jpeg", 80, 60)
    with pytest.raises(InvalidRequest, match="HTML"):
        check(b"<html>")
