"""What a project shares with other machines, as values: the ledger, the store, and who does the heavy work."""

from collections.abc import Iterator

from hailuo_batch.values import dataclass

FARM_OF_LEDGER = "ledger"  # the workers take their work from the ledger's database


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlaces:
    """Where what is shared is; "" is what is not shared.

    `untrusted` are the settings that name something and do not count, since the user has not trusted the project.
    """

    ledger: str = ""  # postgresql://user@host:port/name, without a password
    store: str = ""  # s3://bucket/prefix, or gs://, az:// and file://
    farm: str = ""  # `FARM_OF_LEDGER`, or tls://host:port of a scheduler
    untrusted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ledger or self.store or self.farm or self.untrusted)

    @property
    def named(self) -> dict[str, str]:
        """Those that are shared, by the names of their settings."""
        rows = {"ledger": self.ledger, "store": self.store, "farm": self.farm}
        return {name: place for name, place in rows.items() if place}

    def without_trust(self) -> "SharedPlaces":
        """What is left where the user has not trusted the project: the names of the settings."""
        return SharedPlaces(untrusted=tuple(self.named))

    @property
    def widenings(self) -> Iterator[str]:
        """What is allowed with them, in words."""
        if self.ledger:
            yield f"a shared ledger: prompts, prices and purchases at {self.ledger_place}"
        if self.store:
            yield f"a shared store: clips in {self.store}"
        if self.farm:
            yield f"a farm: drawing and checking by {self.workers}"

    @property
    def ledger_place(self) -> str:
        """Host and name of the shared ledger, as people see it: who connects, and how, is left out.

        >>> SharedPlaces(ledger="postgresql://ana@db.example:5432/films?sslmode=require").ledger_place
        'db.example:5432/films'
        """
        return self.ledger.partition("://")[2].partition("?")[0].rpartition("@")[2]

    @property
    def workers(self) -> str:
        """Who works for the farm, in words."""
        return "workers at the shared ledger" if self.farm == FARM_OF_LEDGER else f"workers at {self.farm}"


NO_PLACES = SharedPlaces()
