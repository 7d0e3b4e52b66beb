"""Whatever people write, the file stays what it is, and what they wrote can be read in it."""

import csv
import io
import json
import re
import xml.etree.ElementTree as Xml
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koko_integrations.markers.formats import as_csv, as_edl, as_fcpxml, as_json
from tests.markers.scene import said, timeline_of

HOSTILE = (
    '=HYPERLINK("https://evil.example","x")',
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\uff1d1",
    "<marker/>&]]><!--\"'",
    "]]>",
    "x |C:ResolveColorRed |M:forged |D:100",
    "one\n002  001      V     C        00:00:00:00 00:00:00:01 00:00:00:00 00:00:00:01\nFCM: DROP FRAME",
    "line\u2028sep\u2029end\x85next\x0bmore\x0cpage",
    "bell\x07 esc\x1b[31m \ufffe \U0001f600",
    '"quoted", and\r\nnew line',
    "\x07\x1b",
    "\ufffe",
    "   ",
    "",
)
EVENT = re.compile(r"\d{3,}  001      V     C        (\d\d:\d\d:\d\d:\d\d ?){4}")
NOTE = re.compile(r"From [^|]*\|C:ResolveColor(Blue|Green) \|M:[^|]+ \|D:1")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@pytest.mark.parametrize("text", HOSTILE)
def test_csv(text: str) -> None:
    written = as_csv.write(timeline_of(said("c1", text, 0, author=text or None), said("c2", text, 0, parent_id="c1")))
    header, row = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert tuple(header) == as_csv.COLUMNS
    cells = dict(zip(header, row, strict=True))
    assert cells["Comment"].removeprefix("'") == text
    assert cells["Author"].removeprefix("'") == (text or "Somebody")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d")) for cell in row)


@settings(deadline=None)
@given(TEXT, TEXT, TEXT)
def test_edl(text: str, author: str, title: str) -> None:
    for one in (text, *HOSTILE):
        written = as_edl.write(timeline_of(said("c1", one, 0, author=author or one or None), title=title or one))
        lines = written.split("\r\n")
        assert written.splitlines() == lines[:-1], "nothing else ends a line"
        title_line, mode, _, event, note, *end = lines
        assert title_line.startswith("TITLE: ")
        assert mode == "FCM: NON-DROP FRAME"
        assert EVENT.fullmatch(event)
        assert NOTE.fullmatch(note)
        assert end == ["", ""]


@settings(deadline=None)
@given(TEXT, TEXT, TEXT)
def test_fcpxml(text: str, author: str, title: str) -> None:
    for one in (text, *HOSTILE):
        timeline = timeline_of(said("c1", one, 0, author=author or one or None), title=title or one)
        root = Xml.fromstring(as_fcpxml.write(timeline))
        (marker,) = root.iter("marker")
        kept = re.sub(r"[^\w<>&\"']", "", one)
        assert kept in re.sub(r"[^\w<>&\"']", "", marker.attrib["note"])
        assert marker.attrib["value"]


@given(TEXT)
def test_json(text: str) -> None:
    (marker,) = json.loads(as_json.write(timeline_of(said("c1", text, 0))))["markers"]
    assert marker["comment"] == text


def test_the_structure_of_fcpxml() -> None:
    """What Apple's description of the format asks for: the order of elements, references, times on frames."""
    comments = [said(f"c{n}", f"Comment {n}", n * 1001, resolved=n % 2) for n in range(50)]
    written = as_fcpxml.write(timeline_of(*comments, fps=29.97, start=107_892))
    assert written.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n')
    root = Xml.fromstring(written)
    assert (root.tag, root.attrib) == ("fcpxml", {"version": "1.10"})
    assert [child.tag for child in root] == ["resources", "library"]
    frame_duration = seconds(require(root, "resources/format").attrib["frameDuration"])
    assert frame_duration == Fraction(1001, 30_000)
    sequence = require(root, "library/event/project/sequence")
    assert sequence.attrib["format"] == require(root, "resources/format").attrib["id"]
    assert sequence.attrib["tcFormat"] == "DF"
    gap = require(sequence, "spine/gap")
    markers = list(gap)
    assert {marker.tag for marker in markers} == {"marker"}
    assert len(markers) == 50
    assert {marker.attrib["completed"] for marker in markers} == {"0", "1"}
    end = seconds(gap.attrib["start"]) + seconds(gap.attrib["duration"])
    times = [seconds(marker.attrib["start"]) for marker in markers]
    for time in (*times, end, seconds(sequence.attrib["tcStart"]), seconds(gap.attrib["offset"])):
        assert (time / frame_duration).denominator == 1
    assert times == sorted(set(times))
    assert times[-1] < end


def test_one_marker_a_frame_holds_what_all_say_there() -> None:
    timeline = timeline_of(
        said("c1", "First", 1_000, resolved=1), said("c2", "Second", 1_010), said("c3", "Third", 1_040, resolved=1)
    )
    edl = as_edl.write(timeline)
    assert "From Ann: First / From Ann: Second |C:ResolveColorBlue |M:First |D:1" in edl
    assert "From Ann: Third |C:ResolveColorGreen |M:Third |D:1" in edl
    first, third = Xml.fromstring(as_fcpxml.write(timeline)).iter("marker")
    assert (first.attrib["note"], first.attrib["completed"]) == ("From Ann: First\nFrom Ann: Second", "0")
    assert third.attrib["completed"] == "1"
    assert len(json.loads(as_json.write(timeline))["markers"]) == 3


def seconds(time: str) -> Fraction:
    return Fraction(time.removesuffix("s"))


def require(element: Xml.Element, path: str) -> Xml.Element:
    (found,) = element.findall(path)
    return found
