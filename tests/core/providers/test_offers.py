from decimal import Decimal

import pytest
from core_samples import ANIMATIC, PICTURE, provider, shot
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, FrameRole, Frames, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.shot import Mode, Shot
from hailuo_batch.core.money import Money, PriceRow
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.offers import (
    NO_ROUTE,
    Provider,
    Route,
    choose_route,
    local_provider,
    offer_problems,
)

FIVES, SIXES = {"768p": (5, 10), "1080p": (5,)}, {"768p": (6, 10), "1080p": (6,)}
FIVER = provider("fiver", offers={Mode.TEXT: FIVES, Mode.FIRST: FIVES}, prompt_modes=frozenset(Mode))
SIXER = provider("sixer", offers={Mode.TEXT: SIXES, Mode.FIRST: {**SIXES, "512p": (6,)}}, max_prompt_length=2000)
PICKY = provider("picky", offers={Mode.FIRST: SIXES, Mode.FIRST_LAST: {"768p": (6,)}})
KNOWN = (FIVER, SIXER, PICKY, local_provider(ANIMATIC))
BOTH = Frames(first=FileFrame(path="a.png"), last=FileFrame(path="b.png"))
WEB = UrlFrame(url="https://a.example/a.png", sha256="ab" * 32)
AFTER = ShotFrame(shot="open", frame=FrameRole.LAST)
HOSTED = provider("hosted", offers={Mode.TEXT: SIXES, Mode.FIRST: SIXES, Mode.FIRST_LAST: SIXES}, accepts_data=False)
LAST_ONLY = Frames(last=FileFrame(path="b.png"))


def told(of: Shot, *providers: Provider) -> list[Problem]:
    return list(offer_problems((of,), providers, KNOWN))


@pytest.mark.parametrize(
    ("duration", "fiver", "sixer"), [("short", 5, 6), ("long", 10, 10), (5, 5, None), (6, None, 6)]
)
def test_the_portable_words_are_what_a_provider_sells_under_them(duration, fiver, sixer) -> None:
    assert (FIVER.find_seconds(duration), SIXER.find_seconds(duration)) == (fiver, sixer)


@pytest.mark.parametrize(
    ("mode", "resolution", "duration", "sold"),
    [
        (Mode.TEXT, "768p", 6, True),
        (Mode.TEXT, "768p", 10, True),
        (Mode.TEXT, "1080p", "short", True),
        (Mode.TEXT, "1080p", "long", False),
        (Mode.TEXT, "512p", 6, False),
        (Mode.FIRST, "512p", 6, True),
        (Mode.FIRST, "512p", 10, False),
        (Mode.FIRST_LAST, "768p", 6, False),
        (Mode.LAST, "768p", 6, False),
        (Mode.TEXT, "768p", 5, False),
    ],
)
def test_a_provider_sells_what_its_table_says_and_nothing_else(mode, resolution, duration, sold) -> None:
    assert SIXER.has_offer(mode, resolution, duration) is sold


@given(st.sampled_from(Mode), st.sampled_from(["512p", "768p", "1080p"]), st.integers(1, 60) | st.just("long"))
def test_the_animatic_draws_everything_for_nothing(mode, resolution, duration) -> None:
    assert local_provider(ANIMATIC).has_offer(mode, resolution, duration)


def test_the_first_provider_that_sells_a_shot_is_asked() -> None:
    assert choose_route(shot(), (FIVER, SIXER)).provider == "sixer"
    assert choose_route(shot(duration="short"), (FIVER, SIXER)).provider == "fiver"
    assert choose_route(shot(duration="short"), (SIXER, FIVER)).provider == "sixer"
    assert choose_route(shot(duration=7), (FIVER, SIXER)) == NO_ROUTE
    assert choose_route(shot(), ()) == NO_ROUTE


