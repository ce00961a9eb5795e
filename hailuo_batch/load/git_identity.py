"""Who the user is to git: `user.name`, `user.email`, `user.signingkey`.

`git config --get` runs nothing that a repository's configuration names: no hook, no pager, no helper.
"""

import subprocess
from pathlib import Path
from shutil import which

from hailuo_batch.core.plan.approval import Person

_SECONDS = 30.0
_LONGEST = 200  # characters of a name


def read_git_identity(folder: Path) -> Person:
    """The user's name and address in a folder; "" for what git does not know, or where there is no git."""
    return Person(name=_read_setting(folder, "user.name"), email=_read_setting(folder, "user.email"))


def read_signing_key(folder: Path) -> str:
    """The key that git signs with: a path, or a public key itself; "" where none is set, or it is none for ssh."""
    key = _read_setting(folder, "user.signingkey", longest=16_000)
    return key if _read_setting(folder, "gpg.format") in {"ssh", ""} else ""


def _read_setting(folder: Path, name: str, longest: int = _LONGEST) -> str:
    program = which("git")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "config", "--get", name],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
    return "".join(each for each in text if each.isprintable())[:longest]
