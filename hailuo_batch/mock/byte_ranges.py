"""Parts of a file: what distinguishes two files, and the answer to a request for a part. Pure.

One part is served; a request for several gets the whole file, as any host may answer (RFC 9110, section 14.2).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate

from hailuo_batch.mock.messages import Answer

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def validators(task: str, ended: float) -> dict[str, str]:
    """The headers by which the file of a task is known again."""
    return {"ETag": f'"{task}"', "Last-Modified": formatdate(ended, usegmt=True), "Accept-Ranges": "bytes"}


def apply_range(whole: Answer, request_headers: Mapping[str, str]) -> Answer:
    """The part of a file that the headers ask for, or the whole of it."""
    found = _RANGE.fullmatch(request_headers.get("Range", ""))
    if found is None or not _is_unchanged(whole, request_headers.get("If-Range")):
        return whole
    size = len(whole.body)
    begin, end = _bounds(found[1], found[2], size)
    if begin >= size:
        headers = {**whole.headers, "Content-Range": f"bytes */{size}"}
        return Answer(status=416, body=b"", type=whole.type, headers=headers)
    if end < begin:
        return whole
    headers = {**whole.headers, "Content-Range": f"bytes {begin}-{end}/{size}"}
    return replace(whole, status=206, body=whole.body[begin : end + 1], headers=headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first byte and the last; `-5` is the last five, and a range of nothing lies behind the end."""
    if first:
        return int(first), min(int(last), size - 1) if last else size - 1
    return (max(0, size - int(last)), size - 1) if int(last or "0") else (size, size - 1)


def _is_unchanged(whole: Answer, condition: str | None) -> bool:
    return condition is None or condition in {whole.headers["ETag"], whole.headers["Last-Modified"]}
