"""What is to be known of an image that gateways take: how it may change there, and what it reveals."""

from enum import StrEnum


class ImageTrait(StrEnum):
    """One thing to know of an image. The values are kept in the cache."""

    CMYK = "cmyk"  # its colours are those of print
    ANIMATED = "animated"  # it has more frames than one
    PLACE = "place"  # its metadata says where it was taken
    OWNER = "owner"  # its metadata names a person


PERSONAL_TRAITS = frozenset({ImageTrait.PLACE, ImageTrait.OWNER})


def parse_traits(words: str) -> tuple[ImageTrait, ...]:
    """The traits of a row in the cache; a ValueError for words of another version."""
    return tuple(map(ImageTrait, words.split()))
