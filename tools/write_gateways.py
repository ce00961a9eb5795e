"""Writes docs/gateways.md from the gateways' tables; a test holds the two together.

python tools/write_gateways.py > docs/gateways.md
"""

from collections.abc import Callable, Iterator, Sequence

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_provider_table
from hailuo_batch.views.providers import interval_text, limit_words, list_switches

NAMES = provider_names()
MODES = {
    Mode.TEXT: "text-to-video",
    Mode.FIRST: "first frame",
    Mode.FIRST_LAST: "first-and-last-frame",
}

HEAD = """\
# The gateways

These gateways sell MiniMax Hailuo-02, and some of them other models. Switching gateways is a one-word change:
`providers: [mindvideo]`. A run tries them in the order of the list. It tries the next one only after the one before has
definitely not accepted.

This page is written from the tables in `hailuo_batch/gateways/tables` by `tools/write_gateways.py`. Nothing here was
tried against a live service. It is what their pages and official clients say, read on the date shown. A fact that only
a sibling or a client states is *inferred*; a fact that no source states is *not known*. These commands print the same
for your project, with its keys and settings:

```
hailuo-batch providers
hailuo-batch providers mindvideo
hailuo-batch providers minimax --model hailuo-2.3
```

## What each sells

Hailuo-02 first, then the other models of [models.md](models.md):
"""

BETWEEN = """
A number of seconds is exact: a gateway that renders 5 and 10 s does not offer `duration: 6`, and `validate` names
those that do. `short` (5 or 6 s) and `long` (10 s) are available from all of them. Moving such a shot to another
gateway costs nothing. The model itself renders 6 or 10 s, so a clip sold as 5 s probably lasts about 6.

`validate` warns where a gateway lists what the model itself does not render. For Hailuo-02 that is 512p without a first
frame or with two frames, and 1080p for 10 s. The gateway may refuse it, or render another size or length.

With two frames, the clip has the shape of the first; the last is cropped to it.

## What differs
"""

MONEY = """
Where a price is not known, the plan says so. It never counts as zero, and different currencies are never added
together.

## When no answer comes

A submit without an answer may have been accepted, and may cost money. Only MindVideo honours idempotency keys: there
the same request is sent again, and costs nothing more. Everywhere else the take is *in doubt*. It is not submitted
again automatically, neither there nor at another gateway. GCC AI and odkkk also get an idempotency key, because their
siblings honour it, but the tool does not rely on it.

## Download links expire

A run downloads a clip in the same step in which it sees that the clip is ready, because its link expires. That is after
an hour at two gateways, after a day at two, and not known at the others. A link is treated as a secret. The API key is
not sent to the host of a link.

## Images

A frame may be a file of the project, a frame of another shot, or an address on the web. Files and frames of other shots
are part of the request. odkkk accepts addresses only, so a shot with a local image cannot be rendered there. Put the
image on the web and name it with the hash of its bytes, or choose another provider:

```yaml
frames:
  first:
    url: https://assets.example.com/open.png
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

Each file is checked before anything is submitted. It must be JPG, PNG or WebP by its bytes (not by its name), smaller
than 20 MB, and larger than 300 pixels on each side. Its shape, seen upright, must be between 2:5 and 5:2. odkkk, Vtrix
and MiniMax publish these limits; the others publish none.

A file is sent byte for byte, with these exceptions. If EXIF says that it lies on its side, it is sent upright. If a
last frame has another shape than the first, only its middle is sent, in the first one's shape. Both lose their
metadata. With `strip_metadata: true` in `hailuo.yaml`, every file is sent without EXIF, XMP and IPTC; its pixels and
the fingerprint stay the same. An image behind a web address is fetched by the gateway as it is.

`validate` warns of an animation, of which gateways see the first frame only, and of colours of print (CMYK). It also
warns of metadata with a GPS position or the name of an owner. A PNG with a wrong control sum is refused.

`plan` and `run` download an address without `sha256` once. After that they only check whether the image changed; a
changed image changes the request. The gateway gets the address and downloads it later, so pin an image that must not
change. Without a network, the image counts as it was last seen, and the plan says so. An image that was never seen, or
that gateways would refuse, holds its shot. Read-only commands such as `status` never contact the web, and neither does
a sketch. The bytes are kept in `.hailuo/frames`.

## Camera commands

Manifests use MiniMax's fifteen commands everywhere. Vtrix has a list of its own, in which the same words name other
moves. For those, the prompt describes the move in plain language.
"""

