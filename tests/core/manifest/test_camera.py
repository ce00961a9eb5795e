import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.camera import (
    CHINESE_COMMANDS,
    CameraCommand,
    camera_moves,
    camera_remarks,
    describe_remarks,
    normalize_commands,
    strip_commands,
)

EVERY_WAY = [(str(command), command) for command in CameraCommand] + list(CHINESE_COMMANDS.items())
brackets = st.sampled_from(
    [f"[{word}]" for word, _ in EVERY_WAY] + ["[mood]", "[push in, 左移]", "[", "]", "[]", "[[Shake]]"]
)
prompts = st.lists(brackets | st.text(max_size=12), max_size=8).map("".join)


def test_there_are_fifteen_commands_and_each_has_its_chinese_word() -> None:
    assert len(CameraCommand) == 15
    assert set(CHINESE_COMMANDS.values()) == set(CameraCommand)


@pytest.mark.parametrize(("word", "command"), EVERY_WAY)
@pytest.mark.parametrize(
    "change", [str, str.upper, str.lower, str.title, lambda word: f"  {word.replace(' ', '   ')} "]
)
def test_a_command_is_known_in_both_languages_in_any_case_and_spacing(
    word: str, command: CameraCommand, change
) -> None:
    prompt = f"mist [{change(word)}] clears"
    assert normalize_commands(prompt) == f"mist [{command}] clears"
    assert camera_moves(prompt) == ((command,),)
    assert camera_remarks(prompt) == ()


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("[push in,左移]", "[Push in, Truck left]"),
        ("[推进，上摇]", "[Push in, Tilt up]"),
        ("[左摇、晃动]", "[Pan left, Shake]"),
        ("[Truck left, Pan right, Zoom in] A busy street", "[Truck left, Pan right, Zoom in] A busy street"),
        ("[push\nin]", "[Push in]"),
        ("a[shake]b[SHAKE]c", "a[Shake]b[Shake]c"),
        ("[[shake]]", "[[Shake]]"),
    ],
)
def test_commands_in_one_bracket_are_spelled_together(written: str, spelled: str) -> None:
    assert normalize_commands(written) == spelled


@pytest.mark.parametrize(
    "prompt",
    [
        "[mood] light",
        "[Push in, slowly]",
        "[]",
        "[ ]",
        "[,]",
        "[Push in,]",
        "push in",
        "[push in",
        "push in]",
        "(Push in)",
    ],
)
def test_brackets_that_are_no_command_are_left_alone(prompt: str) -> None:
    assert normalize_commands(prompt) == prompt
    assert camera_moves(prompt) == ()


def test_brackets_in_sequence_act_in_turn_and_those_in_one_act_together() -> None:
    way = camera_moves("[Pedestal up], then [mood], then [Static shot, Shake].")
    assert way == ((CameraCommand.PEDESTAL_UP,), (CameraCommand.STATIC_SHOT, CameraCommand.SHAKE))


@pytest.mark.parametrize(
    ("bracket", "meant"),
    [
        ("[Pus in]", "Push in"),
        ("[Zoom inn]", "Zoom in"),
        ("[trucking left]", "Truck left"),
        ("[static]", "Static shot"),
        ("[变焦推]", "Zoom in"),
        ("[Push in, Pan lift]", "Pan left"),
    ],
)
def test_a_near_miss_is_remarked_and_sent_as_it_is(bracket: str, meant: str) -> None:
    (remark,) = camera_remarks(f"mist {bracket}")
    assert (remark.rule.id, remark.bracket) == ("camera-unknown", bracket)
    assert (
        describe_remarks([remark])
        == f'{bracket} is no camera command and is sent as plain text. Did you mean "{meant}"?'
    )
    assert normalize_commands(bracket) == bracket


