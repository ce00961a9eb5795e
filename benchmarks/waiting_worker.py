"""Stands for a worker process that draws: it waits as long as a drawing takes, and writes a clip that was drawn before.

It needs no processor meanwhile, so that as many of them as a large machine has run on a small one.
"""

import json
import os
import struct
import sys
import time
from pathlib import Path

CLIP, SECONDS = "HAILUO_BENCH_CLIP", "HAILUO_BENCH_SECONDS"


def main() -> None:
    clip = Path(os.environ[CLIP]).read_bytes()
    for number, line in enumerate(sys.stdin.buffer):
        time.sleep(float(os.environ[SECONDS]))
        mark = b"%d-%d" % (os.getpid(), number)  # no two clips are the same bytes
        box = struct.pack(">I", 8 + len(mark)) + b"free" + mark
        Path(json.loads(line)["target"]).write_bytes(clip + box)
        sys.stdout.buffer.write(b'{"answer": {}}\n')
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
