"""What a problem says: the words of all that can be wrong with values, keys, aliases and bytes.

A saying is fixed but for its {gaps}, which take the user's own words. Nothing here knows when it is said, or where;
what is said of broken syntax stands in `syntax_messages.py`.
"""

from typing import NamedTuple

from hailuo_batch.core import rules
from hailuo_batch.core.problem import Rule


class Message(NamedTuple):
    """What a problem says, with {gaps} for the user's own words."""

    rule: Rule
    why: str
    remedy: str

    def fill(self, **shown: str) -> "Message":
        """The same with its gaps filled."""
        return self._replace(why=self.why.format(**shown), remedy=self.remedy.format(**shown))


def shorten(text: str) -> str:
    """A user's words, short enough for a line."""
    return text if len(text) <= 40 else text[:37] + "..."


LEADING_ZERO = Message(
    rules.YAML_NUMBER.case("number with a leading zero"),
    "{shown} is {meant} to some YAML readers and counts in eights, or is text, to others.",
    'Write {meant}, or "{shown}" in quotes if it is text.',
)
NUMBER_TOO_LARGE = Message(
    rules.YAML_NUMBER.case("number too large"),
    "{shown} does not fit in 64 bits.",
    "Write a smaller number, or put it in quotes if it is text.",
)
NOT_A_NUMBER = Message(
    rules.YAML_NUMBER,
    "{shown} stands for no number that could be sent or paid.",
    "Write a number, or put it in quotes if it is text.",
)
UNKNOWN_TAG = Message(
    rules.YAML_TAG,
    "{shown} is read as a tag. Known here are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map.",
    "Take the tag away, or put quotes around the whole value if it is text.",
)
UNFIT_TAG = Message(
    rules.YAML_TAG.case("tag does not fit"),
    "{shown} cannot be read as !!{kind}.",
    "Take the tag away, or write a value of that kind.",
)
TEXT_CUT = Message(
    rules.YAML_COMMENT,
    "The text ends at: {end}. A blank and # begin a comment, so this is left out: {shown}",
    "If it is part of the text, put quotes around the whole value; if not, write a blank behind the #.",
)
DUPLICATE_KEY = Message(
    rules.YAML_DUPLICATE_KEY,
    '"{key}" stands here and in line {line}, column {column}; only one of them would be used.',
    "Take one of the two away.",
)
DUPLICATE_MERGE_KEY = Message(
    rules.YAML_DUPLICATE_KEY,
    "<< stands here and in line {line}, column {column}; only one of them would be used.",
    "Name all of them in one list: <<: [*one, *two]",
)
KEY_NOT_TEXT = Message(
    rules.YAML_KEY,
    "The key {key} is read as {kind}, and every key is text.",
    'Put it in quotes: "{key}"',
)
NAMELESS_KEY_NOT_TEXT = Message(
    rules.YAML_KEY,
    "What stands before the colon is read as {kind}, and every key is text.",
    "Write a name before the colon. If the line is one text, put quotes around it all.",
)
NOTHING_TO_MERGE = Message(
    rules.YAML_ALIAS.case("nothing to merge"),
    "<< takes over the keys of another mapping, and this is none.",
    "Write <<: *name, where &name marks a mapping; or take the line away.",
)
UNKNOWN_ANCHOR = Message(
    rules.YAML_ALIAS,
    "*{shown} stands for a value marked &{shown}, and no value before it is marked so.",
    "If it is text, put quotes around the whole value; if not, mark the value it stands for with &{shown}.",
)
UNUSED_ANCHOR = Message(
    rules.YAML_ALIAS.case("mark never used").as_warning(),
    "&{shown} is read as a mark for an alias, not as part of the text, and no *{shown} follows.",
    "If it is text, put quotes around the whole value; if not, take the mark away.",
)
ALIAS_CIRCLE = Message(
    rules.YAML_ALIAS.case("alias goes in a circle"),
    "*{shown} stands inside the value marked &{shown}, which would then hold itself without end.",
    "Write the value out here, or mark another one.",
)
TOO_MANY_ALIASES = Message(
    rules.YAML_ALIAS.case("aliases add too much"),
    "The aliases up to here add more than {shown} values to the file.",
    "Use fewer aliases of values that hold aliases themselves.",
)
NESTED_TOO_DEEP = Message(
    rules.YAML_DEPTH,
    "More than {most} lists and mappings stand inside each other here.",
    "Nest less; if this is text, put quotes around it.",
)
SECOND_DOCUMENT = Message(
    rules.YAML_DOCUMENTS,
    "A line of three dashes begins a second document here, and a file holds one.",
    "Take the line away, or put what follows into a file of its own.",
)
EMPTY_FILE = Message(
    rules.YAML_EMPTY,
    "The file holds no value: it is empty, or has only comments.",
    'Write at least one "key: value" line.',
)
NOT_A_MAPPING = Message(
    rules.YAML_SYNTAX.case("no keys at the top"),
    'The file as a whole has to be a mapping: lines of "key: value".',
    "Put a key and a colon before what stands here.",
)
UNRESOLVED_MERGE = Message(
    rules.YAML_MERGE,
    "This file has an unresolved merge: git has put both sides into it, and marked where they begin and end.",
    "Keep what is meant, and take the lines that begin with <<<<<<<, |||||||, ======= and >>>>>>> away.",
)
FILE_TOO_LARGE = Message(
    rules.YAML_SIZE,
    "The file has {shown} bytes; more than {most} are not read.",
    "Split it into several files.",
)
NOT_UTF8_FILE = Message(
    rules.YAML_ENCODING,
    "The file is saved as {form}, and YAML files are read as UTF-8 here.",
    "Save it as UTF-8; most editors offer it under Save As.",
)
NOT_UTF8_BYTES = Message(
    rules.YAML_ENCODING,
    "Byte {byte} at offset {offset} is no part of UTF-8 text.{hint}",
    "Save the file as UTF-8; most editors offer it under Save As.",
)
CONTROL_CHARACTER = Message(
    rules.YAML_CONTROL,
    "Here stands {shown}, a character that cannot be seen and that YAML does not allow.",
    "Delete it; retyping the line helps where it cannot be found.",
)
HIDDEN_CHARACTER = Message(
    rules.YAML_CONTROL.case("hidden character"),
    "Here stands {shown}. It cannot be seen, and YAML readers differ about it.",
    "Delete it, or put a space in its place; retyping the line helps where it cannot be found.",
)
MORE_PROBLEMS = Message(
    rules.YAML_MORE,
    "{count} more were found{rest}.",
    "Mend the ones above first; many of the others may have the same cause.",
)
