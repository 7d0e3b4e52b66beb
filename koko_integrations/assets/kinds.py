"""What a file is, by its ending: the same on every machine, whatever the system's own tables say.

Source: iana.org/assignments/media-types; RFC 4539 for MXF. What has no registered type has the one in use.
"""

import mimetypes
import re

from koko_integrations.assets.names import split_ending

UNKNOWN = "application/octet-stream"
VIDEO_TYPES = frozenset({"application/mxf"})
"""Beside everything that says video/."""

_BUILT_IN = mimetypes.MimeTypes(filenames=()).types_map[1]
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")

# Camera raw is no video here: nothing plays it, and Bunny Stream does not take it.
_ENDINGS = {
    "video/mp4": "mp4 mp4v mpg4",
    "video/x-m4v": "m4v",
    "video/quicktime": "mov qt",
    "video/x-matroska": "mkv",
    "video/webm": "webm",
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "wmv",
    "video/x-ms-asf": "asf",
    "video/x-flv": "flv f4v",
    "video/mpeg": "mpg mpeg m1v m2v mpe vob",
    "video/mp2t": "ts mts m2ts m2t",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
    "video/ogg": "ogv",
    "video/dv": "dv",
    "video/x-gxf": "gxf",
    "application/mxf": "mxf",
    "application/x-r3d": "r3d",
    "application/x-braw": "braw",
    "application/x-arriraw": "ari arx",
    "application/x-canon-crm": "crm",
    "image/x-adobe-dng": "dng",
    "image/x-exr": "exr",
    "image/x-dpx": "dpx cin",
    "image/vnd.radiance": "hdr",
    "image/vnd.adobe.photoshop": "psd psb",
    "image/jpeg": "jpg jpeg jpe",
    "image/png": "png",
    "image/gif": "gif",
    "image/tiff": "tif tiff",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jxl": "jxl",
    "image/svg+xml": "svg",
    "audio/wav": "wav bwf",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/flac": "flac",
    "audio/ogg": "ogg oga",
    "audio/opus": "opus",
    "audio/aiff": "aif aiff aifc",
    "application/x-subrip": "srt",
    "text/vtt": "vtt",
    "application/ttml+xml": "ttml dfxp itt",
    "text/x-ssa": "ass ssa",
    "text/plain": "txt edl ale sbv scc cube log",
    "application/x-aaf": "aaf",
    "application/x-fcpxml+xml": "fcpxml",
    "application/x-otio+json": "otio",
    "application/x-premiere-project": "prproj",
    "application/x-after-effects-project": "aep",
    "application/x-davinci-project": "drp",
    "application/x-mogrt": "mogrt",
    "application/postscript": "ai eps ps",
    "text/markdown": "md",
    "application/gzip": "gz tgz",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/x-tar": "tar",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "font/ttf": "ttf",
    "font/otf": "otf",
}
_BY_ENDING = {f".{ending}": kind for kind, endings in _ENDINGS.items() for ending in endings.split()}


def mime_type_of(file_name: str, told: str | None = None) -> str:
    """By the ending; where that is unknown, what the provider told, if it is a type at all."""
    ending = split_ending(file_name)[1].lower()
    found = _BY_ENDING.get(ending) or _BUILT_IN.get(ending)
    if found is not None:
        return found
    bare = (told or "").partition(";")[0].strip().lower()
    return bare if _TYPE.fullmatch(bare) else UNKNOWN


def is_video(mime_type: str) -> bool:
    """Whether it is to be played, and transcoded for that."""
    return mime_type.startswith("video/") or mime_type in VIDEO_TYPES
