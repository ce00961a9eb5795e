import time
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import (
    NO_FRAMES,
    NO_SETTINGS,
    Budget,
    FileFrame,
    FrameRole,
    Frames,
    Manifest,
    Settings,
    ShotFrame,
    Style,
    UrlFrame,
)
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, make_request
from hailuo_batch.core.rules import TYPE
from hailuo_batch.load import schema_messages
from hailuo_batch.load.manifest import MAX_PROBLEMS, locate_problems, read_manifest
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.load.schemas import read_schema

HEAD = "version: 1\ncampaign: teaser\n"
ONE = HEAD + "shots:\n  - {id: open, prompt: a bottle in mist}\n"
WHOLE = """\
version: 1
campaign: aurora-spring
model: hailuo-02
providers: [mindvideo, highwayapi]
budget: {max: 40.5, currency: usd}
vars: {bottle: a frosted bottle, n: 3, yes: true}
styles: {film: {suffix: ", 35 mm grain"}, bare: {}}
defaults: {duration: 6, resolution: 768p, style: film, prompt_optimizer: false}
shots:
  - id: open
    prompt: ${bottle} rises [push in]
    frames: {first: assets/open.png, last: {url: "https://a.example/b.png"}}
    duration: 10
    takes: 3
    tags: [hero, "client:acme"]
  - id: turn
    prompt: the cap turns
    frames: {first: {shot: open}, last: https://a.example/c.png}
  - id: pack-${colour}
    matrix: {colour: [red, 2, 0.5, true]}
    frames: {}
    notes: for Ana
"""


def manifest(text: str | bytes) -> Manifest:
    found, problems = read_manifest(text.encode() if isinstance(text, str) else text, name="teaser.yaml")
    assert problems == ()
    assert found is not None
    return found


def problems(text: str | bytes) -> tuple[Problem, ...]:
    found, said = read_manifest(text.encode() if isinstance(text, str) else text, name="teaser.yaml")
    assert found is None
    assert said
    return said


def marks(text: str | bytes) -> list[str]:
    """The fingerprint of every take; pictures count by what names them."""
    shots, wrong = expand(manifest(text))
    assert wrong == ()

    def seen(frame: object) -> ImageRef | None:
        return ImageRef(digest=repr(frame)) if frame is not None else None

    return [
        fingerprint(
            make_request(
                shot, take, model=read_model("hailuo-02"), first=seen(shot.frames.first), last=seen(shot.frames.last)
            )
        )
        for shot in shots
        for take in range(1, shot.takes + 1)
    ]


def test_a_whole_manifest_is_read_as_it_is_written() -> None:
    found = manifest(WHOLE)
    assert (found.campaign, found.model, found.providers) == ("aurora-spring", "hailuo-02", ("mindvideo", "highwayapi"))
    assert found.budget == Budget(amount=Decimal("40.5"), currency="USD")
    assert found.variables == {"bottle": "a frosted bottle", "n": 3, "yes": True}
    assert found.styles == {"film": Style(suffix=", 35 mm grain"), "bare": Style()}
    assert found.defaults == Settings(
        duration=6, resolution="768p", style="film", switches=(("prompt_optimizer", False),)
    )
    opening, turn, pack = found.shots
    assert opening.frames == Frames(
        first=FileFrame(path="assets/open.png"), last=UrlFrame(url="https://a.example/b.png")
    )
    assert (opening.settings, opening.tags) == (Settings(duration=10, takes=3), ("hero", "client:acme"))
    assert turn.frames == Frames(
        first=ShotFrame(shot="open", frame=FrameRole.LAST), last=UrlFrame(url="https://a.example/c.png")
    )
    assert (turn.settings, turn.index) == (NO_SETTINGS, 1)
    assert pack.matrix == {"colour": {word: word for word in ("red", "2", "0.5", "true")}}
    assert (pack.frames, pack.prompt, pack.notes) == (NO_FRAMES, "", "for Ana")


def test_what_is_not_written_is_the_schemas_default() -> None:
    found = manifest(ONE)
    assert (found.model, found.providers, found.budget, found.variables) == ("hailuo-02", (), None, {})
    assert (found.styles, found.defaults) == ({}, Settings())


