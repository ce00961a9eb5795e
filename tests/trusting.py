"""Trusts a project as `hailuo-batch trust` does after a yes: what tests with gateways of their own need."""

from pathlib import Path

from hailuo_batch.load.settings import read_project
from hailuo_batch.load.trust import write_trust


def trust_project(folder: Path) -> None:
    project = read_project(folder.resolve())
    assert project.stakes, "nothing in this project needs trust"
    write_trust(project.root, project.stakes)
