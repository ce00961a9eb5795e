"""Signatures by ssh keys, made and checked by `ssh-keygen -Y`; the namespace keeps them apart from those of commits.

What is signed goes through a pipe. Files of others (allowed signers, signatures) are copied before ssh-keygen opens
them, so that it never follows a link or waits for a pipe.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from hailuo_batch.core.plan.approval import SIGNATURE_NAMESPACE
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.files.folder import write_beside

_SECONDS = 30.0  # for a check; a signature may wait for a passphrase or a touch
_LITERAL_KEYS = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")


def sign_text(data: bytes, key: str) -> str:
    """The armoured signature of some data. `key` is a path, or a public key whose private half an agent holds."""
    literal = key.removeprefix("key::")
    with TemporaryDirectory(prefix="hailuo-") as folder:
        words = ["-f", str(Path(key).expanduser())]
        if literal.startswith(_LITERAL_KEYS):
            words = ["-U", "-f", _copy(folder, "key.pub", f"{literal}\n".encode())]
        done = _run("sign", [*words, "-n", SIGNATURE_NAMESPACE], data, seconds=None)
    signature = done.stdout.decode("ascii", "replace")
    if done.returncode != 0 or "SSH SIGNATURE" not in signature:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f"ssh-keygen says: {said[-1][:200]}." if said else ""
        remedy = "Name a key that you have with --key, such as --key ~/.ssh/id_ed25519."
        raise InputError("the approval could not be signed, so nothing was written", why=why, remedy=remedy)
    return signature


def find_signature_fault(data: bytes, signature: str, *, identity: str, signers: bytes) -> str:
    """Why a signature does not prove that `identity` signed the data; "" when it does.

    `signers` is the content of a file of allowed signers.
    """
    if not identity or identity.startswith("-"):
        return "it names nobody whose key could be found"
    with TemporaryDirectory(prefix="hailuo-") as folder:
        words = ["-f", _copy(folder, "signers", signers), "-I", identity, "-n", SIGNATURE_NAMESPACE]
        done = _run("verify", [*words, "-s", _copy(folder, "sig", signature.encode())], data, seconds=_SECONDS)
    return "" if done.returncode == 0 else f"its signature is not that of {identity} among the allowed signers"


def _copy(folder: str, name: str, data: bytes) -> str:
    write_beside(Path(folder) / name, data)
    return str(Path(folder) / name)


def _run(
    action: str, words: Sequence[str], data: bytes, *, seconds: float | None
) -> "subprocess.CompletedProcess[bytes]":
    program = which("ssh-keygen")
    if program is None:
        why = "It makes and checks the signatures of approvals, and is part of OpenSSH 8.2 and later."
        raise RefusedError("ssh-keygen is not installed", why=why, remedy="Install the OpenSSH client, then run again.")
    try:
        return subprocess.run(
            [program, "-Y", action, *words], input=data, capture_output=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RefusedError("ssh-keygen could not be used", why=f"The system says: {error}.") from None