@pytest.mark.parametrize("most", ["0.1", "40", "1e2", "0.30000000000000004"])
def test_a_budget_is_the_amount_as_it_is_written(most: str) -> None:
    budget = manifest(f"{HEAD}budget: {{max: {most}, currency: USD}}\nshots: [{{id: a}}]\n").budget
    assert budget is not None
    assert budget.amount == Decimal(most)


SAME = {
    "keys in another order": ONE.replace(
        "{id: open, prompt: a bottle in mist}", "{prompt: a bottle in mist, id: open}"
    ),
    "top keys in another order": "shots:\n  - {id: open, prompt: a bottle in mist}\ncampaign: teaser\nversion: 1\n",
    "CRLF": ONE.replace("\n", "\r\n"),
    "a BOM": "\ufeff" + ONE,
    "comments": "# a list\n" + ONE + "# the end\n",
    "another campaign": ONE.replace("teaser", "other"),
    "another id": ONE.replace("open", "renamed"),
    "tags": ONE.replace("mist}", "mist, tags: [hero]}"),
    "notes": ONE.replace("mist}", "mist, notes: more mist}"),
    "providers": ONE.replace("shots:", "providers: [vtrix, gccai]\nshots:"),
    "a budget": ONE.replace("shots:", "budget: {max: 4, currency: USD}\nshots:"),
    "blanks around the prompt": ONE.replace("a bottle in mist", '"  a bottle in mist  "'),
    "a block for the prompt": HEAD + "shots:\n  - id: open\n    prompt: |\n      a bottle in mist\n",
    "a variable": ONE.replace("a bottle", '"${b}')
    .replace("mist}", 'mist"}')
    .replace("shots:", "vars: {b: a bottle}\nshots:"),
    "a style that adds nothing": ONE.replace("shots:", "styles: {s: {}}\ndefaults: {style: s}\nshots:"),
    "a style that adds what was written": HEAD
    + "styles: {s: {suffix: ' in mist'}}\nshots: [{id: open, prompt: a bottle, style: s}]",
    "defaults written out": ONE.replace(
        "mist}",
        "mist, duration: 6, resolution: 768p, takes: 1, style: none, prompt_optimizer: true, fast_pretreatment: false, "
        "watermark: false, frames: {}}",
    ),
    "defaults written out for all": ONE.replace(
        "shots:",
        "defaults: {duration: 6, resolution: 768p, takes: 1, prompt_optimizer: true, watermark: false}\nshots:",
    ),
    "a whole number with a point": ONE.replace("mist}", "mist, duration: 6.0, takes: 1.0}"),
    "JSON": '{"version": 1, "campaign": "teaser", "shots": [{"id": "open", "prompt": "a bottle in mist"}]}',
    "a matrix of one": HEAD + "shots: [{id: 'x-${b}', prompt: 'a ${b} in mist', matrix: {b: [bottle]}}]",
}


@pytest.mark.parametrize("change", SAME)
def test_this_never_changes_a_fingerprint(change: str) -> None:
    assert SAME[change] != ONE
    assert marks(SAME[change]) == marks(ONE)


DIFFERENT = {
    "the prompt": ONE.replace("mist", "dawn"),
    "a letter's case": ONE.replace("bottle", "Bottle"),
    "the duration": ONE.replace("mist}", "mist, duration: 10}"),
    "short for six": ONE.replace("mist}", "mist, duration: short}"),
    "the resolution": ONE.replace("mist}", "mist, resolution: 1080p}"),
    "the optimizer": ONE.replace("mist}", "mist, prompt_optimizer: false}"),
    "the pretreatment": ONE.replace("mist}", "mist, fast_pretreatment: true}"),
    "the watermark": ONE.replace("mist}", "mist, watermark: true}"),
    "a first frame": ONE.replace("mist}", "mist, frames: {first: a.png}}"),
    "a last frame": ONE.replace("mist}", "mist, frames: {last: a.png}}"),
}


