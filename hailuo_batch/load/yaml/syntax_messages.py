"""What a problem with broken syntax says. Nothing here knows when it is said, or where; `syntax_errors.py` does."""

from hailuo_batch.core import rules
from hailuo_batch.load.yaml.messages import Message

_UNCLOSED_QUOTE = rules.YAML_SYNTAX.case("quote never closed")

TAB = Message(
    rules.YAML_TAB,
    "Here stands a tab, and YAML is indented by spaces only.",
    "Write spaces instead; most editors can turn all tabs of a file into spaces.",
)
TEXT_AFTER_QUOTE = Message(
    rules.YAML_SYNTAX.case("text after a closing quote"),
    "A value that starts with a quote ends at the next one, and after it stands: {rest}.",
    "{remedy}",
)
TEXT_AFTER = {
    "'": TEXT_AFTER_QUOTE,
    '"': TEXT_AFTER_QUOTE,
    "[": Message(
        rules.YAML_SYNTAX.case("text after a list"),
        "A value that starts with [ is read as a list, and after its end stands: {rest}.",
        "{remedy}",
    ),
    "{": Message(
        rules.YAML_SYNTAX.case("text after a mapping"),
        "A value that starts with {{ is read as a mapping, and after its end stands: {rest}.",
        "{remedy}",
    ),
    "*": Message(
        rules.YAML_SYNTAX.case("text after an alias"),
        "{alias} is read as an alias, which is a whole value, and after it stands: {rest}.",
        "{remedy}",
    ),
}
LATE_QUOTE = Message(
    _UNCLOSED_QUOTE,
    "The quote {sign} opened here is closed only by the next one, in line {line}, column {column}.",
    "Write {sign} at the end of the text.",
)
OPEN_QUOTE = Message(
    _UNCLOSED_QUOTE,
    "The quote {sign} opened here is not closed before the end.",
    "Write {sign} at its end; if the sign is part of the text, put the other kind of quotes around it all.",
)
SECOND_COLON = Message(
    rules.YAML_SYNTAX.case("second colon in a line"),
    "A colon with a space after it begins a value, and a value has begun already.",
    "{remedy}",
)
INDENTED_TOO_DEEP = Message(
    rules.YAML_SYNTAX.case("indented too deep"),
    "This line begins a new key, and is indented as if it went on with the text of line {line}.",
    "Line it up with the keys it belongs to. If it is part of that text, put the whole text in quotes.",
)
MISSING_COLON = Message(
    rules.YAML_SYNTAX.case("colon missing"),
    "This line needs a key and a colon, and has none: {shown}.",
    "Write key: value. If it goes on with the text above, indent it deeper than the key of that text.",
)
NO_SPACE_AFTER_COLON = Message(
    rules.YAML_SYNTAX.case("space missing after a colon"),
    "A key ends with a colon and a space.",
    "Write it so: {key}: {value}",
)
UNKNOWN_ESCAPE = Message(
    rules.YAML_SYNTAX.case("escape not known"),
    "In double quotes a backslash begins an escape, and {shown} is none.",
    "Write two backslashes for one, or put single quotes around the text.",
)
HALF_CHARACTER = Message(
    rules.YAML_SYNTAX.case("half a character"),
    "{shown} is one half of a character, and YAML does not join halves.",
    "{remedy}",
)
INVALID_TAG = Message(
    rules.YAML_TAG,
    "A value that starts with ! is read as a tag, and this is none.",
    "{remedy}",
)
RESERVED_SIGN = Message(
    rules.YAML_SYNTAX.case("text starts with a sign"),
    "Text cannot start with {sign} unless it stands in quotes: YAML keeps this sign for itself.",
    "{remedy}",
)
OPEN_BRACKET = Message(
    rules.YAML_SYNTAX.case("bracket never closed"),
    "The {sign} opened here is not closed before {until}.",
    "Close it with {close}. If it is text, put the whole value in quotes.",
)
MISSING_COMMA = Message(
    rules.YAML_SYNTAX.case("comma missing"),
    "Inside brackets and braces a comma stands between entries, and here follows without one: {rest}",
    "Write a comma before it. If it is part of a text, put the whole text in quotes.",
)
UNQUOTED_VARIABLE = Message(
    rules.YAML_SYNTAX.case("variable without quotes"),
    "Inside brackets and braces every {{ begins a mapping and every }} ends one, also those of {variable}.",
    "{remedy}",
)
MISSING_DASH = Message(
    rules.YAML_SYNTAX.case("entry without a dash"),
    'A list stands here, in which every entry starts with "- ", and this line does not.',
    "Write - and a space before it, or indent the line as deep as what it belongs to.",
)
MISSING_KEY = Message(
    rules.YAML_KEY.case("key missing"),
    "A colon begins the line, and no key stands before it.",
    "Write a name before the colon, or put quotes around the text.",
)
WRONG_INDENT = Message(
    rules.YAML_SYNTAX.case("indentation fits nothing"),
    "This line starts in column {column}; what stands above starts in column {columns}.",
    "Line it up with the lines it belongs to.",
)
OTHER_SYNTAX_ERROR = Message(
    rules.YAML_SYNTAX,
    "the YAML reader says: {shown}.",
    "Check this line and the one above; quotes around a text that holds signs often help.",
)
