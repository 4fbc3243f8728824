"""Photos of people: checked by content, drawn anew without what the camera wrote, served safely."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from dashboard.photos import LONGEST_SIDE, MOST_BYTES, BadPhoto, Photos
from tests.support.dashboards import Dashboard, csrf_of


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480)) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x8825] = {1: "N", 2: (31.0, 46.0, 7.0)}
    Image.new("RGB", size, (180, 40, 40)).save(out, kind, exif=exif)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 4096)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_drawn_anew_without_what_the_camera_wrote(tmp_path: Path, kind: str) -> None:
    photos = Photos(tmp_path)
    name = photos.keep(picture(kind, (4000, 3000)))
    kept = photos.read(name)
    assert kept is not None and b"Secret Camera" not in kept
    with Image.open(io.BytesIO(kept)) as made:
        assert made.format == "JPEG"
        assert max(made.size) == LONGEST_SIDE
        assert not made.getexif()
    assert photos.keep(picture(kind, (4000, 3000))) == name, "the same picture is kept once"


def test_a_photo_taken_sideways_stands_upright(tmp_path: Path) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200)).save(out, "JPEG", exif=exif)
    kept = Photos(tmp_path).read(Photos(tmp_path).keep(out.getvalue()))
    assert kept is not None
    with Image.open(io.BytesIO(kept)) as made:
        assert made.size == (200, 400)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + b"\0" * 50,
        picture()[:300], picture("PNG")[:60], b"\xff\xd8\xff\xe0" + b"\0" * 999,
        bomb(60_000, 60_000), bomb(8000, 8000), b"\0" * (MOST_BYTES + 1),
        b"%PDF-1.7", b"<?php echo 1;" + picture(),
    ],
)  # fmt: skip
def test_what_is_no_photo_or_far_too_large_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadPhoto):
        Photos(tmp_path).keep(data)
    assert list(tmp_path.iterdir()) == []


def test_what_hides_behind_a_photo_is_not_kept(tmp_path: Path) -> None:
    name = Photos(tmp_path).keep(picture() + b"<script>alert(1)</script>")
    kept = Photos(tmp_path).read(name)
    assert kept is not None and b"script" not in kept


def test_a_name_leads_nowhere_else_and_a_changed_file_is_not_served(tmp_path: Path) -> None:
    photos = Photos(tmp_path / "photos")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    for name in ("../secret", "..", "", "a" * 63, "A" * 64, "a" * 64):
        assert photos.read(name) is None
    name = photos.keep(picture())
    next((tmp_path / "photos").rglob("*.jpg")).write_bytes(b"something else")
    assert photos.read(name) is None


def test_a_photo_is_added_on_the_page_and_by_a_program_and_served_as_a_picture_only(
    dashboard: Dashboard,
) -> None:
    dashboard.order("o1")
    client = dashboard.browser("guard")
    page = client.get("/maintenance/o1").text
    form = {"csrf_token": csrf_of(page), "photo": (io.BytesIO(picture()), "../../evil.php")}
    answer = client.post("/maintenance/o1/photo", data=form, follow_redirects=True)
    assert "照片已加入" in answer.text
    header = dashboard.token("guard")
    program = dashboard.app.test_client()
    sent = program.post("/api/v1/work-orders/o1/photos", data=picture("PNG"), headers=header)
    assert sent.status_code == 201
    bad = program.post("/api/v1/work-orders/o1/photos", data=b"hello", headers=header)
    assert bad.status_code == 400 and (bad.json or {})["parameter"] == "photo"
    large = program.post("/api/v1/work-orders/o1/photos", data=b"x" * (MOST_BYTES + 99_999),
                         headers=header)  # fmt: skip
    assert large.status_code == 413
    (name,) = {path.stem for path in (dashboard.data / "photos").rglob("*.jpg")} & {
        dashboard.engine.commands[0].note.split('"photo":"')[1][:64]
    }
    shown = client.get(f"/photos/{name}.jpg")
    assert shown.content_type == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/photos/" + "a" * 64 + ".jpg").status_code == 404
    assert dashboard.browser().get(f"/photos/{name}.jpg").status_code == 302
