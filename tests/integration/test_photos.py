"""Photos: what is taken, what is left behind in taking them, who is shown them."""

import asyncio
import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from dashboard.routes import photos as photo_routes
from geo.errors import InputRefused, NotFound
from geo.model.actor import Actor
from geo.operations.incidents import act, get_case, report_and_settle, report_incident, reveal_case
from geo.settings import get_settings
from geo.store.engine import acting_as, connect
from geo.store.photos import keep_photo, keep_photos, load_photo, read_photo
from tests.case_town import CaseTown, found_town

_SECRET = b"GPS 24.33,109.43 device 13812345678"


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WANGGE_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def draw(
    kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: str = "red", **options: object
) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


def draw_with_exif(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = _SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    return draw(exif=exif, comment=_SECRET) + _SECRET


def declare_png(width: int, height: int) -> bytes:
    """A few bytes that say they unpack to a picture of that size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def list_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "photos").rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_by_the_hash_of_its_content(data_dir: Path, kind: str) -> None:
    kept = keep_photo(draw(kind))
    assert (kept.media_type, kept.width_px, kept.height_px) == (f"image/{kind.lower()}", 640, 480)
    (file,) = list_files(data_dir)
    assert file.name == kept.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert keep_photo(draw(kind)) == kept
    assert len(list_files(data_dir)) == 1


def test_nothing_rides_along(data_dir: Path) -> None:
    sent = draw_with_exif()
    assert sent.count(_SECRET) == 3
    keep_photo(sent)
    (file,) = list_files(data_dir)
    assert _SECRET not in file.read_bytes()
    with Image.open(file) as picture:
        assert not picture.getexif()
        assert "comment" not in picture.info


def test_text_in_a_png_and_a_webp_stays_behind(data_dir: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = _SECRET.decode()
    for sent in (draw("PNG", exif=exif), draw("WEBP", exif=exif, xmp=_SECRET)):
        assert _SECRET in sent
        keep_photo(sent)
    assert all(_SECRET not in file.read_bytes() for file in list_files(data_dir))


def test_a_photo_taken_sideways_is_set_upright(data_dir: Path) -> None:
    kept = keep_photo(draw_with_exif(orientation=6))
    assert (kept.width_px, kept.height_px) == (480, 640)


def test_a_large_photo_is_kept_at_screen_size(data_dir: Path) -> None:
    kept = keep_photo(draw(size=(6000, 4000)))
    assert (kept.width_px, kept.height_px) == (2560, 1707)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a photo"),
        (b"MZ\x90\x00\x03" + b"\x00" * 5000, "not a photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a photo"),
        (b"<html><script>alert(1)</script></html>", "not a photo"),
        (b"%PDF-1.7\n" + b"0" * 1000, "not a photo"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 500, "not a photo"),
        (b"GIF89a" + b"\x00" * 500, "not a photo"),
        (b"\x00" * (50 * 1024 * 1024), "50 MB"),
        (b"\xff\xd8" + b"\x00" * (10 * 1024 * 1024), "10 MB"),
    ],
)
def test_what_is_no_photo_is_refused_in_a_sentence(data_dir: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(InputRefused, match=sentence) as refusal:
        keep_photo(content)
    assert "\n" not in str(refusal.value)
    assert list_files(data_dir) == []


def test_a_photo_cut_off_is_refused(data_dir: Path) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = draw(kind, size=(800, 600))
        with pytest.raises(InputRefused):
            keep_photo(whole[: len(whole) // 2])


def test_a_gif_is_refused_by_content(data_dir: Path) -> None:
    with pytest.raises(InputRefused, match="JPEG, PNG or WebP"):
        keep_photo(draw("GIF"))


@pytest.mark.parametrize(("width", "height"), [(8000, 5001), (50_000, 50_000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(data_dir: Path, width: int, height: int) -> None:
    with pytest.raises(InputRefused, match="megapixels"):
        keep_photo(declare_png(width, height))


def test_forty_megapixels_are_taken(data_dir: Path) -> None:
    assert keep_photo(draw(size=(8000, 5000))).width_px == 2560


def test_ten_photos_are_too_many(data_dir: Path) -> None:
    with pytest.raises(InputRefused, match="10 photos"):
        keep_photos([draw()] * 10)


def ask(actor: Actor, *addresses: str, **headers: str) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        app = Starlette(routes=photo_routes.routes())
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://t", headers=headers
        ) as client:
            return [await client.get(address) for address in addresses]

    with acting_as(actor):
        return asyncio.run(run())


def test_a_photo_is_shown_to_those_who_may_read_the_case(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report(source="wechat_group", photos=(draw(), draw("PNG"))))
        first, second = get_case(incident_id).photos
        act(incident_id, "dispatch", 1, to_party_id=town.company, photos=(draw(colour="blue"),))
        order = get_case(incident_id).photos[-1]
    assert (first.media_type, second.media_type) == ("image/jpeg", "image/png")
    addresses = [f"/photos/{photo.id}" for photo in (first, second, order)]
    for who, statuses in (
        ("secretary", [200, 200, 200]),
        ("worker", [200, 200, 200]),
        # Of other people's cases a worker reads the facts.
        ("colleague", [404, 404, 404]),
        # A resident sent the first two: the company sees what went with its order.
        ("company", [404, 404, 200]),
        ("leader", [404, 404, 404]),
        ("administrator", [404, 404, 404]),
        ("wall", [404, 404, 404]),
    ):
        assert [answer.status_code for answer in ask(town.actor(who), *addresses)] == statuses, who


def test_what_a_patrol_or_the_company_itself_took_is_shown_to_it(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report(photos=(draw(),)))
        act(incident_id, "dispatch", 1, to_party_id=town.company)
    with acting_as(town.actor("company")):
        act(incident_id, "handle", 2, note="已清理", photos=(draw(colour="green"),))
        assert len(get_case(incident_id).photos) == 2
        # Its own photo goes along even where the case leaves its sight by the same move.
    with acting_as(town.actor("secretary")):
        act(incident_id, "rework", 3, reason="not_solved")
    with acting_as(town.actor("company")):
        owner = town.department
        act(incident_id, "return", 4, reason="not_our_duty", suggested_party_id=owner, photos=(draw(),))
        with pytest.raises(NotFound):
            get_case(incident_id)
    with acting_as(town.actor("secretary")):
        assert len(get_case(incident_id).photos) == 3


def test_photos_of_a_sealed_case_are_not_shown(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report(category_code="E905", photos=(draw(),)))
    assert [a.status_code for a in ask(town.actor("worker"), "/photos/1")] == [404]
    with acting_as(town.actor("secretary")):
        assert get_case(incident_id).photos == ()
    assert [a.status_code for a in ask(town.actor("secretary"), "/photos/1")] == [404]


def test_photos_of_a_sealed_case_are_opened_with_its_words_for_a_reason(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        first, second = draw(), draw("PNG", colour="blue")
        incident_id = report_incident(town.report(category_code="E905", photos=(first, second)))
        with pytest.raises(NotFound):
            reveal_case(incident_id, "她报的，但不归她看")
    with acting_as(town.actor("secretary")):
        with pytest.raises(InputRefused):
            reveal_case(incident_id, " ")
        original = reveal_case(incident_id, "回访核实")
        assert [media_type for _, media_type in original.photos] == ["image/jpeg", "image/png"]
        for sha256, media_type in original.photos:
            with Image.open(io.BytesIO(read_photo(sha256))) as picture:
                assert Image.MIME[picture.format or ""] == media_type
        # They stay sealed at their own address.
        assert get_case(incident_id).photos == ()
    with acting_as(town.actor("leader")), pytest.raises(NotFound):
        reveal_case(incident_id, "想看")
    with acting_as(town.actor("administrator")), connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT reason, row_count FROM audit_log WHERE action = 'unseal'")
        assert cursor.fetchall() == [("回访核实", 1)], "one look, one line in the log"


def test_a_photo_is_served_so_that_nothing_in_it_runs(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        report_and_settle(town.report(), "resolved", photos=(draw(size=(1000, 500)),))
        photo_id = 1
    whole, small = ask(town.actor("worker"), f"/photos/{photo_id}", f"/photos/{photo_id}?size=thumbnail")
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["cache-control"] == "private, no-cache"
    assert "sandbox" in whole.headers["content-security-policy"]
    with Image.open(io.BytesIO(small.content)) as picture:
        assert picture.size == (400, 200)
    (unchanged,) = ask(
        town.actor("worker"), f"/photos/{photo_id}", **{"If-None-Match": whole.headers["etag"]}
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    (hidden,) = ask(town.actor("leader"), f"/photos/{photo_id}", **{"If-None-Match": whole.headers["etag"]})
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/photos/99", "/photos/0", "/photos/-1", "/photos/1.5", "/photos/abc", f"/photos/{'9' * 5000}",
     "/photos/..%2F..%2Fetc%2Fpasswd", "/photos/١"],
)  # fmt: skip
def test_an_address_edited_by_hand_is_a_sentence(town: CaseTown, address: str) -> None:
    (answer,) = ask(town.actor("secretary"), address)
    assert answer.status_code == 404


def test_an_unknown_size_is_refused(town: CaseTown) -> None:
    (answer,) = ask(town.actor("secretary"), "/photos/1?size=huge")
    assert answer.status_code == 400
    assert "thumbnail" in answer.json()["error"]


def test_a_refused_photo_changes_nothing(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report())
        before = get_case(incident_id)
        with pytest.raises(InputRefused):
            act(incident_id, "accept", 1, photos=(draw(), b"MZ no photo"))
        with pytest.raises(InputRefused):
            act(incident_id, "accept", 1, photos=(draw(),) * 10)
        assert get_case(incident_id) == before


def test_a_photo_lost_from_disk_is_a_sentence(data_dir: Path, town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        report_incident(town.report(photos=(draw(),)))
        for file in list_files(data_dir):
            file.unlink()
        with pytest.raises(NotFound, match="backup"):
            load_photo(1)