OWN = """
## Callbacks

MiniMax, odkkk and Vtrix can report that a clip is ready, so that it is downloaded at once and not after the next poll:

    hailuo-batch run film.yaml --callback-url https://render.example.com/hooks --callback-listen 127.0.0.1:8089

`--callback-listen` is where this machine listens, in plain HTTP. `--callback-url` is the public https address of a
proxy or tunnel that leads there, with or without a path. Each gateway gets an address of its own, with a secret that
is new in every run.

Start the proxy first. MiniMax checks the address when it accepts a submit, and refuses the submit when it gets no
answer within 3 seconds. A callback only triggers a poll; its content is never trusted. If none arrives, nothing is
lost, since tasks are polled anyway.

## A gateway of your own

`hailuo.yaml` may contain tables of the form that `hailuo-batch schema provider` prints. `like` copies the dialect and
the offers of one of these gateways, but never its prices, limits or notes. The table's `key` is the *name* of the
environment variable that holds the key; a key itself is refused.

`usual_seconds` under a model says how long its clips usually take. The first clips are polled by it; after a dozen, the
tool knows better: `usual_seconds: {is: 3, source: own orders, read: 2026-11-26}`.

`regions` selects a region of a gateway, or any other base address. A region has its own keys, currency and prices; the
prices of a model are under `regions.NAME.models.MODEL.prices`.

```yaml
version: 1
providers: [studio, minimax]
gateways:
  studio:
    title: The studio's own
    key: STUDIO_API_KEY
    base_url: https://video.studio.example
    like: mindvideo
regions:
  minimax: china                        # a region that its table has
  vtrix: https://gateway.vtrix.ai       # or an address
```

Such settings can send a key anywhere, so they count only for a project that you trust on this machine. Run
`hailuo-batch trust` once: it shows each address and key variable, and asks. Regions of our own tables need no trust. An
address does, unless our table of that gateway names it. Until then, `validate`, `plan`, sketches and rehearsals work,
and no such key is read or sent ([commands.md](commands.md#trusting-a-project)).

Python packages add a dialect by an entry point of the group `hailuo_batch.dialects`; a table names it under `dialect`.
"""


def page() -> str:
    """The page's text."""
    known = [read_provider(name, DEFAULT_MODEL) for name in NAMES]
    parts = [
        HEAD,
        *_sold(known),
        *_sold_models(known),
        BETWEEN,
        *_differences(known),
        *_prices(known),
        MONEY,
        *_camera(known),
        OWN,
    ]
    for provider in known:
        parts += _about(provider)
    return "".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n"


def _sold(known: Sequence[Provider]) -> Iterator[str]:
    rows = [
        [f"{words}, {size}", *(_seconds(provider, mode, size) for provider in known)]
        for mode, words in MODES.items()
        for size in ("512p", "768p", "1080p")
    ]
    yield from _table(["seconds", *NAMES], rows)


def _sold_models(known: Sequence[Provider]) -> Iterator[str]:
    """Who sells another model than the one of the page's first table."""
    others = dict.fromkeys(name for provider in known for name in provider.models if name != DEFAULT_MODEL)
    for model in others:
        selling = [read_provider(each.name, model) for each in known if model in each.models]
        sizes = dict.fromkeys(size for each in selling for row in each.offers.values() for size in row)
        rows = [
            [f"{model}, {words}, {size}", *(_seconds(each, mode, size) for each in selling)]
            for mode, words in MODES.items()
            for size in sizes
            if any(each.offers.get(mode, {}).get(size) for each in selling)
        ]
        yield from _table(["seconds", *(each.name for each in selling)], rows)


