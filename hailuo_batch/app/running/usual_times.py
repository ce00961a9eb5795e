"""How long clips usually took, from what the ledger remembers of the last ones."""

from collections import defaultdict
from collections.abc import Iterable

from hailuo_batch.core.pacing.remaining_time import UsualTime, usual_time
from hailuo_batch.core.request.fingerprint import parse_preimage


def list_usual_times(render_times: Iterable[tuple[str, str, float]]) -> tuple[UsualTime, ...]:
    """One for each provider, resolution and length; of provider, pre-image and seconds of each clip."""
    kinds = defaultdict[tuple[str, str, str], list[float]](list)
    for provider, preimage, seconds in render_times:
        if seconds > 0:
            request = parse_preimage(preimage)
            kinds[provider, request.resolution, str(request.duration)].append(seconds)
    return tuple(usual_time(*kind, times) for kind, times in kinds.items())
