"""Text that fits a terminal, measured in cells: wide letters take two, combining marks and colours none.

Words are never broken. What has no room is shortened in the middle, since names differ at their ends.
"""

import re
from collections.abc import Iterable
from itertools import takewhile

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LEAST_WIDTH = 20  # a terminal narrower than this is not served
_GAP = re.compile(r"\S {2,}(?=\S)")


def measure_text(words: str) -> int:
    """How many cells of a terminal the words take.

    >>> measure_text("open"), measure_text("\\x1b[1mopen\\x1b[0m"), measure_text("日本"), measure_text("e\\u0301")
    (4, 4, 4, 1)
    """
    if "\x1b" in words:
        words = _COLOURS.sub("", words)
    if words.isascii():
        return len(words)
    from rich.cells import cell_len  # few texts need it

    return cell_len(words)


def pad_text(words: str, width: int, *, right: bool = False) -> str:
    """The words with blanks up to a width, behind them or (`right`) in front.

    >>> pad_text("日本", 6), pad_text("6 s", 6, right=True)
    ('日本  ', '   6 s')
    """
    blanks = " " * max(width - measure_text(words), 0)
    return blanks + words if right else words + blanks


def shorten_middle(words: str, width: int) -> str:
    """Words without colours, with a sign in place of their middle where they are too wide.

    >>> shorten_middle("sq010-s010-rooftop-at-dawn#12", 15), shorten_middle("open#1", 15)
    ('sq010-s…dawn#12', 'open#1')
    """
    if measure_text(words) <= width:
        return words
    head = max(width - 1, 0) // 2
    tail = max(width - 1 - head, 0)
    return f"{_cut_start(words, head)}…{_cut_start(words[::-1], tail)[::-1]}"


def cut_end(words: str, width: int) -> str:
    """Words without colours, with a sign in place of their end where they are too wide.

    >>> cut_end("日本語のボトル", 8), cut_end("a bottle", 8)
    ('日本語…', 'a bottle')
    """
    return words if measure_text(words) <= width else f"{_cut_start(words, width - 1)}…"


def cut_start(words: str, width: int) -> str:
    """Words without colours, with a sign in place of their beginning where they are too wide.

    >>> cut_start("日本語のボトル", 8)
    '…ボトル'
    """
    return words if measure_text(words) <= width else f"…{_cut_start(words[::-1], width - 1)[::-1]}"


def shorten_names(names: Iterable[str], width: int) -> dict[str, str]:
    """Names by what they are shortened to; where only their middles differ, that part is what stays.

    >>> list(shorten_names(["market-stall-red-at-the-end#1", "market-stall-blue-at-the-end#1"], 17).values())
    ['ma…red-at…e-end#1', 'ma…blue-a…e-end#1']
    """
    short = {name: shorten_middle(name, width) for name in names}
    groups: dict[str, list[str]] = {}
    for name, shown in short.items():
        groups.setdefault(shown, []).append(name)
    for alike in groups.values():
        if len(alike) > 1:
            start = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*alike, strict=False)))
            short |= {name: _show_from(name, start, width) for name in alike}
    return short


def _show_from(name: str, start: int, width: int) -> str:
    """A name as its first letters, and what follows `start`."""
    head = _cut_start(name, max(width // 8, 1))
    return f"{head}…{shorten_middle(name[start:], max(width - measure_text(head) - 1, 1))}"


def _cut_start(words: str, width: int) -> str:
    end = min(len(words), width)
    while end and measure_text(words[:end]) > width:
        end -= 1
    return words[:end]


def wrap_words(words: str, width: int, *, whole: bool = False) -> list[str]:
    """Lines of whole words; a single word that is too wide is shortened in the middle, unless it stays `whole`.

    >>> wrap_words("it starts from street, which must be rendered again", 24)
    ['it starts from street,', 'which must be rendered', 'again']
    """
    lines: list[str] = []
    line: list[str] = []
    taken = 0
    for word in words.split():
        wide = measure_text(word)
        if line and taken + 1 + wide > width:
            lines.append(" ".join(line))
            line, taken = [], 0
        taken += wide + bool(line)
        line.append(word if whole or wide <= width else shorten_middle(word, width))
    return [*lines, " ".join(line)] if line else lines or [""]


def fit_lines(text: str, width: int) -> str:
    """The text with lines that are too wide continued below, under the column that they end in.

    A command, alone on its line below a sentence that ends with a colon, stays whole so that it can be copied; so does
    each of our own. Without a `width` the text stays as it is.
    """
    if width < _LEAST_WIDTH:
        return text
    lines, previous = [], ""
    for line in text.split("\n"):
        is_command = line.startswith("    ") and (previous.endswith(":") or line.lstrip().startswith("hailuo-batch "))
        narrow = is_command or (len(line) <= width and (line.isascii() or measure_text(line) <= width))
        lines += [line] if narrow or measure_text(line) <= width else _continue_line(line, width)
        previous = line
    return "\n".join(lines)


def _continue_line(line: str, width: int) -> list[str]:
    """One line as several: its head up to the last column in the first half stays, words follow at that column."""
    start = start_of_line = len(line) - len(line.lstrip(" "))
    if " " not in (word := line.strip(" ")):  # a path below a column: it begins further left, so that it may fit
        return [" " * max(min(start, width - measure_text(word)), min(start, 2)) + word]
    for gap in _GAP.finditer(line):
        if measure_text(line[: gap.end()]) > width // 2:
            break
        start = gap.end()
    head, rest = line[:start], line[start:]
    column = measure_text(head) if head.strip() or not head else len(head) + 2
    found, current = [], head
    for word in re.findall(r" *[^ ]+", rest):
        wide = measure_text(word.lstrip(" "))
        is_first = current == head
        if measure_text(current) + measure_text(word) <= width or (is_first and not head.strip()):
            current += word
            continue
        if not is_first or column + wide > width:
            found.append(current.rstrip())
            current = ""
        # A word that is too wide for its column begins further left, so that it stays whole.
        current = (current or " " * (column if column + wide <= width else start_of_line + 2)) + word.lstrip(" ")
    return [*found, current]