@pytest.mark.parametrize("change", DIFFERENT)
def test_this_always_changes_the_fingerprint(change: str) -> None:
    assert set(marks(DIFFERENT[change])).isdisjoint(marks(ONE))


@pytest.mark.parametrize(
    "written", ["[push in, 左移]", "[PUSH  IN,Truck Left]", "[推进，左移]", "[Push in, Truck left]"]
)
def test_the_spelling_of_a_camera_command_never_changes_a_fingerprint(written: str) -> None:
    text = HEAD + "shots: [{id: a, prompt: 'mist %s'}]"
    assert marks(text % written) == marks(text % "[Push in, Truck left]")


def test_more_takes_only_add_fingerprints() -> None:
    few, many = (marks(ONE.replace("mist}", f"mist, takes: {takes}}}")) for takes in (2, 5))
    assert many[:2] == few
    assert len(set(many)) == 5


def test_a_prompt_in_a_crlf_file_is_the_prompt_of_an_lf_file() -> None:
    text = HEAD + "shots:\n  - id: a\n    prompt: |\n      one line\n      another line\n"
    assert marks(text.replace("\n", "\r\n")) == marks(text)
    (shot,), _ = expand(manifest(text.replace("\n", "\r\n")))
    assert shot.prompt == "one line\nanother line"


@pytest.mark.parametrize(
    "secret",
    [
        "mv_live_0123456789abcdef",
        "sk-abcdefghijklmnopqrstuvwxyz",
        "eyJhbGciOiJIUzI1NiIsInR5.eyJzdWIiOiIxMjM0NTY3ODkwIiw",
    ],
)
@pytest.mark.parametrize("where", ["notes: %s", "notes: '%s'  ", "# %s", "prompt: [%s", "api_key: %s", "%s"])
def test_a_key_is_refused_with_its_place_and_never_shown(secret: str, where: str) -> None:
    (problem,) = problems(f"{HEAD}shots:\n  - id: a\n    {where % secret}\n")
    assert problem.rule.id == "secret"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (5, 5 + where.index("%s"))
    assert secret[:12] not in repr(problem)


@pytest.mark.parametrize(
    "line",
    [
        "api_key: hunter2hunter2",
        "MINIMAX_API_KEY: hunter2hunter2",
        "client-secret: {a: hunter2hunter2}",
        "minimax: {token: hunter2hunter2, x: 1}",
        "'password': \"hunter2hunter2",
        "password: [hunter2hunter2",
        "authorization: Bearer hunter2: x",
        "token: &t hunter2hunter2\n    token: *t",
    ],
)
def test_what_stands_behind_a_secrets_name_is_never_shown(line: str) -> None:
    said = problems(f"{HEAD}shots:\n  - id: a\n    {line}\n    prompt: p\n")
    assert "hunter2" not in repr(said)


@pytest.mark.parametrize(
    "word", ["a desk-lamp-with-a-very-long-cable-and-more", "task-abcdefghijklmnopqrstuvwxyz", "eyJust"]
)
def test_plain_words_are_no_keys(word: str) -> None:
    assert manifest(f"{HEAD}shots: [{{id: a, prompt: {word}}}]")


def test_at_most_fifty_problems_are_shown_and_the_rest_is_counted() -> None:
    text = HEAD + "shots:\n" + "".join(f"  - {{id: a, key_{number}: b}}\n" for number in range(80))
    said = problems(text)
    assert len(said) == MAX_PROBLEMS + 1
    assert said[-1].rule.id == "more"
    assert said[-1].why.startswith("30 more problems")


def test_a_list_of_another_program_has_one_problem_per_key_and_what_is_missing_first() -> None:
    shot = "  - {id: s, prompt: a boat, narration: it floats, motion: {type: push_in}, act: 1}\n"
    said = problems("anchors: {a: b}\nshots:\n" + shot * 45)
    assert [each.why.split()[0] for each in said] == [
        '"version"', '"campaign"', '"anchors"', '"narration"', '"motion"', '"act"',
    ]  # fmt: skip
    assert [each.count for each in said] == [1, 1, 1, 45, 45, 45]
    assert said[3].more_lines == (4, 5)
    assert not any("Did you mean" in each.remedy for each in said)


