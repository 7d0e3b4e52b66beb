"""Each format at each rate, against files that were checked by hand: frames, labels, times, structure."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from koko_integrations.markers.formats import as_csv, as_edl, as_fcpxml, as_json
from koko_integrations.markers.timeline import Timeline
from tests.markers.scene import minute_boundary

GOLDEN = Path(__file__).parent / "golden"
RATES = {23.976: (24_000, 1001, 24), 25.0: (25, 1, 25), 29.97: (30_000, 1001, 30), 60.0: (60, 1, 60)}
WRITERS: dict[str, Callable[[Timeline], str]] = {
    "json": lambda timeline: json.dumps(json.loads(as_json.write(timeline)), indent=1, ensure_ascii=False) + "\n",
    "csv": as_csv.write,
    "edl": as_edl.write,
    "fcpxml": as_fcpxml.write,
}


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("format", WRITERS)
def test_golden(fps: float, format: str) -> None:
    written = WRITERS[format](minute_boundary(fps, *RATES[fps]))
    assert written.encode() == (GOLDEN / f"{fps:g}.{format}").read_bytes()
