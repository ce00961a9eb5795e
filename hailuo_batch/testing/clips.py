"""A real MP4 that is small enough to stand in the source.

`CLIP` is one second of H.264, 32 × 18 pixels, two frames. `make_clip` puts a mark inside: other bytes, another digest,
as whole as the first.
"""

from base64 import b64decode
from zlib import decompress

# Made once with x264 through PyAV, without the encoder's own lines of text: 828 bytes.
CLIP = decompress(
    b64decode(
        "eNpjYGBQSCupLMgszs9lYGBiANFAbJRYlmyYW2BiCBT7lpufX8bAwJCTW5aRwoACmF+AMSMDCCEAI6oqdL4DA17ABESuJUWJ2UB2"
        "TEk22E5mTNNAduO3B6u9CkAsBOaqpKaUFANpmdSc4hKEDqi5YL2Me3NTMhNBunJT0P3uAMahR8Ac3YyUnCKYTFlmSiqyyjAgP98j"
        "MS8lJxWkhjEjNzMvDcgQKcsFG4rsTJUUiJxMSlFqGpI3eEqLchQgbEaN4pKkHCB7RXFJcQqSmhmgSMMRFCCPCzF4AGkPnCrQgcT/"
        "/0BSD2iqM6PTAa7/DxnE0oH0LdUfHQ6gKAERjMpHOlcwMrBmnGOe0wDyU1JJESwwN8DMKS4BBzTMViZILDCIAN2PLA7CMkCxZDQx"
        "JiS5KtSEwsADxFwQs5LzkSJRDUjblqaUgCLPNDcVTIOAInJEASO3KLGgIAfZ0xyZkNTAkVaUCopFudyURDA/taPFSl09tgLIZnOc"
        "pSC06AAAweNnkg=="
    )
)


def make_clip(mark: str) -> bytes:
    """A whole clip that is this mark's own: equal marks give equal bytes."""
    text = mark.encode()
    return CLIP + (len(text) + 8).to_bytes(4, "big") + b"free" + text  # a box that players pass over
