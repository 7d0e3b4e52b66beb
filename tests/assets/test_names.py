"""Names, keys and types of files, whatever they were called before."""

import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koko_integrations.assets.kinds import UNKNOWN, is_video, mime_type_of
from koko_integrations.assets.names import MOST_CHARS, UNTITLED, safe_name, split_ending, storage_key, with_ending

ANY_TEXT = st.text(st.characters(), max_size=400)
FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Scene 1 take 2.mov", "Scene 1 take 2.mov"),
        ("it's 100% #final+v2 (1).mp4", "it's 100% #final+v2 (1).mp4"),
        ("日本語 素材 🎬.mp4", "日本語 素材 🎬.mp4"),
        ("e\u0301te\u0301.mov", "e\u0301te\u0301.mov"),
        (f"{FAMILY}.mov", f"{FAMILY}.mov"),
        ("\U0001fadc.mov", "\U0001fadc.mov"),
        (".hidden", ".hidden"),
        ("../../etc/passwd", "etc_passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "etc_passwd"),
        ("AC/DC live.mp4", "AC_DC live.mp4"),
        ("a\nb\tc\u2028d.mov", "a b c d.mov"),
        ("\x00\x1b[2Jred\x7f.mp4", "[2Jred.mp4"),
        ("annual\u202egpj.exe", "annualgpj.exe"),
        ("\u2066a\u2069\ufeff.mov", "a.mov"),
        ("\ud800lone.mov", "lone.mov"),
        ("trailing. . ", "trailing"),
        ("con", "_con"),
        ("NUL.mov", "_NUL.mov"),
        ("LPT1.tar.gz", "_LPT1.tar.gz"),
        ("console.mov", "console.mov"),
        ("", UNTITLED),
        (" \t ", UNTITLED),
        ("..", UNTITLED),
        ("/", UNTITLED),
        ("\u202e", UNTITLED),
    ],
)
def test_safe_names(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_the_ending_of_a_long_name_stays() -> None:
    name = safe_name("x" * 10_000 + ".mov")
    assert (len(name), name[-5:]) == (MOST_CHARS, "x.mov")
    assert len(safe_name("x" * 10_000)) == MOST_CHARS
    assert len(safe_name("con." + "x" * 10_000)) == MOST_CHARS
    assert safe_name("x" * 254 + ". y.mov") == "x" * 251 + ".mov"


def test_no_character_is_cut_in_half() -> None:
    assert safe_name("x" * 249 + FAMILY + ".mov") == "x" * 249 + ".mov"
    assert safe_name("x" * 250 + "e\u0301.mov") == "x" * 250 + ".mov"
    assert len(safe_name("e" + "\u0301" * 1_000)) == MOST_CHARS


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_name_is_one_line_that_can_be_stored(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name) <= MOST_CHARS
    assert not set(name) & set("/\\\n\r\t\x00")
    assert name not in (".", "..")
    assert name.strip() == name
    assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in name)
    assert name.encode()
    assert safe_name(name) == name


@settings(deadline=None)
@given(owner=ANY_TEXT.filter(str.strip), asset=ANY_TEXT, name=ANY_TEXT)
def test_nobody_chooses_a_path_in_the_store(owner: str, asset: str, name: str) -> None:
    key = storage_key(owner.encode("utf-8", "replace").decode(), asset.encode("utf-8", "replace").decode(), name)
    under, *rest = key.split("/")
    assert under == "integrations"
    assert len(rest) == 3
    assert all(part and set(part) <= set(string.ascii_letters + string.digits + "_-.") for part in rest)
    assert not rest[2].startswith((".", "-"))
    assert ".." not in key
    assert len(key) < 300


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Scene 1 take 2.MOV", "Scene-1-take-2.mov"),
        ("Übersicht & mehr.pdf", "Ubersicht-mehr.pdf"),
        ("名前.mp4", "file.mp4"),
        ("../../etc/passwd", "etc-passwd"),
        ("nul.mov", "_nul.mov"),
        ("v1.2.final.mov", "v1-2-final.mov"),
        (".hidden", "hidden"),
        ("🎬", "file"),
    ],
)
def test_stored_names_can_be_read_where_they_can(name: str, stored: str) -> None:
    assert storage_key("proj_1", "asset_1", name) == f"integrations/proj_1/asset_1/{stored}"


def test_different_owners_never_meet() -> None:
    keys = {storage_key(owner, "a", "x.mov") for owner in ("p", "p/../q", "q", "", "..", "p ", "x" * 65)}
    assert len(keys) == 7


@pytest.mark.parametrize(
    ("name", "file_name", "expected"),
    [
        ("My clip", "IMG_1.mov", "My clip.mov"),
        ("My clip.MOV", "IMG_1.mov", "My clip.MOV"),
        ("v1.2", "IMG_1.mov", "v1.2.mov"),
        ("photo.jpg", "photo.png", "photo.jpg.png"),
        ("My clip", "no ending", "My clip"),
        ("x" * 255, "a.mov", "x" * 251 + ".mov"),
    ],
)
def test_a_title_gets_its_files_ending(name: str, file_name: str, expected: str) -> None:
    assert with_ending(name, file_name) == expected


def test_endings() -> None:
    assert split_ending("a.tar.gz") == ("a.tar", ".gz")
    assert split_ending(".hidden") == (".hidden", "")
    assert split_ending("What is new. A film") == ("What is new. A film", "")
    assert split_ending("no") == ("no", "")
    assert split_ending("a." + "x" * 16) == ("a." + "x" * 16, "")


@pytest.mark.parametrize(
    ("name", "told", "expected", "video"),
    [
        ("a.MOV", None, "video/quicktime", True),
        ("a.mp4", "application/octet-stream", "video/mp4", True),
        ("a.mkv", None, "video/x-matroska", True),
        ("a.3gp", None, "video/3gpp", True),
        ("a.mxf", None, "application/mxf", True),
        ("a.ts", "text/vnd.trolltech.linguist", "video/mp2t", True),
        ("a.r3d", None, "application/x-r3d", False),
        ("a.braw", "video/x-braw", "application/x-braw", False),
        ("a.dng", None, "image/x-adobe-dng", False),
        ("a.exr", None, "image/x-exr", False),
        ("a.srt", None, "application/x-subrip", False),
        ("a.vtt", None, "text/vtt", False),
        ("a.aaf", None, "application/x-aaf", False),
        ("a.edl", None, "text/plain", False),
        ("a.fcpxml", None, "application/x-fcpxml+xml", False),
        ("a.wav", None, "audio/wav", False),
        ("a.pdf", None, "application/pdf", False),
        ("no ending", "Video/MP4; codecs=avc1", "video/mp4", True),
        ("a.unheardof", "application/x-made-up", "application/x-made-up", False),
        ("a.unheardof", "not a type", UNKNOWN, False),
        ("a.unheardof", "text/html\r\nX-Evil: 1", UNKNOWN, False),
        ("data:text/html,x", None, UNKNOWN, False),
        ("", None, UNKNOWN, False),
    ],
)
def test_types(name: str, told: str | None, expected: str, video: bool) -> None:
    assert mime_type_of(name, told) == expected
    assert is_video(expected) is video
