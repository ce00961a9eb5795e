"""Links to clips: signed, with the moment they die in them. Pure but for the secret they are made with."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

CLIPS_PATH = "/clips/"


class SignedLinks:
    """Writes and reads the links of one mock."""

    def __init__(self, seed: int) -> None:
        self._secret = f"mock-{seed}".encode()

    def make_link(self, base: str, gateway: str, task: str, until: float) -> str:
        """A link that lives until this moment."""
        moment = f"{until:.3f}"
        return f"{base}{CLIPS_PATH}{gateway}/{task}.mp4?until={moment}&sig={self._sign(gateway, task, moment)}"

    def is_alive(self, gateway: str, task: str, query: str, now: float) -> bool:
        """Whether a link with this query is one of ours and still lives."""
        parts: Mapping[str, list[str]] = parse_qs(query)
        moment, sign = parts.get("until", [""])[0], parts.get("sig", [""])[0]
        if not hmac.compare_digest(sign.encode(), self._sign(gateway, task, moment).encode()):
            return False
        return now < float(moment)

    def _sign(self, gateway: str, task: str, moment: str) -> str:
        return hmac.digest(self._secret, f"{gateway}/{task}/{moment}".encode(), "sha256").hex()[:32]
