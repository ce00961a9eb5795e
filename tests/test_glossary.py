"""One word for one thing: the words of docs/glossary.md that a pattern can tell apart.

Most words of the "not" column are fine for something else, and only a reader can tell. Those in `NAMES` and `TEXTS` are
never ours for anything.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import hailuo_batch

PACKAGE = Path(hailuo_batch.__file__).parent
ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
STYLE = ROOT / "STYLE.md"
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]

# No file, class, function, argument or variable has one of these as a part of its name.
NAMES = {
    "artifact", "ask", "backend", "bench", "door", "footage", "gate", "grounds", "look", "picture",
    "purse", "seller", "spare", "stray", "terms", "told", "unclaimed", "unclear", "vendor", "wears", "wire",
    "wishes",
}  # fmt: skip
# No page and no message has one of these.
TEXTS = {"artifact", "backend", "footage", "purse", "seller", "stray", "told", "unclaimed"}
# Words that are fine for something else, in the phrases in which they stand for a word of the glossary.
PHRASES = {
    "look": re.compile(
        r"\b(a|an|each|every|next|two) looks?\b|\blooks? (a|per) second\b|\blooks? (at|again)\b", re.IGNORECASE
    ),
    "ask": re.compile(
        r"\bask(s|ed|ing)? (a|an|the|this|each|every|another|its|real) (provider|gateway)s?\b(?! for)"
        r"|\b(provider|gateway)s? (is|are|was|were|has been|may be|can be|has to be) asked\b",
        re.IGNORECASE,
    ),
}  # fmt: skip

# The drawing of a sketch has frames in another sense, so there what is seen is a picture; a move has room to spare.
# `show --ask` is a public option.
EXEMPT = {"media": {"picture", "spare"}, "app/inspect.py": {"ask"}, "cli/show.py": {"ask"}}


def words_of_name(name: str) -> set[str]:
    """The parts of a name in lower case, without a plural's s: `_StrayTasks` and `stray_tasks` have the same."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {word for part in parts for word in (part.lower(), part.lower().removesuffix("s"))}


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.MatchAs(name=str(name)):
                yield name


def texts_in(tree: ast.AST) -> Iterator[str]:
    """Messages and docstrings: what has a blank is read by people, what has none is a key or a value that is stored."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not re.fullmatch(r"\s*\S+\s*", node.value)
        ):
            yield node.value


def without_code(text: str) -> str:
    """Prose without blocks and spans of code, which quote stored keys."""
    return re.sub(r"`[^`]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def words_of_text(text: str) -> set[str]:
    return {
        word for found in re.findall(r"[a-z]+", without_code(text).lower()) for word in (found, found.removesuffix("s"))
    }


def phrases_in(text: str) -> set[str]:
    plain = " ".join(without_code(text).split())
    return {word for word, phrase in PHRASES.items() if phrase.search(plain)}


def exempt(path: Path) -> set[str]:
    name = path.relative_to(PACKAGE).as_posix()
    return EXEMPT.get(name, set()) | EXEMPT.get(name.partition("/")[0], set())


def place(path: Path) -> str:
    return path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()


def rows(path: Path, columns: int) -> dict[str, str]:
    """First and last cell of each row of the tables of words."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == columns and cells[0] not in {"word", "use", "write"}:
            found[cells[0]] = cells[-1]
    return found


def words_to_use() -> dict[str, str]:
    """The rows of the first table of STYLE.md."""
    text = STYLE.read_text(encoding="utf-8")
    table = text.partition("| use | not |\n")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| ([^-|][^|]*?) \| ([^|]*?) \|$", table, re.MULTILINE))


def test_the_glossary_and_the_style_have_the_same_words() -> None:
    assert len(words_to_use()) > 40
    assert rows(GLOSSARY, 3) == words_to_use()


@pytest.mark.parametrize("word", sorted(NAMES | TEXTS | PHRASES.keys()))
def test_each_word_that_is_looked_for_is_in_the_not_column(word: str) -> None:
    column = {each for cell in rows(GLOSSARY, 3).values() for each in cell.split(", ")}
    assert word in column


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_no_name_has_a_word_that_we_do_not_use(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {word for name in (path.stem, *names_in(tree)) for word in words_of_name(name)} & NAMES
    assert not found - exempt(path)


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_no_message_or_docstring_has_a_word_that_we_do_not_use(path: Path) -> None:
    texts = texts_in(ast.parse(path.read_text(encoding="utf-8")))
    found = {word for text in texts for word in words_of_text(text) & TEXTS | phrases_in(text)}
    assert not found - exempt(path)


@pytest.mark.parametrize("path", [path for path in PAGES if path != GLOSSARY], ids=place)
def test_no_page_has_a_word_that_we_do_not_use(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not words_of_text(text) & TEXTS | phrases_in(text)


BAD = '''"""Brings home footage."""
class PurseKeeper:
    def count_strays(self, sellerNames, *, wishes):
        bench = f"the {wishes} backend is gone"
        match bench:
            case Clip() as artifact:
                return {"artifact": artifact}
'''


def test_the_patterns_find_what_they_look_for() -> None:
    tree = ast.parse(BAD)
    named = {word for name in names_in(tree) for word in words_of_name(name)}
    assert named & NAMES == {"purse", "stray", "seller", "wishes", "bench", "artifact"}
    said = {word for text in texts_in(tree) for word in words_of_text(text)}
    assert said & TEXTS == {"footage", "backend"}


def test_a_page_may_quote_a_stored_key_and_nothing_else() -> None:
    assert words_of_text("The key `artifact` stays.\n\n```yaml\nartifact: x\n```\n") & TEXTS == set()
    assert words_of_text("Two artifacts are kept.") & TEXTS == {"artifact"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Each look at a task costs a call.", {"look"}),
        ("The limit is 3 looks a second.", {"look"}),
        ("No other\ngateway is asked.", {"ask"}),
        ("The run asks another provider.", {"ask"}),
        ("It looks like a key, and looks the same.", set()),
        ("The provider asks for a pause, and `--ask` asks for confirmation.", set()),
    ],
)
def test_a_phrase_shows_which_sense_a_word_has(text: str, found: set[str]) -> None:
    assert phrases_in(text) == found
