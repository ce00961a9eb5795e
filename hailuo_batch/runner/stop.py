"""A wish to stop: asked once, seen by every worker before it takes the next step up."""


class Stop:
    """Nothing new is begun once it is asked for; what runs is finished."""

    def __init__(self) -> None:
        self.reason = ""

    @property
    def asked(self) -> bool:
        """Whether somebody asked."""
        return bool(self.reason)

    def ask(self, reason: str) -> None:
        """Asks to stop; the first reason counts."""
        self.reason = self.reason or reason
