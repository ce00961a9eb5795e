"""What a file is that is no image that we take, by its first bytes, and what to do about it."""

HEAD_BYTES = 4096  # of a file that are looked at
_EXPORT = "Export it as PNG or JPEG."
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "It is a Git LFS pointer; the image itself is not here.", "Run:\n    git lfs pull"),
    (b"8BPS", "It is a Photoshop file.", _EXPORT),
    (b"%PDF", "It is a PDF.", _EXPORT),
    (b"\x1aE\xdf\xa3", "It is a video.", "Export one of its frames as PNG or JPEG."),
)


def describe_file(head: bytes) -> tuple[str, str]:
    """What a file is, and a remedy; empty when its first bytes are those of nothing known.

    >>> describe_file(b"8BPS....")
    ('It is a Photoshop file.', 'Export it as PNG or JPEG.')
    """
    if head and not head.strip(b"\0"):
        return "It has only zeros; it may not be downloaded yet.", "Let its cloud folder finish, or copy it again."
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIC_BRANDS:
            return "It is HEIC, as phones store photos.", "Export it as JPEG."
        return "It is a video.", "Export one of its frames as PNG or JPEG."
    return next(((why, remedy) for start, why, remedy in _STARTS if head.startswith(start)), ("", ""))
