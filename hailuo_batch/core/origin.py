"""What a clip's own file says of its origin, and what an export writes into a copy: values only.

The European AI Act, article 50, asks that what AI made is marked so that machines find it. China's GB 45438-2025 asks
for the same. Some gateways mark their clips; most do not.
"""

from collections.abc import Mapping
from dataclasses import field

from hailuo_batch.values import dataclass

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"  # IPTC, Digital Source Type
AI_SOURCE_TYPE = f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
PARTLY_AI_SOURCE_TYPE = f"{_SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"
NOT_AI_SOURCE_TYPE = f"{_SOURCE_TYPES}algorithmicMedia"  # drawn by a program, no model


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginMarks:
    """The marks that a file carries.

    `content_credentials` is the size of its C2PA store in bytes, 0: none. `source_type` is what its XMP says in
    `DigitalSourceType`. `aigc` is China's label, member by member.
    """

    content_credentials: int = 0
    source_type: str = ""
    aigc: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.content_credentials or self.source_type or self.aigc)

    @property
    def is_disclosed(self) -> bool:
        """Whether a machine can read from the file how it was made."""
        return bool(self.source_type or self.aigc or self.content_credentials)


def origin_members(marks: OriginMarks) -> dict[str, object]:
    """The marks as plain data for JSON; what is not there is left out."""
    found = {
        "content_credentials_bytes": marks.content_credentials,
        "digital_source_type": marks.source_type,
        "aigc": dict(marks.aigc),
    }
    return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What an export says of a clip: `oversight` is who approved it, `text` what people read.

    `made` is when the clip came, in UTC as ISO 8601; "" where no ledger knows. `is_composite`: it is a film of several
    clips, and some of it may be a slate.
    """

    made_by_ai: bool
    tool: str  # with its version
    model: str
    made: str = ""
    oversight: str = ""
    text: str = ""
    title: str = ""
    is_composite: bool = False

    @property
    def source_type(self) -> str:
        """The IPTC Digital Source Type."""
        if not self.made_by_ai:
            return NOT_AI_SOURCE_TYPE
        return PARTLY_AI_SOURCE_TYPE if self.is_composite else AI_SOURCE_TYPE
