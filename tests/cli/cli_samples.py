"""What the tests of the command line run, and how."""

import sys

PROGRAM = (sys.executable, "-m", "hailuo_batch.cli.main")
FILM = """\
version: 1
campaign: teaser
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: "a bottle in mist [Push in]", tags: [hero]}
  - {id: turn, prompt: the cap turns, frames: {first: {shot: open, frame: last}}}
"""