def test_a_route_has_the_price_of_the_seconds_that_its_provider_sells() -> None:
    price = Money(amount=Decimal("0.28"), currency="USD")
    rows = (PriceRow(resolution="768p", seconds=6, price=price, read="2026-07-10", source="x"),)
    priced = provider("priced", offers=SIXER.offers, prices=rows)
    assert choose_route(shot(duration="short"), (priced,)) == Route(provider="priced", estimate=price, seconds=6)
    assert choose_route(shot(duration="long"), (priced,)).estimate is None
    assert choose_route(shot(), (SIXER,)).estimate is None


def test_what_is_drawn_here_is_free_and_its_price_is_not_zero_but_none() -> None:
    assert choose_route(shot(), (local_provider(ANIMATIC),)) == Route(
        provider="animatic", estimate=None, seconds=6, free=True
    )


@pytest.mark.parametrize("duration", [6, "short", "long", 10])
def test_a_shot_that_is_sold_has_no_problem(duration: int | str) -> None:
    assert told(shot(duration=duration), SIXER) == []


def test_a_length_that_another_provider_sells_names_it_and_the_portable_word() -> None:
    (problem,) = told(shot(duration=5), SIXER)
    assert (problem.rule.id, problem.path) == ("shot-length", ("shots", 0, "duration"))
    assert problem.why == 'shot "open" asks for 5 s, but sixer renders only 6 s or 10 s.'
    assert problem.remedy == "fiver sells it; or write short, which every provider has, or 6, which can be cut."


def test_of_a_length_that_nobody_sells_the_longer_is_offered() -> None:
    both = "6 is shorter, 10 is longer and can be cut. Did you mean 10?"
    assert [told(shot(duration=length), SIXER)[0].remedy for length in (7, 8)] == [both, both]
    assert told(shot(duration=3), SIXER)[0].remedy == "Did you mean 6?"
    assert told(shot(duration=60), SIXER)[0].remedy == "Did you mean 10?"


def test_several_providers_are_spoken_of_together() -> None:
    (problem,) = told(shot(duration=8), SIXER, PICKY)
    assert problem.why == 'shot "open" asks for 8 s, but sixer and picky render only 6 s or 10 s.'


def test_a_size_that_is_not_sold_for_so_long_says_what_is() -> None:
    (problem,) = told(shot(resolution="1080p", duration=10), SIXER)
    assert (problem.rule.id, problem.path) == ("not-sold", ("shots", 0, "resolution"))
    assert problem.why == (
        'shot "open" asks for text to video at 1080p for 10 s, '
        "but sixer sells 1080p for 6 s only and 10 s at 768p only."
    )
    assert problem.remedy == "No provider sells it; change the shot."


def test_a_mode_that_is_not_sold_names_those_which_sell_it() -> None:
    (problem,) = told(shot(), PICKY)
    assert problem.why == 'shot "open" asks for text to video at 768p for 6 s, but picky sells no text to video.'
    assert problem.remedy == "sixer would render it: add it to providers."


def test_the_free_provider_is_never_advertised() -> None:
    for of in (shot(duration=7), shot(frames=BOTH, resolution="512p"), shot(frames=BOTH)):
        for problem in told(of, SIXER):
            assert "animatic" not in problem.why + problem.remedy


def test_a_last_frame_alone_is_sold_by_nobody() -> None:
    (problem,) = told(shot(frames=LAST_ONLY, duration=7), SIXER, FIVER, PICKY)
    assert (problem.rule.id, problem.path) == ("frames-last-only", ("shots", 0, "frames"))


@pytest.mark.parametrize(
    ("at", "path"),
    [
        (("shots", 3, "resolution"), ("shots", 3, "resolution")),
        (("defaults", "resolution"), ("defaults", "resolution")),
        (("shots", 3), ("shots", 3)),
    ],
)
def test_a_problem_points_where_the_size_is_said(at: tuple[str | int, ...], path: tuple[str | int, ...]) -> None:
    (problem,) = told(shot(index=3, resolution="512p", resolution_path=at, duration_path=("shots", 3)), SIXER)
    assert problem.path == path


