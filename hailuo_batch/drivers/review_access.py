"""Who may use the review page: the right host and origin, and a session that a token or a password opened.

A browser carries other people's pages, so a request counts only when it names this server as its host (no DNS
rebinding) and this page as its origin (no cross-site request). Knows neither HTTP's library nor what is reviewed.
"""

import hashlib
import hmac
import secrets
import socket
from collections import deque
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from hailuo_batch.drivers.small_server import ListenAddress

MOST_TRIES = 5  # wrong passwords of one caller in `TRIES_SECONDS`
MOST_TRIES_OF_ALL = 50  # of all callers together: one who changes addresses gets no further
TRIES_SECONDS = 600.0
SHORTEST_PASSWORD = 8  # characters


class ReviewAccess:
    """Decides who may enter. With a `password` that opens the session, else the token in the address.

    `now` are seconds that never go back. Secrets are new each time, so nothing of an earlier server is of use.
    """

    def __init__(self, *, now: Callable[[], float], password: str | None = None) -> None:
        self.token = "" if password is not None else secrets.token_urlsafe(24)
        self.form_key = secrets.token_urlsafe(24)  # our own page has it, and sends it with each decision
        self.session = secrets.token_urlsafe(32)
        self._password = None if password is None else _hash_text(password)
        self._now = now
        self._wrong: deque[tuple[float, str]] = deque(maxlen=MOST_TRIES_OF_ALL)

    @property
    def by_password(self) -> bool:
        """Whether a password opens the session."""
        return self._password is not None

    def matches_token(self, text: str) -> bool:
        """Whether this is the token of the address."""
        return not self.by_password and _is_same(text, self.token)

    def matches_session(self, text: str) -> bool:
        """Whether this is the cookie of a session."""
        return _is_same(text, self.session)

    def matches_form_key(self, text: str) -> bool:
        """Whether our own page sends this."""
        return _is_same(text, self.form_key)

    def try_password(self, text: str, caller: str) -> bool:
        """Whether the password is right; a wrong one counts. Call `wait_seconds` before."""
        if self._password is not None and hmac.compare_digest(_hash_text(text), self._password):
            return True
        self._wrong.append((self._now(), caller))
        return False

    def wait_seconds(self, caller: str) -> float:
        """How long a caller has to wait before the next try; 0 when it may try now."""
        begin = self._now() - TRIES_SECONDS
        recent = [(at, each) for at, each in self._wrong if at > begin]
        mine = [at for at, each in recent if each == caller]
        if len(recent) >= MOST_TRIES_OF_ALL:
            return recent[0][0] - begin
        return mine[-MOST_TRIES] - begin if len(mine) >= MOST_TRIES else 0.0


def is_own_host(host: str, address: ListenAddress) -> bool:
    """Whether a Host header names this server; a name that some name server made up never does."""
    name, port = _split_host(host)
    if port != address.port:
        return False
    if is_loopback(address.host):
        return is_loopback(name)
    return _is_number(name) or name.lower() in _own_names()


def is_own_origin(headers: Mapping[str, str], *, writes: bool) -> bool:
    """Whether a request comes from our own page; one that writes has to say so, one that reads may be silent."""
    site, own = headers.get("Sec-Fetch-Site"), f"http://{headers.get('Host', '')}"
    if writes:
        return headers.get("Origin") == own and site in {None, "same-origin"}
    is_visit = headers.get("Sec-Fetch-Mode") in {None, "navigate"}
    return headers.get("Origin") in {None, own} and (is_visit or site in {None, "same-origin"})


def reachable_address(address: ListenAddress) -> ListenAddress:
    """An address that a browser can open: of a server on every network, this machine's name."""
    is_every = _is_number(address.host) and ip_address(address.host).is_unspecified
    return ListenAddress(host=socket.gethostname(), port=address.port) if is_every else address


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _split_host(host: str) -> tuple[str, int]:
    """The name and the port of a Host header; port 80 has none, and -1 fits no server."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "80"
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5
    return name.removeprefix("[").removesuffix("]"), int(port) if is_port else -1


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name.split('.')[0]}.local"} - {""}


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _hash_text(text: str) -> bytes:
    """The same length for any text, so that a comparison takes the same time."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _is_same(text: str, secret: str) -> bool:
    return bool(secret) and hmac.compare_digest(_hash_text(text), _hash_text(secret))
