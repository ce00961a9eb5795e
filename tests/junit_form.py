"""What readers of JUnit XML accept: the schema of Jenkins' xUnit plugin itself, and junit-4.xsd where it is narrower.

junit-4.xsd was read 2026-11-26 and is written here by hand: children have an order, and a case has fewer attributes.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import xmlschema

JENKINS = Path(__file__).parent / "fixtures" / "official" / "junit-10.xsd"


class Form(NamedTuple):
    """An element: attributes that it must and may have, children in their order with how many at most, text or not."""

    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    children: tuple[tuple[str, int], ...] = ()
    text: bool = False
    least_children: int = 0


_MANY = 10**9
_COUNTS = frozenset({"tests", "failures", "errors"})
_ENDED = Form(may=frozenset({"type", "message"}), text=True)
FORMS = {
    "testsuites": Form(may=_COUNTS | {"name", "time"}, children=(("testsuite", _MANY),)),
    "testsuite": Form(
        needs=_COUNTS | {"name"},
        may=frozenset({"time", "skipped", "timestamp", "hostname", "id", "package"}),
        children=(("properties", 1), ("testcase", _MANY), ("system-out", 1), ("system-err", 1)),
    ),
    "properties": Form(children=(("property", _MANY),), least_children=1),
    "property": Form(needs=frozenset({"name", "value"})),
    "testcase": Form(
        needs=frozenset({"name"}),
        may=frozenset({"time", "classname"}),
        children=(("skipped", 1), ("error", _MANY), ("failure", _MANY), ("system-out", _MANY), ("system-err", _MANY)),
    ),
    "failure": _ENDED,
    "error": _ENDED,
    "skipped": Form(text=True),
    "system-out": Form(text=True),
    "system-err": Form(text=True),
}


@cache
def jenkins_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(JENKINS)


def read_junit(text: str) -> ET.Element:
    """A document that both schemas accept, and whose sums are those of its cases."""
    jenkins_schema().validate(text)
    root = ET.fromstring(text)  # noqa: S314 - our own output
    assert root.tag == "testsuites"
    _check(root)
    for suite in root:
        cases = suite.findall("testcase")
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == sum(case.find(tag) is not None for case in cases), (name, suite.attrib)
        assert int(suite.attrib["tests"]) == len(cases)
    for name in _COUNTS:
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    return root


def _check(element: ET.Element) -> None:
    form = FORMS[element.tag]
    assert form.needs <= set(element.attrib) <= form.needs | form.may, (element.tag, element.attrib)
    assert form.text or not (element.text or "").strip(), element.tag
    tags = [child.tag for child in element]
    order = [tag for tag, _ in form.children]
    assert tags == sorted(tags, key=order.index)
    assert all(tags.count(tag) <= most for tag, most in form.children)
    assert len(tags) >= form.least_children
    for child in element:
        _check(child)


def verdicts(root: ET.Element) -> list[tuple[str, str, str, str]]:
    """Class, name, verdict and kind of each case."""
    found = []
    for case in root.iter("testcase"):
        ended = next((child for child in case if child.tag != "system-out"), None)
        verdict, kind = ("passed", "") if ended is None else (ended.tag, ended.get("type", ""))
        found.append((case.get("classname", ""), case.get("name", ""), verdict, kind))
    return found