def _seconds(provider: Provider, mode: Mode, size: str) -> str:
    return ", ".join(map(str, provider.offers.get(mode, {}).get(size, ()))) or "–"


def _differences(known: Sequence[Provider]) -> Iterator[str]:
    rows: dict[str, Callable[[Provider], str]] = {
        "key variable": lambda p: f"`{p.key}`",
        "regions": lambda p: ", ".join(p.regions) or "–",
        "prices": lambda p: "below" if p.prices else "not known",
        "bills in": lambda p: p.currency or "not known",
        "images": lambda p: "address or file" if p.accepts_data else "address only",
        "without a prompt": lambda p: "with a frame" if Mode.FIRST not in p.prompt_modes else "never",
        "no switch for": lambda p: ", ".join(f"`{s}`" for s in SWITCH_NAMES if s not in list_switches(p)) or "–",
        "idempotent": lambda p: "yes" if p.idempotent else "no",
        "callbacks": lambda p: "yes" if p.callbacks else "–",
    }
    limits = [_limits(provider) for provider in known]
    cells = [[name, *map(say, known)] for name, say in rows.items()]
    cells += [[name, *(each[name] for each in limits)] for name in limits[0]]
    yield from _table(["", *NAMES], cells)


def _limits(provider: Provider) -> dict[str, str]:
    """Its limits in words, with a word on those that only a sibling or a client says."""
    table = read_provider_table(provider.name).get("limits", {})
    keys = ("per_minute", "at_once", "poll_seconds", "link_seconds")
    said = zip(keys, limit_words(provider.limits).items(), strict=True)
    return {name: words + " (inferred)" * table.get(key, {}).get("inferred", False) for key, (name, words) in said}


def _prices(known: Sequence[Provider]) -> Iterator[str]:
    named = [(each.name, read_provider(each.name, model)) for each in known for model in each.models]
    for name, provider in tuple(named):
        model = provider.model.name
        regions = [(each, read_provider(name, model, region=each)) for each in provider.regions]
        named += [(f"{name}, {each}", there) for each, there in regions if there.prices != provider.prices]
    yield "\n## Prices\n"
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, provider in named:
        for row in provider.prices:
            key = (
                provider.model.name,
                row.resolution,
                f"{row.seconds} s",
                str(row.price),
                row.read,
                row.source,
            )
            rows.setdefault(key, []).append(name)
    cells = [[" and ".join(names), *key[:4], f"{key[4]}, {_link(key[5])}"] for key, names in rows.items()]
    yield from _table(["gateway", "model", "size", "length", "per clip", "read"], cells)


def _camera(known: Sequence[Provider]) -> Iterator[str]:
    for provider in known:
        camera = read_provider_table(provider.name).get("camera")
        if camera:
            rows = [[f"`[{command}]`", f"`[{word}]`"] for command, word in camera["words"].items()]
            rows += [[f"`[{command}]`", "plain language"] for command in camera["plain"]]
            yield from _table(["command", f"at {provider.title}"], rows)
            own = [f"`[{word}]` is read as `[{command}]`" for word, command in camera.get("own", {}).items()]
            yield (
                f"\nOf its own words, {', and '.join(own)} there.\n`validate` warns of such brackets.\n" if own else ""
            )


def _about(provider: Provider) -> Iterator[str]:
    table = read_provider_table(provider.name)
    row = table["models"][DEFAULT_MODEL]
    yield f"\n## {provider.title}\n\n{table.get('about', '').rstrip()}\n\n"
    yield f"- In a manifest: `providers: [{provider.name}]`; key in `{provider.key}`\n"
    yield f"- Base address: <{provider.base_url}>\n"
    yield from (f"- {note}\n" for note in provider.notes)
    if provider.limits.answer_seconds is not None:
        yield f"- A submit waits for its answer for {interval_text(provider.limits.answer_seconds)}.\n"
    yield f"- Read {row['read']}: {_link(row['source'])}\n"
    yield from _table(
        ["only inferred", "from", "read"], [[i.what, _link(i.source), i.read] for i in provider.inferences]
    )


def _link(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else source


if __name__ == "__main__":
    print(page(), end="")
