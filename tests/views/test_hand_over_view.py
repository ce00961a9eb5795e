from timeline_samples import clip, cut, take, timeline

from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.views.hand_over import describe_timeline


def test_what_an_editor_would_stumble_over_is_named():
    made = timeline(
        take("open", clip(), is_selected=True, cut=cut("0", "6.5")),
        take("turn", clip(), verdict=Verdict.REJECTED),
        take("gone", verdict=Verdict.REJECTED, cut=cut("0", "2")),
        sequence_titles={},
    )
    assert describe_timeline(made).splitlines() == [
        "2 clips, 1 gap, 14.00 s (336 frames at 24 a second).",
        "Without a clip: gone.",
        "Their cut ends behind the end of the clip: open.",
        "Rejected, and still in it: turn.",
        "No take is selected, so the first that nobody rejected is used: turn, gone.",
    ]


def test_a_whole_edit_is_one_line_and_many_names_are_counted():
    assert (
        describe_timeline(timeline(take("open", clip(), is_selected=True)))
        == "1 clip, 6.00 s (144 frames at 24 a second)."
    )
    many = timeline(take("a", clip(), is_selected=True), *(take(f"s{place}", clip()) for place in range(1_200)))
    assert describe_timeline(many).endswith("s6, s7 and 1,192 more.")
