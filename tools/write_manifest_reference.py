"""Writes docs/manifest.md from the descriptions in schemas/manifest.schema.json; a test holds the two together.

python tools/write_manifest_reference.py > docs/manifest.md
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).resolve().parent.parent / "schemas" / "manifest.schema.json"
HEAD = """\
# Every key of a manifest

Written from `schemas/manifest.schema.json` by `tools/write_manifest_reference.py`. With this first line, an editor
with a YAML language server completes and checks as you type:

```
# yaml-language-server: $schema=../schemas/manifest.schema.json
```

The file is YAML 1.2: `no`, `on`, `9:16` and `2026-01-01` are texts. A prompt that starts with a bracket
needs quotes: `prompt: "[Push in] mist clears"`. A list may be in [several files](#several-files).
"""
INCLUDES = """
## Several files

A manifest may include files of its project, and each of those may include others:

```
include: [shared/looks.yaml, stories/01.yaml]
```

- An included file may have `vars`, `styles`, `defaults`, `sequences`, `shots`, `meta`, keys that begin with `x-`, and
  `include`. It has no campaign. `hailuo-batch schema include` prints its schema for editors; its first line is then
  `# yaml-language-server: $schema=…/schemas/include.schema.json`.
- Included files come first, in the order of the list; the shots of the file itself come last. A file that several
  include counts once.
- What a file writes itself wins over what it includes: by name for `vars`, `styles`, `meta` and `x-` keys, by key for
  `defaults`, by id for `sequences`. A sequence that is written again keeps its place; where a
  file writes several, they are in its own order.
- Two included files that give one name different values are a problem. The file that includes both can decide it. For
  `meta` and `x-` it is a warning, and the first counts.
- Two shots with one id are a problem, also across files.
- The path of a frame begins at the folder of the file that writes it. A `${name}` in it is filled in first.
- Paths stay inside the project, also behind links. Files include files 10 deep at most, 1,000 in all.
- An anchor (`&`) and its alias (`*`) stay in one file. Share values by `vars`, `styles` and `defaults`.
- A problem names the file where the mistake is, and who includes it.
- `validate` passes over included files in folders and patterns. To check one, validate a manifest that includes it.
"""
PARTS = (
    ("At the top", ()),
    ("budget", ("properties", "budget")),
    ("styles: each entry", ("properties", "styles", "additionalProperties")),
    (
        "styles: each variant",
        ("properties", "styles", "additionalProperties", "properties", "variants", "additionalProperties"),
    ),
    ("vars: a value from the environment", ("definitions", "env_variable")),
    ("defaults", ("definitions", "defaults")),
    ("sequences: each entry", ("definitions", "sequence")),
    ("shots: each entry", ("definitions", "shot")),
    ("overrides: each entry", ("definitions", "override")),
    ("cut: in and out", ("definitions", "cut", "anyOf", 1)),
    ("frames: `first` and `last`", ("definitions", "frames")),
    ("A frame on the web", ("definitions", "frame", "anyOf", 1)),
    ("A frame of another shot", ("definitions", "frame", "anyOf", 2)),
    ("A file, with its rights", ("definitions", "frame", "anyOf", 3)),
    ("rights", ("definitions", "rights")),
)


def reference(schema: Mapping[str, Any]) -> str:
    """The page's text."""
    return HEAD + "".join(_part(title, _at(schema, path), schema) for title, path in PARTS) + INCLUDES


def _part(title: str, part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    rows = "".join(_rows(part, schema))
    return f"\n## {title}\n\n| key | what | default | example |\n|---|---|---|---|\n{rows}"


def _rows(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    needed = part.get("required", [])
    for key, entry in part["properties"].items():
        meant = _at(schema, tuple(entry["$ref"].split("/")[1:])) if "$ref" in entry else entry
        words = [meant.get("description", "")]
        if "enum" in meant:
            words.append(f"One of {', '.join(f'`{choice}`' for choice in meant['enum'])}.")
        name = f"`{key}`" + (" (required)" if key in needed else "")
        default = "" if key in needed else _shown(meant.get("default"))
        yield f"| {name} | {' '.join(words)} | {default} | {_shown(meant.get('examples', [None])[0])} |\n"


def _at(schema: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        schema = schema[part]
    return schema


def _shown(value: Any) -> str:
    return "" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")


if __name__ == "__main__":
    print(reference(json.loads(SCHEMA.read_text())), end="")
