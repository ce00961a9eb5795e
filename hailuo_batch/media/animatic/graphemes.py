"""Text as a reader sees it: visible characters instead of code points, emoji, directions, and line breaks.

Does not measure or draw.
"""

import unicodedata

_NO_START = "!%),.:;?]}¢°·'\"†‡›»≫、。，．：；？！）］｝〉》」』】〕〗’”…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_NO_END = "([{£¥'\"‹«‘“〈《「『【〔〖（［｛"
_ALWAYS_EMOJI = frozenset(
    "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕"
)
_JOINER = "\u200d"


def is_emoji(cluster: str) -> bool:
    """Whether the cluster is an emoji in colour."""
    code = ord(cluster[0])
    return (
        "\ufe0f" in cluster or "\u20e3" in cluster or 0x1F000 <= code <= 0x1FAFF or cluster[0] in _ALWAYS_EMOJI
    ) and "\ufe0e" not in cluster


def clusters(text: str) -> list[str]:
    """The text in characters as a reader sees them: accents stay on letters, families and flags stay together."""
    found: list[str] = []
    for letter in text:
        if found and _extends_cluster(found[-1], letter):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _extends_cluster(before: str, letter: str) -> bool:
    flag = "\U0001f1e6" <= letter <= "\U0001f1ff"
    return (
        letter == _JOINER
        or before.endswith(_JOINER)
        or "\ufe00" <= letter <= "\ufe0f"
        or "\U0001f3fb" <= letter <= "\U0001f3ff"
        or "\U000e0020" <= letter <= "\U000e007f"
        or (flag and len(before) == 1 and "\U0001f1e6" <= before <= "\U0001f1ff")
        or unicodedata.category(letter) in {"Mn", "Me", "Mc"}
    )


def has_kana(text: str) -> bool:
    """Whether any character is one that only Japanese uses."""
    return any("\u3041" <= letter <= "\u30ff" for letter in text)


def clean_text(text: str) -> str:
    """The text without what cannot be drawn: control characters, lone surrogates, unassigned codes, repeated spaces."""
    kept = "".join(_printable(letter) for letter in text)
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _printable(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}:
        return " "
    # Joiners shape Persian and emoji, and tags make the flags of regions. Soft hyphens and the like are drawn as boxes.
    steers = letter in "\u200c\u200d" or "\U000e0020" <= letter <= "\U000e007f"
    return "" if category == "Cf" and not steers else letter


def is_rtl(text: str) -> bool:
    """Whether the text begins from the right, by its first letter with a direction."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((d for d in directions if d in {"L", "R", "AL"}), "L") != "L"


def may_break(before: str, cluster: str) -> bool:
    """Whether a line may end after `before` and the next begin with `cluster`, without a space between them."""
    if cluster[0] in _NO_START or before[-1] in _NO_END:
        return False
    return _is_wide(before[-1]) or _is_wide(cluster[0]) or (before[-1] in "-–—/" and len(before) > 3)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in {"W", "F"} and not "\uac00" <= letter <= "\ud7a3"
