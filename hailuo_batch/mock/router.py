"""Which call a method and a path are: read from the gateways' OpenAPI documents. Pure, once it is made."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from hailuo_batch.load.openapi import Operation, list_operations
from hailuo_batch.mock.contract import GatewayContract
from hailuo_batch.mock.messages import CallKind
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoute:
    """A call that a gateway offers; `parts` are the names in its path."""

    contract: GatewayContract
    operation: Operation
    kind: CallKind
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PathPattern:
    operation: Operation
    kind: CallKind
    head: str
    name: str  # empty when the path is always the same
    tail: str

    def match(self, path: str) -> str | None:
        """What stands at the name's place; None when the path is another."""
        if not self.name:
            return "" if path == self.head else None
        if (
            len(path) <= len(self.head) + len(self.tail)
            or not path.startswith(self.head)
            or not path.endswith(self.tail)
        ):
            return None
        part = path[len(self.head) : len(path) - len(self.tail)]
        return None if "/" in part else part


class Router:
    """Finds calls of all gateways."""

    def __init__(self, contracts: Mapping[str, GatewayContract]) -> None:
        self._contracts = contracts
        self._patterns = {name: _sort_patterns(contract) for name, contract in contracts.items()}

    def find(self, gateway: str, method: str, path: str) -> CallRoute | tuple[str, ...]:
        """The call; or the methods that this path takes, none for a path that is not there."""
        allowed: list[str] = []
        for row in self._patterns.get(gateway, ()):
            part = row.match(path)
            if part is None or (row.name and allowed):
                continue
            if row.operation.method == method:
                parts = {row.name: unquote(part)} if row.name else {}
                return CallRoute(contract=self._contracts[gateway], operation=row.operation, kind=row.kind, parts=parts)
            allowed.append(row.operation.method)
        return tuple(allowed)


def _sort_patterns(contract: GatewayContract) -> tuple[_PathPattern, ...]:
    """Fixed paths first: `/v1/tasks/batch` is not the task named batch."""
    return tuple(sorted(_read_patterns(contract), key=lambda row: bool(row.name)))


def _read_patterns(contract: GatewayContract) -> Iterator[_PathPattern]:
    for operation in list_operations(contract.name):
        head, _, rest = operation.path.partition("{")
        name, _, tail = rest.partition("}")
        yield _PathPattern(operation=operation, kind=contract.calls[operation.id], head=head, name=name, tail=tail)