def test_a_length_from_the_defaults_is_told_once_and_at_the_defaults() -> None:
    shots = [
        shot(f"s{n}", index=n, duration=5, duration_path=("defaults", "duration"), resolution_path=("shots", n))
        for n in range(9)
    ]
    (problem,) = offer_problems(shots, (SIXER,), KNOWN)
    assert problem.path == ("defaults", "duration")


def test_a_length_that_nobody_wrote_is_told_once_and_says_so() -> None:
    shots = [shot(f"s{n}", index=n, duration_path=("shots", n), resolution_path=("shots", n)) for n in range(9)]
    (problem,) = offer_problems(shots, (FIVER,), KNOWN)
    assert "as shots do that say nothing" in problem.why
    assert problem.path == ("shots", 0)


def test_each_shot_that_writes_a_wrong_length_is_told() -> None:
    shots = [shot(f"s{n}", index=n, duration=5, duration_path=("shots", n, "duration")) for n in range(3)]
    assert [problem.path[1] for problem in offer_problems(shots, (SIXER,), KNOWN)] == [0, 1, 2]


def test_the_shots_of_a_matrix_share_what_is_wrong_with_them() -> None:
    shots = [shot(f"s{n}", duration=5, prompt="x" * 2001) for n in range(9)]
    assert [problem.rule.id for problem in offer_problems(shots, (SIXER,), KNOWN)] == ["shot-length", "prompt-length"]
    shots = [shot(f"s{n}", duration=5, prompt="") for n in range(9)]
    assert [problem.rule.id for problem in offer_problems(shots, (FIVER,), KNOWN)] == ["prompt-empty"]


@pytest.mark.parametrize(("length", "codes"), [(2000, []), (2001, ["prompt-length"])])
def test_a_prompt_is_as_long_as_the_model_reads_in_characters(length: int, codes: list[str]) -> None:
    assert [problem.rule.id for problem in told(shot(prompt="雾" * length), SIXER)] == codes


def test_only_providers_that_need_a_prompt_are_named_for_it() -> None:
    (problem,) = told(shot(prompt="", duration="short", frames=PICTURE), SIXER, FIVER)
    assert (problem.rule.id, problem.path) == ("prompt-empty", ("shots", 0, "prompt"))
    assert problem.why == 'shot "open" has no prompt, and fiver renders a first frame only with one.'
    assert told(shot(prompt="", frames=PICTURE), SIXER) == []


@pytest.mark.parametrize(
    ("frames", "local"),
    [
        (NO_FRAMES, False),
        (PICTURE, True),
        (Frames(first=AFTER), True),
        (Frames(first=WEB), False),
        (Frames(first=WEB, last=WEB), False),
        (Frames(first=WEB, last=FileFrame(path="b.png")), True),
    ],
)
def test_what_is_on_this_machine_does_not_reach_who_takes_addresses_only(frames: Frames, local: bool) -> None:
    of = shot(frames=frames)
    assert (of.needs.has_local_frame, of.needs.mode) == (local, of.mode)
    assert HOSTED.can_render(of.needs) is not local
    assert (choose_route(of, (HOSTED,)) is NO_ROUTE) is local
    assert [problem.rule.id for problem in told(of, HOSTED)] == ["frame-not-hosted"] * local


def test_a_file_that_cannot_be_sent_is_told_with_both_ways_out() -> None:
    (problem,) = told(shot(frames=PICTURE), HOSTED)
    assert problem.path == ("shots", 0, "frames", "first")
    assert problem.why == 'the first frame of shot "open" is a file; hosted takes pictures by web address only.'
    assert problem.remedy == (
        "Put the picture on the web and name it by url with its sha256, "
        "or add to providers one that takes files: sixer or picky."
    )


