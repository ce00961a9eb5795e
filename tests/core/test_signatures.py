import pytest

from hailuo_batch.core.signatures import hide_signatures, mask_signatures


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://me:SECRET@cdn.test/a.png", "https://…@cdn.test/a.png"),
        ("https://SECRET@cdn.test", "https://…@cdn.test"),
        ("https://me:SE/CR@ET?x@cdn.test/a", "https://…@cdn.test/a"),
        (
            "https://cdn.test/a?X-Amz-Signature=SECRET&e=1, then [Pan]",
            "https://cdn.test/a?… then [Pan]",
        ),
        ("like cdn.test/a.png?sig=SECRET", "like cdn.test/a.png?…"),
        ("https://cdn.test/${colour}.png?sig=SECRET", "https://cdn.test/${colour}.png?…"),
        ("https://cdn.test/#access_token=SECRET", "https://cdn.test/#…"),
        ('{"prompt":"https://u:SECRET@cdn.test/?sig=SECRET"}', '{"prompt":"https://…@cdn.test/?…"}'),
        (
            "http://127.0.0.1:8/a@b or https://x.test/@ana",
            "http://127.0.0.1:8/a@b or https://x.test/@ana",
        ),
        ("Where to? x = 1, mail me@host.test, #1=gold", "Where to? x = 1, mail me@host.test, #1=gold"),
    ],
)
def test_only_what_lets_somebody_in_is_hidden_from_what_users_wrote(written: str, shown: str) -> None:
    assert hide_signatures(written) == shown
    assert hide_signatures(shown) == shown
    masked = mask_signatures(written)
    assert "SECRET" not in masked
    assert len(masked) == len(written)