def test_problems_of_many_shots_are_one_whatever_the_shots_are_called() -> None:
    found = [
        Problem(rule=rules.SHOT_LENGTH, why=f'shot "s{number}" asks for 7 s.', path=("shots", number))
        for number in range(9)
    ]
    (said,) = locate_problems(found, (HEAD + "shots:\n" + "  - {id: s}\n" * 9).encode(), name="teaser.yaml")
    assert (said.why, said.count, len(said.more_lines)) == ('shot "s0" asks for 7 s.', 9, 2)


def test_problems_stand_in_the_order_of_the_file() -> None:
    said = problems("shots:\n  - {prompt: 5}\nmodel: x\nversion: 3\ncampaign: A\n")
    places = [(each.place.line, each.place.column) for each in said if each.place is not None]
    assert len(places) == len(said) == 5
    assert places == sorted(places)


def test_no_problems_have_no_places() -> None:
    assert locate_problems((), b"", name="x") == ()


def test_a_refusal_without_words_is_a_problem_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_messages, "find_schema_problems", lambda *_, **__: iter(()))
    (problem,) = problems(HEAD)
    assert problem.rule.id == "form"


def test_one_mistake_among_many_shots_costs_little_more_than_the_mistake() -> None:
    good = "  - {id: s%d, prompt: a bottle in mist}\n"
    text = HEAD + "shots:\n" + "".join(good % n for n in range(20_000)) + "  - {id: 5}\n"
    began = time.process_time()
    (problem,) = problems(text)
    assert problem.path == ("shots", 20_000, "id")
    assert time.process_time() - began < 10


KEYS = [
    *read_schema("manifest")["properties"],
    *read_schema("manifest")["definitions"]["shot"]["properties"],
    *("first", "last", "shot", "url", "max", "currency", "prefix", "x", "api_key"),
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 99)
    | st.sampled_from(["a", "", "6", "6.0", "[x", "${a}", "short", "1e3"])
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(trees, st.booleans())
@settings(deadline=None, max_examples=300)
def test_whatever_is_written_is_a_manifest_or_has_problems_each_said_once(tree: object, headed: bool) -> None:
    import json

    if headed and isinstance(tree, dict):
        tree = {
            "version": 1,
            "campaign": "a",
            "shots": [{"id": "a", **tree}],
            **{k: v for k, v in tree.items() if k == "vars"},
        }
    found, said = read_manifest(json.dumps(tree).encode(), name="teaser.yaml")
    assert (found is None) == bool(said)
    assert len(set(said)) == len(said)
    for problem in said:
        assert problem.place is not None
        assert problem.why
        assert "None" not in problem.why + problem.remedy
        assert "{'" not in problem.why + problem.remedy


def test_a_number_with_a_leading_zero_does_not_hide_what_else_is_wrong() -> None:
    found = problems(HEAD + "shots:\n  - {id: a, prompt: p, takes: 010}\n  - {id: b, promt: p}\n")
    assert [(each.rule.id, each.place.line if each.place else 0) for each in found] == [
        ("yaml-number", 4),
        ("key-unknown", 5),
    ]
    assert [each.rule.id for each in problems(ONE + "    takes: 010\n")] == ["yaml-syntax"]
    assert [each.rule.id for each in problems(HEAD + "shots: [{id: a, takes: 010}]")] == ["yaml-number"]


def test_a_warning_of_the_reader_leaves_the_manifest_whole() -> None:
    """A mark that nothing uses is legal YAML: the shots must not be lost over it."""
    found, said = read_manifest((HEAD + "shots: [{id: a, prompt: &x p}]\n").encode(), name="teaser.yaml")
    assert [(each.rule.id, each.severity) for each in said] == [("yaml-alias", Severity.WARNING)]
    assert found is not None
    assert [shot.id for shot in found.shots] == ["a"]


