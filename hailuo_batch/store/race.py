"""Whether a shared store makes an object only once, tried by racing for one: not every server that speaks S3 does."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from hailuo_batch.store.object_store import ObjectStore

RACERS = 8


def count_winners(objects: ObjectStore) -> int:
    """How many of eight writers made the same new object, as the store says; one, where the store keeps its word.

    The object is removed again. Raises `SharedStoreError` where the store cannot be reached, or written to.
    """
    name, start = f"doctor-{secrets.token_hex(16)}", Barrier(RACERS)

    def race(number: int) -> bool:
        start.wait()
        return objects.create(name, f"racer {number}".encode())

    try:
        with ThreadPoolExecutor(RACERS) as threads:
            return sum(threads.map(race, range(RACERS)))
    finally:
        objects.remove(name)