@pytest.mark.parametrize("bracket", ["[mood]", "[restaurant style]", "[key features]", "[]", "[猫]", "[x]"])
def test_what_is_far_from_any_command_is_remarked_without_a_guess(bracket: str) -> None:
    (remark,) = camera_remarks(bracket)
    assert (remark.rule.id, remark.hint) == ("camera-unknown", "")
    assert describe_remarks([remark]) == f"{bracket} is no camera command and is sent as plain text."


def test_several_brackets_are_told_together_each_with_its_guess() -> None:
    found = camera_remarks("[mood], then [Pus in], then [x]")
    assert describe_remarks(found) == (
        "[mood], [Pus in] and [x] are no camera commands and are sent as plain text. "
        'For [Pus in]: did you mean "Push in"?'
    )


def test_very_many_brackets_are_counted() -> None:
    told = describe_remarks(camera_remarks("".join(f"[{number}]" for number in range(2000))))
    assert told.startswith("[0], [1], [2], [3], [4] and 1,995 more are no camera commands")


def test_more_than_three_at_once_are_remarked() -> None:
    assert camera_remarks("[Push in, Pan left, Tilt up]") == ()
    (remark,) = camera_remarks("[Push in, Pan left, Tilt up, Shake]")
    assert remark.rule.id == "camera-crowded"
    assert describe_remarks([remark]) == (
        "[Push in, Pan left, Tilt up, Shake] asks for more than 3 moves at once; the vendor advises that many at most."
    )


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("A man picks up a book [Pedestal up], then reads [Static shot].", "A man picks up a book, then reads."),
        ("[Push in] A cat walking.", "A cat walking."),
        ("[Push in], a cat", "a cat"),
        ("a [mood] cat", "a [mood] cat"),
        ("[Shake]", ""),
    ],
)
def test_people_read_a_prompt_without_its_commands(prompt: str, read: str) -> None:
    assert strip_commands(prompt) == read


@given(prompts)
def test_spelling_once_more_changes_nothing(prompt: str) -> None:
    assert normalize_commands(normalize_commands(prompt)) == normalize_commands(prompt)


@given(prompts)
def test_spelling_keeps_the_moves_and_the_words_around_them(prompt: str) -> None:
    assert camera_moves(normalize_commands(prompt)) == camera_moves(prompt)
    assert strip_commands(normalize_commands(prompt)) == strip_commands(prompt)


@given(prompts)
def test_what_people_read_holds_no_command(prompt: str) -> None:
    if "[[" not in prompt and "[]" not in prompt:
        assert not any(f"[{command}]" in strip_commands(prompt) for command in CameraCommand)


@pytest.mark.parametrize(
    ("bracket", "excluded"),
    [
        ("[Pan left, Pan right]", True),
        ("[左移, truck RIGHT]", True),
        ("[Push in, Tilt up, Pull out]", True),
        ("[Pedestal up, Pedestal down]", True),
        ("[Zoom in, Zoom out]", True),
        ("[Tilt up, Tilt down]", True),
        ("[Static shot, Shake]", True),
        ("[Push in, Zoom out]", False),  # the known effect of a wall that comes nearer
        ("[Truck left, Pan right]", False),  # an arc
        ("[Pan left] [Pan right]", False),  # in turn
        ("[Static shot]", False),
        ("[Pan left, pan left]", False),
        ("[left and right]", False),
    ],
)
def test_moves_that_exclude_each_other_are_remarked(bracket: str, excluded: bool) -> None:
    found = [remark for remark in camera_remarks(f"mist {bracket}") if remark.rule.id == "camera-contradiction"]
    assert bool(found) == excluded
    if found:
        assert describe_remarks(found).startswith(f"{bracket} asks for moves that exclude each other.")


def test_a_crowded_bracket_may_contradict_itself_too() -> None:
    remarks = camera_remarks("[Pan left, Pan right, Push in, Tilt up]")
    assert [remark.rule.id for remark in remarks] == ["camera-crowded", "camera-contradiction"]
