"""What is known of an image behind a web address. Does not know how it was fetched."""

from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImage:
    """An image as it was downloaded, and what to send to its host to learn whether it has changed."""

    digest: str
    kind: str  # by its bytes
    size: tuple[int, int]  # width and height as it is seen upright
    length: int  # bytes
    home: str  # the address that it came from, after redirects; `etag` and `modified` are that one's words
    etag: str = ""
    modified: str = ""
    traits: str = ""  # how it may change at a gateway, in the cache's words
    at: int = 0  # seconds since the epoch: when its bytes were fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImageFailure:
    """Why an address gave no image. `gone`: the host answered, and not with an image."""

    why: str
    gone: bool = False
