"""The checksums that storage providers tell of a file's content.

Source: dropbox.com/developers/reference/content-hash,
learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash.
"""

import base64
import hashlib

BLOCK_BYTES = 4 * 1024 * 1024
_WIDTH = 160
_MASK = (1 << _WIDTH) - 1


def content_hash(content: bytes) -> str:
    """Dropbox's: of the hashes of each 4 MiB."""
    blocks = range(0, len(content), BLOCK_BYTES)
    hashes = b"".join(hashlib.sha256(content[start : start + BLOCK_BYTES]).digest() for start in blocks)
    return hashlib.sha256(hashes).hexdigest()


def quick_xor_hash(content: bytes) -> str:
    """Microsoft's: bytes xored in, each eleven bits after the one before, and the length into the last eight bytes."""
    # Each 160 bytes are shifted as the 160 before them: xored together first, they take but one round.
    folded = 0
    for start in range(0, len(content), _WIDTH):
        folded ^= int.from_bytes(content[start : start + _WIDTH], "little")
    state = 0
    for position, byte in enumerate(folded.to_bytes(_WIDTH, "little")):
        shifted = byte << (position * 11 % _WIDTH)
        state ^= (shifted & _MASK) ^ (shifted >> _WIDTH)
    state ^= len(content) << (_WIDTH - 64)
    return base64.b64encode(state.to_bytes(_WIDTH // 8, "little")).decode()
