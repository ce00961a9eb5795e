"""Manifests in several files: what counts, where a problem is said to be, and what is not read."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_batch.core.manifest.document import FileFrame, Frames, Manifest, UrlFrame
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, make_request
from hailuo_batch.load import includes
from hailuo_batch.load.includes import read_included
from hailuo_batch.load.manifest import read_manifest_tree
from hailuo_batch.load.manifest_values import make_manifest
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.load.sources import Source, Sources

HEAD = "version: 1\ncampaign: film\n"
SHOT = "shots: [{id: own, prompt: a boat}]\n"
Files = Mapping[str, str]
Read = tuple[Manifest | None, tuple[Problem, ...], Sources]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Files], Read]:
    """Writes files into a project, and reads `film.yaml` of its folder `lists`."""
    root = tmp_path / "project"

    def write_and_read(files: Files) -> Read:
        return read_files(root, files)

    return write_and_read


def read_files(root: Path, files: Files) -> Read:
    for name, text in files.items():
        file = root / "lists" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    film = root / "lists" / "film.yaml"
    main = Source(file=film.resolve(), name="lists/film.yaml", data=film.read_bytes())
    tree, problems = read_manifest_tree(main.data, name=main.name)
    assert tree, problems
    return read_included(tree, main, root)


def said(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """The rule and the place of each problem."""
    places = [(each.rule.id, each.place) for each in problems]
    return [(rule, f"{place.file}:{place.line}:{place.column}" if place else "") for rule, place in places]


def test_what_is_included_comes_first_and_what_the_file_writes_itself_wins(read: Any) -> None:
    manifest, problems, _ = read(
        {
            "film.yaml": f"{HEAD}include: [one.yaml, two.yaml]\nvars: {{cap: own}}\ndefaults: {{duration: 10}}\n"
            "sequences: [{id: sq010, title: own}]\nmeta: {music: own}\nx-mark: own\n" + SHOT,
            "one.yaml": "include: [deep.yaml]\nvars: {cap: one, deep: one}\nstyles: {film: {suffix: one}}\n"
            "defaults: {duration: 6, takes: 2}\nsequences: [{id: sq010}, {id: sq020}]\nshots: [{id: b}]\n",
            "two.yaml": "version: 1\nmeta: {music: two, scene: two}\nx-mark: two\nx-more: two\nshots: [{id: c}]\n",
            "deep.yaml": "vars: {deep: deep, sea: deep}\nshots: [{id: a}]\n",
        }
    )
    assert problems == ()
    assert [shot.id for shot in manifest.shots] == ["a", "b", "c", "own"]
    assert [shot.index for shot in manifest.shots] == [0, 1, 2, 3]
    assert manifest.variables == {"cap": "own", "deep": "one", "sea": "deep"}
    assert manifest.styles["film"].suffix == "one"
    assert (manifest.defaults.duration, manifest.defaults.takes) == (10, 2)
    assert [(each.index, each.id, each.title) for each in manifest.sequences] == [(0, "sq010", "own"), (1, "sq020", "")]
    assert dict(manifest.meta) == {"music": "own", "scene": "two", "x-mark": "own", "x-more": "two"}


@pytest.mark.parametrize(
    ("included", "own", "order"),
    [
        ("abc", "b", "abc"),
        ("abc", "ca", "cba"),
        ("b", "ab", "ab"),
        ("ac", "bcd", "abcd"),
        ("ab", "c", "abc"),
    ],
)
def test_sequences_keep_their_places_unless_the_file_itself_orders_them(
    read: Any, included: str, own: str, order: str
) -> None:
    text = {name: "sequences: [" + ", ".join(f"{{id: {each}}}" for each in name) + "]\n" for name in (included, own)}
    manifest, _, _ = read({"film.yaml": f"{HEAD}include: [a.yaml]\n{text[own]}{SHOT}", "a.yaml": text[included]})
    assert "".join(each.id for each in manifest.sequences) == order


def test_a_file_that_is_included_by_two_counts_once(read: Any) -> None:
    manifest, problems, sources = read(
        {
            "film.yaml": HEAD + "include: [one.yaml, ./two.yaml]\n",
            "one.yaml": "include: [base.yaml]\nshots: [{id: b}]\n",
            "two.yaml": "include: [../lists/base.yaml]\nshots: [{id: c}]\n",
            "base.yaml": "vars: {cap: copper}\nshots: [{id: a}]\n",
        }
    )
    assert problems == ()
    assert [shot.id for shot in manifest.shots] == ["a", "b", "c"]
    assert sorted(source.name for source in sources.included) == ["lists/base.yaml", "lists/one.yaml", "lists/two.yaml"]


CONFLICTS = {
    "a variable": ("vars: {cap: 1.50}", "vars: {cap: 1.5}", "include-conflict", "2:8"),
    "a style": ("styles: {film: {suffix: a}}", "styles: {film: {suffix: b}}", "include-conflict", "2:10"),
    "a default": ("defaults: {style: a}", "defaults: {style: b}", "include-conflict", "2:12"),
    "a sequence": ("sequences: [{id: a}]", "sequences: [{id: b}, {id: a, title: t}]", "include-conflict", "2:22"),
    "a column": ("meta: {music: a}", "meta: {music: b}", "include-conflict", "2:8"),
    "a key of one's own": ("x-cue: a", "x-cue: b", "include-conflict", "2:1"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_two_files_that_differ_about_a_name_are_both_named(read: Any, case: str) -> None:
    first, second, rule, place = CONFLICTS[case]
    files = {"film.yaml": HEAD + "include: [s/a.yaml, s/b.yaml]\n" + SHOT, "s/a.yaml": f"#\n{first}\n"}
    manifest, problems, _ = read({**files, "s/b.yaml": f"#\n{second}\n"})
    assert said(problems) == [(rule, f"lists/s/b.yaml:{place}")]
    assert "has another value in lists/s/a.yaml:2:" in problems[0].why
    assert problems[0].place.included_by == ("lists/film.yaml:3",)
    assert (manifest is None) == ("column" not in case and "own" not in case), "a column stops nothing"
    assert read({**files, "s/b.yaml": f"#\n{first}\n"})[1] == ()
    own = {**files, "s/b.yaml": f"#\n{second}\n", "film.yaml": files["film.yaml"] + first + "\n"}
    assert read(own)[1] == (), "what the file itself writes decides"


def test_a_name_in_doubt_is_not_hidden_behind_columns(read: Any) -> None:
    columns = "\n".join(f"  m{number}: {{}}" for number in range(60))
    files = {name: f"meta:\n{columns.format(*[name] * 60)}\nvars: {{cap: {name}}}\n" for name in ("a", "b")}
    film = {"film.yaml": HEAD + "include: [a.yaml, b.yaml]\n" + SHOT}
    manifest, problems, _ = read({**film, **{f"{name}.yaml": text for name, text in files.items()}})
    assert manifest is None
    assert "cap" in "".join(each.why for each in problems if each.severity is Severity.ERROR)


def test_a_shot_id_of_two_files_is_one_problem_that_names_both(read: Any) -> None:
    files = {"film.yaml": HEAD + "include: [s/a.yaml]\n" + SHOT, "s/a.yaml": "shots:\n  - {id: own, prompt: x}\n"}
    manifest, _, sources = read(files)
    located = sources.locate_problems(expand(manifest)[1])
    assert said(located) == [("shot-twice", "lists/film.yaml:4:14")]
    assert located[0].why.endswith(" It is in lists/s/a.yaml:2:10.")


def test_a_length_and_a_cut_are_one_choice(read: Any) -> None:
    manifest, _, _ = read(
        {
            "film.yaml": f"{HEAD}include: [a.yaml]\ndefaults: {{takes: 2}}\n{SHOT}",
            "a.yaml": "defaults: {duration: 10}\n",
        }
    )
    assert (manifest.defaults.duration, manifest.defaults.takes) == (10, 2)


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_later_problem_is_placed_where_it_was_written_with_the_chain_that_led_there(read: Any) -> None:
    manifest, problems, sources = read(
        {
            "film.yaml": HEAD + "include:\n  - s/one.yaml\nshots:\n  - {id: z, prompt: '${f}'}\n",
            "s/one.yaml": "#\ninclude: [t/two.yaml]\nshots:\n"
            "  - {id: a}\n  - {id: b, prompt: '${b}', tags: ['${g}']}\n",
            "s/t/two.yaml": "vars: {c: '${c}'}\nstyles:\n  film: {suffix: '${d}'}\ndefaults:\n  style: fim\nshots:\n"
            "  - {id: y, notes: '${e}'}\n",
        }
    )
    assert problems == ()
    found = sources.locate_problems(expand(manifest)[1])
    one, two = ("lists/film.yaml:4",), ("lists/s/one.yaml:2", "lists/film.yaml:4")
    assert [(*mark, each.place.included_by) for mark, each in zip(said(found), found, strict=True)] == [
        ("name-unknown", "lists/film.yaml:6:21", ()),
        ("name-unknown", "lists/s/one.yaml:5:21", one),
        ("name-unknown", "lists/s/one.yaml:5:36", one),
        ("name-cycle", "lists/s/t/two.yaml:1:11", two),
        ("name-unknown", "lists/s/t/two.yaml:3:18", two),
        ("style-unknown", "lists/s/t/two.yaml:5:10", two),
        ("name-unknown", "lists/s/t/two.yaml:7:20", two),
    ]
    assert found[1].path == ("shots", 1, "prompt"), "the path is that of the file"


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("shots: [{id: a, promt: x}]\n", "key-unknown", "1:17"),
        ("shots: []\n", "empty", "1:8"),
        ("vars: [\n", "yaml-syntax", "2:1"),
        ("", "yaml-empty", "1:1"),
        (HEAD + SHOT, "include-key", "2:1"),
        ("budget: {max: 3, currency: USD}\n", "include-key", "1:1"),
        ("version: 2\n", "version", "1:10"),
        ("vars: {key: sk-abcdefghijklmnopqrstuvwxyz}\n", "secret", "1:13"),
        ("vars: {cap: *cap}\n", "yaml-alias", "1:13"),  # an anchor of the manifest
    ],
)
def test_an_included_file_is_checked_by_itself(read: Any, text: str, rule: str, place: str) -> None:
    manifest, problems, _ = read({"film.yaml": HEAD + "include: [a.yaml]\nx-cap: &cap x\n" + SHOT, "a.yaml": text})
    assert manifest is None
    assert said(problems) == [(rule, f"lists/a.yaml:{place}")]
    assert problems[0].place.included_by == ("lists/film.yaml:3",)


# -- what is not read --------------------------------------------------------------------------------------------------

ENTRIES = {
    "missing": ("looks.yml", "include-file", 'there is no file "looks.yml". Did you mean "looks.yaml"?'),
    "of Windows": ("a\\looks.yaml", "include-file", "Write a/looks.yaml with slashes"),
    "a folder": ("../lists", "include-file", "is a folder"),
    "outside": ("../../secret.yaml", "include-file", "leads out of the project, to "),
    "absolute": ("/etc/hostname", "include-file", "leads out of the project, to /etc/hostname."),
    "a link out": ("out.yaml", "include-file", "leads out of the project, to "),
    "a folder that leads out": ("folder/secret.yaml", "include-file", "leads out of the project, to "),
    "no YAML by its name": ("../.git/config", "include-file", "is no YAML file by its name"),
    "a link to no YAML": ("git.yaml", "include-file", "is no YAML file by its name"),
    "a pipe": ("pipe.yaml", "include-file", "is a pipe"),
    "a link to itself": ("ring.yaml", "include-file", "is a link, and no regular file"),
    "the file itself": ("film.yaml", "include-cycle", '"film.yaml" → "film.yaml"'),
    "a null byte": ('"a\\0"', "", ""),
    "an address": ("https://a.example/looks.yaml", "include-file", "there is no file"),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_what_is_no_file_of_the_project_is_refused_with_words(read: Any, tmp_path: Path, case: str) -> None:
    written, rule, words = ENTRIES[case]
    folder = tmp_path / "project" / "lists"
    folder.mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("vars: {words: hidden-words}\n")
    (folder / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "folder").symlink_to(tmp_path)
    (folder / "ring.yaml").symlink_to(folder / "ring.yaml")
    os.mkfifo(folder / "pipe.yaml")
    (tmp_path / "project" / ".git").mkdir()
    (tmp_path / "project" / ".git" / "config").write_text("- hidden-words")
    (folder / "git.yaml").symlink_to("../.git/config")
    if case == "a null byte":
        tree = {"include": ["a\0"], "campaign": "film", "shots": []}
        main = Source(file=folder / "film.yaml", name="film.yaml", data=b"include: [a]\n")
        assert said(read_included(tree, main, folder)[1]) == [("include-file", "film.yaml:1:11")]
        return
    manifest, problems, _ = read({"film.yaml": f"{HEAD}include:\n  - {written}\n{SHOT}", "looks.yaml": "vars: {}\n"})
    assert manifest is None
    assert said(problems) == [(rule, "lists/film.yaml:4:5")]
    assert words in f"{problems[0].why} {problems[0].remedy}"
    assert "hidden-words" not in repr(problems)


def test_a_link_inside_the_project_is_followed(read: Any, tmp_path: Path) -> None:
    (tmp_path / "project" / "lists").mkdir(parents=True)
    (tmp_path / "project" / "lists" / "b.yaml").symlink_to("s/a.yaml")
    manifest, _, _ = read(
        {"film.yaml": HEAD + "include: [b.yaml]\n", "s/a.yaml": "shots: [{id: a, frames: {first: x.png}}]\n"}
    )
    assert manifest.shots[0].frames == Frames(first=FileFrame(path="x.png", folder="s"))


def test_a_ring_of_files_is_said_once_where_it_closes(read: Any) -> None:
    files = {"film.yaml": HEAD + "include: [a.yaml]\n" + SHOT, "a.yaml": "include: [b.yaml]\n"}
    _, problems, _ = read({**files, "b.yaml": "vars: {}\ninclude: [c.yaml, a.yaml]\n", "c.yaml": "vars: {}\n"})
    assert said(problems) == [("include-cycle", "lists/b.yaml:2:19")]
    assert '"a.yaml" → "b.yaml" → "a.yaml"' in problems[0].why


def test_depth_number_and_size_have_limits(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = {f"{depth}.yaml": f"include: [{depth + 1}.yaml]\n" for depth in range(12)}
    _, problems, _ = read({"film.yaml": HEAD + "include: [0.yaml]\n" + SHOT, **deep})
    assert said(problems) == [("include-file", "lists/9.yaml:1:11")]
    wide = {"film.yaml": HEAD + "include: [a.yaml, b.yaml]\n" + SHOT, "a.yaml": "vars: {}\n", "b.yaml": "vars: {}\n"}
    monkeypatch.setattr(includes, "MAX_INCLUDES", 1)
    assert said(read(wide)[1]) == [("include-file", "lists/film.yaml:3:19")]
    monkeypatch.undo()
    monkeypatch.setattr(includes, "MAX_BYTES", 12)
    _, problems, _ = read(wide)
    assert said(problems) == [("include-file", "lists/film.yaml:3:19")]
    assert "larger" in problems[0].why


def test_files_that_include_each_other_many_times_are_read_in_no_time(read: Any) -> None:
    files = {f"{n}.yaml": f"include: [{n + 1}.yaml, ./{n + 1}.yaml]\nshots: [{{id: s{n}}}]\n" for n in range(9)}
    manifest, _, _ = read({"film.yaml": HEAD + "include: [0.yaml]\n", **files, "9.yaml": "vars: {a: b}\n"})
    assert len(manifest.shots) == 9


def test_no_shots_anywhere_is_said(read: Any) -> None:
    manifest, problems, _ = read({"film.yaml": HEAD + "include: [a.yaml]\n", "a.yaml": "vars: {}\n"})
    assert manifest is None
    assert [(each.rule.id, each.why) for each in problems] == [
        ("key-missing", '"shots" is needed: neither this file nor one that it includes has any.')
    ]


# -- frames ------------------------------------------------------------------------------------------------------------


def test_paths_of_frames_begin_at_the_file_that_writes_them(read: Any) -> None:
    manifest, _, _ = read(
        {
            "film.yaml": HEAD + "include: [../shared/a.yaml]\nshots: [{id: own, frames: {first: x.png}}]\n",
            "../shared/a.yaml": "vars: {n: pack, web: 'https://a.example'}\nshots:\n"
            "  - {id: a, frames: {first: '${n}.png', last: '${web}/b.png'}}\n"
            "  - {id: b, frames: {first: {shot: a}, last: {file: c.png, rights: {owner: us}}}}\n"
            "  - id: 'c-${k}'\n    matrix: {k: [u, v]}\n"
            "    overrides: [{where: {k: v}, frames: {first: '${k}.png'}}]\n",
        }
    )
    a, b, c, own = manifest.shots
    assert b.frames.last.folder == c.overrides[0].frames.first.folder == "../shared"
    assert own.frames.first.folder == ""
    shots = {shot.id: shot for shot in expand(manifest)[0]}
    assert shots["a"].frames.first == FileFrame(path="pack.png", folder="../shared")
    assert shots["a"].frames.last == UrlFrame(url="https://a.example/b.png")
    assert a.frames.last.folder == "../shared"


# -- one file or many --------------------------------------------------------------------------------------------------

NAMES = ("cap", "sea", "bottle", "light")
WHOLE = {
    "vars": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["copper", "wet sand", "1.50"]), max_size=4),
    "styles": st.dictionaries(st.sampled_from(NAMES), st.fixed_dictionaries({"suffix": st.sampled_from([" a", " b"])})),
    "defaults": st.fixed_dictionaries({}, optional={"duration": st.sampled_from([6, 10]), "takes": st.integers(1, 3)}),
}
FRAME = st.sampled_from(["x.png", "s/y.png"])
SHOTS = st.lists(
    st.fixed_dictionaries(
        {"prompt": st.sampled_from(["a boat", "a $$ bill", "mist [Push in]"])},
        optional={
            "frames": st.fixed_dictionaries({"first": FRAME}, optional={"last": FRAME}),
            "takes": st.integers(1, 3),
            "tags": st.just(["hero"]),
            "sequence": st.sampled_from(["sq010", "sq020"]),
        },
    ),
    min_size=1,
    max_size=8,
)


def split(tree: dict[str, Any], data: st.DataObject) -> dict[str, dict[str, Any]]:
    """The same list in files: each shot, name and default in one of them, the shots in their order."""
    number = data.draw(st.integers(1, 4), label="files")
    names = [*(f"{'s/' if data.draw(st.booleans()) else ''}{place}.yaml" for place in range(number)), "film.yaml"]
    files: dict[str, dict[str, Any]] = {name: {} for name in names}
    for part in WHOLE:
        for name, value in tree[part].items():
            files[data.draw(st.sampled_from(names))].setdefault(part, {})[name] = value
    for sequence in tree["sequences"]:  # in the order of the edit: the last file has them all
        files["film.yaml"].setdefault("sequences", []).append(sequence)
        if data.draw(st.booleans()):  # the same is written there too
            files[names[0]].setdefault("sequences", []).append(sequence)
    places = sorted(data.draw(st.integers(0, number)) for _ in tree["shots"])
    for place, shot in zip(places, tree["shots"], strict=True):
        inside = names[place].startswith("s/")
        moved = {end: os.path.relpath(path, "s") if inside else path for end, path in shot.get("frames", {}).items()}
        files[names[place]].setdefault("shots", []).append({**shot, **({"frames": moved} if moved else {})})
    nested = data.draw(st.booleans(), label="nested") and number > 1
    chained = names[1:-1] if nested else names[:-1]
    files["film.yaml"] |= {"version": 1, "campaign": "film", "include": chained}
    if nested:  # the second file includes the first
        files[names[1]]["include"] = [os.path.relpath(names[0], Path(names[1]).parent)]
    for name in names[:-1]:
        files[name].setdefault("vars", {})
    return files


def fingerprints(shots: tuple[Shot, ...], folder: Path) -> list[str]:
    """Of every take; an image counts by the file that it is found in."""

    def digest(frame: Any) -> ImageRef | None:
        return ImageRef(digest=os.path.realpath(folder / frame.folder / frame.path)) if frame else None

    model = read_model("hailuo-02")
    return [
        fingerprint(
            make_request(shot, take, model=model, first=digest(shot.frames.first), last=digest(shot.frames.last))
        )
        for shot in shots
        for take in range(1, shot.takes + 1)
    ]


def assert_placed(folder: Path, files: Files, shot: str) -> None:
    """A fault in one shot is said to be in the line where it is."""
    faulty = {
        name: text.replace(f"  id: {shot}\n", f"  id: {shot}\n  notes: ${{nope}}\n") for name, text in files.items()
    }
    faulty = {
        name: text.replace(f"- id: {shot}\n", f"- id: {shot}\n  notes: ${{nope}}\n") for name, text in faulty.items()
    }
    [(name, text)] = [(name, text) for name, text in faulty.items() if text != files[name]]
    line = text[: text.index("${nope}")].count("\n") + 1
    manifest, _, sources = read_files(folder, faulty)
    assert manifest is not None
    wrong = [each for each in expand(manifest)[1] if each.severity is Severity.ERROR]
    assert said(sources.locate_problems(wrong)) == [("name-unknown", f"lists/{name}:{line}:10")]


@settings(max_examples=60)
@given(names=st.fixed_dictionaries(WHOLE), shots=SHOTS, data=st.data())
def test_a_list_split_into_files_is_the_same_list(
    tmp_path_factory: pytest.TempPathFactory, names: dict[str, Any], shots: list[Any], data: st.DataObject
) -> None:
    sequences = [{"id": "sq010", "tags": ["one"]}, {"id": "sq020", "defaults": {"takes": 2}}]
    tree = {**names, "sequences": sequences, "shots": [{"id": f"s{place}", **shot} for place, shot in enumerate(shots)]}
    whole = make_manifest({**tree, "campaign": "film"})
    folder = tmp_path_factory.mktemp("split")
    files = {name: yaml.safe_dump(part, sort_keys=False) for name, part in split(tree, data).items()}
    manifest, problems, _ = read_files(folder, files)
    assert problems == ()
    assert manifest is not None
    assert (manifest.variables, manifest.styles, manifest.defaults) == (whole.variables, whole.styles, whole.defaults)
    planted = data.draw(st.integers(0, len(shots) - 1), label="planted")
    assert_placed(folder, files, f"s{planted}")
    there, wrong = expand(manifest)
    before, wrong_before = expand(whole)
    facts = [[(shot.id, shot.tags, shot.sequence, shot.duration) for shot in each] for each in (there, before)]
    assert facts[0] == facts[1]
    assert [each.why for each in wrong] == [each.why for each in wrong_before]
    assert fingerprints(there, folder / "lists") == fingerprints(before, folder / "lists")
