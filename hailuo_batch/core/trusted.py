"""What the user trusts, and what a person is asked, as values. Few commands need them."""

from hailuo_batch.core.trust import KeyRoute, Stakes
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestination:
    """Where a key goes in words: of our own tables the host alone, of others the whole address."""

    route: KeyRoute
    place: str
    is_trusted: bool = True

    def __str__(self) -> str:
        return f"{self.place}, key {self.route.variable}" + ("" if self.is_trusted else ", not trusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProject:
    """A project that the user trusts: where it is, and the digest of what was agreed to, in words too."""

    root: str
    digest: str
    agreed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustQuestion:
    """What a person is asked to trust in the project at `root`.

    `own_keys` are variables that belong to a gateway of ours, with that gateway's own address.
    """

    root: str
    stakes: Stakes
    own_keys: tuple[KeyRoute, ...] = ()
    is_trusted: bool = False

    @property
    def digest(self) -> str:
        """What is trusted, as `--digest` takes it; "" when nothing needs trust."""
        return self.stakes.digest
