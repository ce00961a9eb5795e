"""Where the pages are that messages name: the package carries none of them."""

_DOCS = "https://github.com/hailuo-batch/hailuo-batch/blob/main/docs"


def page(name: str) -> str:
    """The address of a page of the documentation.

    >>> page("money")
    'https://github.com/hailuo-batch/hailuo-batch/blob/main/docs/money.md'
    """
    return f"{_DOCS}/{name}.md"
