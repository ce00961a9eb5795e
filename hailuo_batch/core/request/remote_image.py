"""What is known of a picture behind a web address; how it came to be known is nobody's business here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImage:
    """A picture as it was when it was fetched, and what to show the host so that it says whether it still is so."""

    digest: str
    kind: str  # by its bytes
    size: tuple[int, int]  # width and height as it is seen upright
    length: int  # bytes
    home: str  # the address that it came from, after redirects; `etag` and `modified` are that one's words
    etag: str = ""
    modified: str = ""
    at: int = 0  # seconds since the epoch: when its bytes were fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImageFailure:
    """Why an address gave no picture. `gone`: the host was heard, and what it says is no picture."""

    why: str
    gone: bool = False
