"""Runs a command and prints its wall seconds, CPU seconds and peak memory in bytes as JSON.

A process of its own, and a small one: on Linux a child's peak memory counts what its parent had when it was started.
"""

import json
import os
import sys
import time

begin = time.perf_counter()
child = os.posix_spawn(
    sys.argv[1],
    sys.argv[1:],
    os.environ,
    file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, 2, 2)],
)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - begin
unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
print(json.dumps([os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit]))
