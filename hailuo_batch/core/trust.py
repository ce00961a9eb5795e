"""What a project's settings put at stake, and what the user trusts: values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class KeyRoute:
    """A gateway, the variable that holds its key, and an address that the key may be sent to."""

    gateway: str
    variable: str
    address: str

    def __str__(self) -> str:
        return f"{self.address}, key {self.variable}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestination:
    """Where a key goes in words: of our own tables the host alone, of others the whole address."""

    route: KeyRoute
    place: str
    is_trusted: bool = True

    def __str__(self) -> str:
        return f"{self.place}, key {self.route.variable}" + ("" if self.is_trusted else ", not trusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What can send a key somewhere or widen a limit; the digest changes with any of it."""

    key_routes: tuple[KeyRoute, ...] = ()
    outside: tuple[str, ...] = ()  # folders by their real paths: a link that leads elsewhere is another folder
    private_downloads: bool = False
    digest: str = ""

    def __bool__(self) -> bool:
        return bool(self.key_routes or self.outside or self.private_downloads)

    @property
    def widenings(self) -> tuple[str, ...]:
        """What is allowed beside keys and addresses, in words."""
        folders = (f"frames from {folder}" for folder in self.outside)
        return (*folders, *(("downloads from private addresses",) if self.private_downloads else ()))


NO_STAKES = Stakes()


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