def test_a_frame_of_another_shot_cannot_be_put_on_the_web_beforehand() -> None:
    (problem,) = told(shot("turn", frames=Frames(first=WEB, last=AFTER), duration=6), HOSTED)
    assert problem.path == ("shots", 0, "frames", "last")
    assert problem.why.startswith('the last frame of shot "turn" is a frame of shot "open"; hosted takes')
    assert problem.remedy == "Add to providers one that takes files: picky."
    (stuck,) = offer_problems((shot(frames=Frames(first=AFTER)),), (HOSTED,), (HOSTED,))
    assert stuck.remedy == "Give the shot another frame."


def test_who_takes_files_only_cannot_be_given_an_address() -> None:
    files = provider("files", offers=HOSTED.offers, accepts_urls=False)
    assert choose_route(shot(frames=PICTURE), (files,)).provider == "files"
    assert choose_route(shot(frames=Frames(first=WEB)), (files,)) == NO_ROUTE
    (problem,) = offer_problems((shot(frames=Frames(first=PICTURE.first, last=WEB)),), (files,), (files, PICKY))
    assert (problem.rule.id, problem.path) == ("frame-not-local", ("shots", 0, "frames", "last"))
    assert problem.why == 'the last frame of shot "open" is a pinned web address; files takes files only.'
    assert problem.remedy == (
        "Leave out the sha256, and it is fetched here; or save the picture in the project and name the file, "
        "or add to providers one that takes addresses: picky."
    )


def test_an_address_that_is_not_pinned_reaches_everybody_since_it_is_fetched_here() -> None:
    of = shot(frames=Frames(first=UrlFrame(url="https://a.example/a.png")))
    files = provider("files", offers=HOSTED.offers, accepts_urls=False)
    assert (of.needs.has_local_frame, of.needs.has_hosted_frame) == (False, False)
    assert told(of, files) == told(of, HOSTED) == []
    assert (choose_route(of, (files,)).provider, choose_route(of, (HOSTED,)).provider) == ("files", "hosted")


def test_such_a_gateway_is_passed_over_when_another_one_takes_files() -> None:
    assert choose_route(shot(frames=PICTURE), (HOSTED, SIXER)).provider == "sixer"
    assert told(shot(frames=PICTURE), HOSTED, SIXER) == []


def test_who_takes_addresses_only_is_not_advertised_for_a_file() -> None:
    (problem,) = offer_problems((shot(frames=BOTH),), (SIXER,), (HOSTED, PICKY))
    assert problem.remedy == "picky would render it: add it to providers."


@given(
    st.sampled_from([NO_FRAMES, PICTURE, BOTH, LAST_ONLY, Frames(first=WEB), Frames(first=WEB, last=AFTER)]),
    st.sampled_from(["512p", "768p", "1080p"]),
    st.integers(1, 12) | st.sampled_from(["short", "long"]),
    st.lists(st.sampled_from([FIVER, SIXER, PICKY, HOSTED]), unique_by=lambda each: each.name, min_size=1),
)
def test_a_shot_has_a_route_or_a_problem_and_the_named_would_render_it(frames, resolution, duration, providers) -> None:
    of = shot(frames=frames, resolution=resolution, duration=duration)
    problems = told(of, *providers)
    assert bool(problems) == (choose_route(of, providers) is NO_ROUTE)
    for problem in problems:
        for each in (FIVER, SIXER, PICKY):
            if each.name in problem.remedy:
                assert each.can_render(of.needs)


def test_a_shot_is_routed_past_a_provider_that_lacks_its_switch() -> None:
    plain = provider("plain", offers={Mode.TEXT: SIXES}, switches=frozenset())
    able = provider("able", offers={Mode.TEXT: SIXES}, switches=frozenset({"watermark"}))
    for of, providers in [(shot(), ["plain", "able"]), (shot(watermark=True), ["able"])]:
        route = choose_route(of, (plain, able))
        assert [way.provider for way in (route, *route.fallbacks)] == providers
