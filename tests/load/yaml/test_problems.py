"""Problems are kept while they are few, then counted."""

from yaml_samples import read, shown


def test_only_fifty_problems_are_shown_and_the_rest_is_counted() -> None:
    *kept, last = read("a:\n" + "- 010\n" * 70).problems
    assert len(kept) == 50
    assert shown(last) == (
        "51:3 more problems than are shown [yaml-more]",
        "20 more were found.",
        "Mend the ones above first; many of the others may have the same cause.",
    )


def test_a_file_that_is_wrong_throughout_is_not_read_to_its_end() -> None:
    for source in ("a:\n" + "- 010\n" * 5000, "a: 1\n" * 5000):
        *kept, last = read(source).problems
        assert len(kept) == 50
        assert last.why == "1,000 more were found, and the rest was not read."
