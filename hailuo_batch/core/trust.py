"""What a project's settings put at stake, as values; what a person agrees to is in `trusted.py`."""

from hailuo_batch.core.notification import notification_place
from hailuo_batch.core.shared_places import NO_PLACES, SharedPlaces
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRoute:
    """A gateway, the variable that holds its key, and an address that the key may be sent to."""

    gateway: str
    variable: str
    address: str

    def __str__(self) -> str:
        return f"{self.address}, key {self.variable}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What can send a key somewhere or widen a limit; the digest changes with any of it."""

    key_routes: tuple[KeyRoute, ...] = ()
    outside: tuple[str, ...] = ()  # folders by their real paths: a link that leads elsewhere is another folder
    private_downloads: bool = False
    fake_ip_downloads: bool = False
    prices: tuple[str, ...] = ()  # each in words
    notify: str = ""  # where the ends of runs are reported to; the address may hold a secret, and is not shown
    places: SharedPlaces = NO_PLACES  # what is shared with other machines
    digest: str = ""

    def __bool__(self) -> bool:
        widens = self.outside or self.private_downloads or self.fake_ip_downloads or self.prices or self.notify
        return bool(self.key_routes or widens or self.places)

    @property
    def widenings(self) -> tuple[str, ...]:
        """What is allowed beside keys and addresses, in words."""
        folders = (f"frames from {folder}" for folder in self.outside)
        private = ("downloads from private addresses",) if self.private_downloads else ()
        fake = ("downloads from addresses that a proxy here makes up",) if self.fake_ip_downloads else ()
        reports = (f"a message about each run to {notification_place(self.notify)}",) if self.notify else ()
        prices = (f"the price {price}" for price in self.prices)
        return (*folders, *private, *fake, *prices, *reports, *self.places.widenings)


NO_STAKES = Stakes()
