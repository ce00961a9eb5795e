"""Makes manifests from public prompt lists, each from the file its authors publish; any of the three may be left out:

    python tools/import_workloads.py --vbench all_dimension.txt --stories vbench_story_list.json --camera prompts.csv

The same input gives the same bytes. What was changed on the way stands in the head of each manifest, as the licences
ask. Only the standard library is used, and nothing here knows what the tool makes of a manifest.
"""

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent / "manifests"
MODELINE = "# yaml-language-server: $schema=../schemas/manifest.schema.json"
VBENCH = "Vchitect/VBench on GitHub, commit 45e79ec14e69a2187202c675d2dbce1a71843d53"
APACHE = "Apache-2.0, LICENSES/VBench-Apache-2.0.txt"
# The versions that the texts in manifests/ were made from. Another file is taken too, and its head says so.
PINNED = {
    "f9b50654f81ab732b9235d5bb91f0c3a4d152fac19249ce3a3a9185b2d80d8c3": f"{VBENCH}, prompts/all_dimension.txt",
    "30a834b223e761674a7df99b46206d046be125baf52c9629b1a6450afc520219": f"{VBENCH}, competitions/story_list.json",
}


def vbench(data: bytes) -> dict[str, str]:
    """The manifest of a list with one prompt a line."""
    prompts = [line.strip() for line in data.decode("utf-8-sig").splitlines() if line.strip()]
    lines = [
        *_head(f"The {len(prompts)} text-to-video prompts of VBench.", _source(data), APACHE),
        "# Changes: each line became a shot with an id, put in quotes, with its dollar signs doubled.",
        "",
        "version: 1",
        f"campaign: vbench-{len(prompts)}",
        "providers: [gccai, mindvideo] # both sell 512p from words alone",
        "defaults: { duration: short, resolution: 512p, prompt_optimizer: false }",
        "",
        "shots:",
    ]
    for number, prompt in enumerate(prompts, 1):
        lines += [f"  - id: vb-{number:04}", f"    prompt: {_text(prompt, 4)}"]
    return {"vbench-946.yaml": _joined(lines)}


def stories(data: bytes) -> dict[str, str]:
    """The manifest of a list of stories, and a file to include for each, with its sequence and its shots in order."""
    told = json.loads(data)
    shots = sum(len(story["storyline"]) for story in told)
    files = {f"stories/{number:02}.yaml": _story(number, story) for number, story in enumerate(told, 1)}
    lines = [
        *_head(f"{len(told)} stories of VBench's competition, {shots} shots.", _source(data), APACHE),
        "# Changes: each story became a sequence in a file of its own, its summary the notes of its shots, and each",
        "# line a shot with an id. Texts are in quotes, with dollar signs doubled.",
        "",
        "version: 1",
        "campaign: vbench-stories",
        "providers: [minimax, highwayapi]",
        "defaults: { duration: short, resolution: 768p, prompt_optimizer: false }",
        "",
        "# One story in each file, in the order of the film. Their shots come in this order too.",
        "include:",
        *(f"  - {name}" for name in files),
    ]
    return {"vbench-stories.yaml": _joined(lines), **files}


def _story(number: int, story: dict[str, Any]) -> str:
    lines = [
        MODELINE.replace("../schemas/manifest", "../../schemas/include"),
        "#",
        f"# Story {number} of VBench's competition. Made by tools/import_workloads.py; edit that instead.",
        f"# Source and changes: see ../vbench-stories.yaml. Licence: {APACHE.replace('LICENSES', '../LICENSES')}",
        "",
        "sequences:",
        f"  - id: story-{number:02}",
        f'    tags: ["story:{number:02}"]',
        "    defaults:",
        f"      notes: {_text(story['summary'], 6)}",
        "",
        "shots:",
    ]
    for part, prompt in enumerate(story["storyline"], 1):
        lines += [
            f"  - id: story-{number:02}-{part:02}",
            f"    sequence: story-{number:02}",
            f"    prompt: {_text(prompt, 4)}",
        ]
    return _joined(lines)


def camera(data: bytes) -> dict[str, str]:
    """The manifest of a CSV of prompts with camera commands; its columns say where each is from."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    lines = [
        *_head(
            f"{len(rows)} prompts with camera commands, as people write them.",
            "said above each group of prompts",
            "said above each group of prompts; the texts are in LICENSES/",
        ),
        "# Changes: each prompt became a shot with its id, put in quotes or in a block, with its dollar signs doubled.",
        "",
        "version: 1",
        "campaign: camera-prompts",
        "providers: [minimax, highwayapi]",
        "defaults: { duration: short, resolution: 768p, prompt_optimizer: false }",
        "",
        "shots:",
    ]
    said = ""
    for row in rows:
        origin = _origin(row)
        if origin != said:
            lines += ["", f"  # {origin}"] if said else [f"  # {origin}"]
            said = origin
        lines += [f"  - id: {row['id']}", f"    prompt: {_text(row['prompt'], 4)}"]
        if row["note"]:
            lines.append(f"    notes: {_text(row['note'], 4)}")
    return {"camera-prompts.yaml": _joined(lines)}


def _origin(row: dict[str, str]) -> str:
    at = f", commit {row['commit']}, {row['path']}" if row["commit"] else ""
    return " ".join(f"{row['source']}{at}; licence: {row['licence']}".split())


def _source(data: bytes) -> str:
    digest = sha256(data).hexdigest()
    return f"{PINNED.get(digest, 'a version that is not pinned')}, SHA-256 {digest}"


def _head(what: str, source: str, licence: str) -> Iterator[str]:
    yield MODELINE
    yield "#"
    yield f"# {what} Made by tools/import_workloads.py; edit that instead."
    yield f"# Source: {source}"
    yield f"# Licence: {licence}"


def _text(words: str, indent: int) -> str:
    """The words as a YAML scalar that is read back as they are: lines as a block, everything else in double quotes."""
    words = words.replace("$", "$$")
    lines = words.split("\n")
    plain = all(line.isprintable() and line == line.strip() for line in lines)
    if len(lines) > 1 and plain and lines[0] and lines[-1]:
        pad = " " * (indent + 2)
        return "\n".join(["|-", *(pad + line if line else "" for line in lines)])
    quoted = json.dumps(words, ensure_ascii=False)  # JSON's text in quotes is YAML's, but for characters nobody sees
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in quoted)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


MAKERS: dict[str, Callable[[bytes], dict[str, str]]] = {"vbench": vbench, "stories": stories, "camera": camera}


def main(words: list[str]) -> None:
    """Writes the manifests of each source that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in MAKERS:
        parser.add_argument(f"--{name}", type=Path, metavar="FILE")
    parser.add_argument("--into", type=Path, default=HERE, metavar="FOLDER", help="where to (default: manifests)")
    chosen = vars(parser.parse_args(words))
    for name, make in MAKERS.items():
        for file, text in make(chosen[name].read_bytes()).items() if chosen[name] else ():
            target = chosen["into"] / file
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"{file}: {target.stat().st_size / 1000:.1f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