@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_a_lock_is_no_manifest_and_the_manifest_is_named(ending: str) -> None:
    for data in (b"version: 1\ncampaign: a\nshots: {}\n", b"<<<<<<< HEAD\n", ONE.encode()):
        found, said = read_manifest(data, name=f"manifests/film.lock.{ending}")
        assert found is None
        assert [(each.summary, each.remedy) for each in said] == [("this is a lock file", "Name manifests/film.yaml.")]


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_no_bytes_make_it_raise(data: bytes) -> None:
    found, said = read_manifest(data, name="teaser.yaml")
    assert found is None
    assert said


@pytest.mark.parametrize("number", ["1.50", "1e3", "0x10", "0o17", "+5", "1.0", "007", "-0"])
def test_a_number_in_a_prompt_is_what_was_written(number: str) -> None:
    shot = f"  - {{id: 'x${{b}}', matrix: {{b: [{number}]}}, prompt: '${{a}} ${{b}}'}}\n"
    text = f"{HEAD}vars: {{a: {number}}}\nshots:\n{shot}"
    manifest, problems = read_manifest(text.encode(), name="m.yaml")
    if number == "007":  # which YAML readers differ about
        assert [(problem.rule.id, '"007" in quotes' in problem.remedy) for problem in problems] == [
            ("yaml-number", True),
            ("yaml-number", True),
        ]
        return
    assert manifest is not None
    shots, _ = expand(replace(manifest, shots=tuple(replace(each, id="x") for each in manifest.shots)))
    assert [shot.prompt for shot in shots] == [f"{number} {number}"]


@pytest.mark.parametrize("number", ["1.50", "1e3", "0x10"])
def test_a_remedy_repeats_the_number_that_was_written(number: str) -> None:
    text = f"{HEAD}shots:\n  - {{id: {number}, prompt: {number}, tags: [{number}]}}\n"
    _, problems = read_manifest(text.encode(), name="m.yaml")
    assert [problem.remedy for problem in problems] == [f'Put it in quotes: "{number}".'] * 3


def test_a_number_below_a_merge_key_stops_nothing() -> None:
    text = f"{HEAD}vars: {{<<: {{a: 1.50}}}}\nshots: [{{id: x, prompt: a ${{a}}}}]\n"
    manifest, problems = read_manifest(text.replace("a ${a}", "'a ${a}'").encode(), name="m.yaml")
    assert (manifest is not None, problems) == (True, ())


@pytest.mark.parametrize("written", ["b+cdefg/hij", "b%2Bcdefg%2fhij", "b+cdefg\\u002fhij"])
def test_the_value_of_a_key_that_is_set_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("ACME_API_KEY", "b+cdefg/hij")
    data = f'{HEAD}shots: [{{id: x, prompt: "a bottle {written}"}}]\n'.encode()
    manifest, (problem,) = read_manifest(data, name="m.yaml")
    assert (manifest, problem.rule.id, problem.place and (problem.place.line, problem.place.column)) == (
        None,
        "secret",
        (3, 35),
    )
    assert "the value of ACME_API_KEY" in problem.why
    assert "cdefg" not in repr(problem)


def test_passwords_and_signatures_of_addresses_are_not_shown() -> None:
    address = "https://me:hidden1@cdn.example/a.png?sig=hidden2&e=1"
    problem = Problem(rule=TYPE, why=f'"{address}" is wrong.', remedy=f"Write {address}", path=("shots", 0, "prompt"))
    data = f'{HEAD}shots: [{{id: x, prompt: "{address}"}}]\n'.encode()
    (shown,) = locate_problems([problem], data, name="m.yaml")
    assert "hidden" not in repr(shown)
    assert shown.place is not None
    assert len(shown.place.text) == len(data.decode().splitlines()[2])
    assert "@cdn.example/a.png?" in shown.why


def test_the_column_of_a_secret_counts_characters() -> None:
    text = f'\ufeff{HEAD}shots: [{{id: a, prompt: "ein schöner Tag 雨 mv_live_0123456789abcdef"}}]\n'
    (problem,) = problems(text)
    assert problem.place is not None
    assert problem.place.column == text.splitlines()[-1].index("mv_live") + 1
