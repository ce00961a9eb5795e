"use strict";
(() => {
  const all = (what, from = document) => [...from.querySelectorAll(what)];
  const one = (what, from = document) => from.querySelector(what);
  const tools = one(".tools"), main = one("main"), dialog = one("dialog"), empty = one(".empty");
  const shots = all(".shot"), sections = all(".seq"), field = name => tools.elements[name];
  document.documentElement.classList.add("js");
  tools.hidden = false;

  /* Stills and clips: nothing is loaded before somebody wants it. */
  const show = (still, at) => {
    const image = one("img", still), frames = [image && (image.dataset.first ||= image.src), still.dataset.middle, still.dataset.last];
    if (!frames[at]) return;
    image.src = frames[at];
    still.dataset.at = at;
  };
  const rest = still => { if (still.dataset.at) { show(still, 0); delete still.dataset.at; } };
  const scrub = event => {
    const still = event.target.closest?.(".still");
    if (!still || event.pointerType === "touch" || !(still.dataset.middle || still.dataset.last)) return;
    const box = still.getBoundingClientRect();
    const at = Math.min(2, Math.max(0, Math.floor(3 * (event.clientX - box.left) / box.width)));
    if (still.dataset.at !== String(at)) show(still, at);
  };
  const close = video => {
    const still = video.previousElementSibling, hadFocus = video === document.activeElement;
    video.pause();
    video.removeAttribute("src");
    video.load();
    video.remove();
    still.hidden = false;
    if (hadFocus) still.focus();
  };
  const play = still => {
    if (!still.dataset.clip) return;
    all("video").forEach(close);
    rest(still);
    const video = document.createElement("video"), image = one("img", still);
    Object.assign(video, { muted: true, playsInline: true, controls: true, tabIndex: 0, src: still.dataset.clip });
    if (image) Object.assign(video, { poster: image.src, width: image.width, height: image.height });
    video.setAttribute("aria-label", still.getAttribute("aria-label").replace("Play ", ""));
    still.after(video);
    still.hidden = true;
    video.focus();
    video.play().catch(() => {});
  };
  main.addEventListener("pointermove", scrub);
  main.addEventListener("pointerout", event => {
    const still = event.target.closest?.(".still");
    if (still && !still.contains(event.relatedTarget)) rest(still);
  });
  main.addEventListener("click", event => {
    const still = event.target.closest(".still");
    if (still) play(still);
  });

  /* Long prompts. */
  all(".long").forEach(prompt => {
    const more = document.createElement("button");
    Object.assign(more, { type: "button", className: "more", textContent: "Whole prompt" });
    more.setAttribute("aria-expanded", "false");
    more.onclick = () => {
      const whole = prompt.classList.toggle("whole");
      more.setAttribute("aria-expanded", whole);
      more.textContent = whole ? "Less" : "Whole prompt";
    };
    prompt.after(more);
  });

  /* Search, filters, order. */
  const plain = text => text.normalize("NFKC").toLowerCase();
  const words = new WeakMap(), home = new Map(shots.map(shot => [shot, shot.parentNode]));
  const text = shot => words.get(shot) || (words.set(shot, plain(`${shot.textContent}\n${shot.dataset.tags}`)), words.get(shot));
  const has = (shot, name) => {
    const wanted = field(name)?.value;
    return !wanted || (shot.dataset[name] || "").split("\n").includes(wanted);
  };
  const pressed = name => all(`.chip[data-filter=${name}][aria-pressed=true]`).map(chip => chip.value);
  const filter = () => {
    const states = pressed("state"), care = pressed("care").length, wanted = plain(field("q").value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const shot of shots) {
      const fits = (!states.length || states.includes(shot.dataset.state)) && (!care || "care" in shot.dataset)
        && ["seq", "tags", "provider"].every(name => has(shot, name)) && wanted.every(word => text(shot).includes(word));
      shot.hidden = !fits;
      count += fits;
    }
    sections.forEach(section => { section.hidden = !one(".shot:not([hidden])", section); });
    field("count").value = count === shots.length ? `${count} shots` : `${count} of ${shots.length} shots`;
    empty.hidden = count > 0;
  };
  const ranks = ["retake", "wfa", "wip", "todo", "done", "omitted"];
  const number = (shot, name) => Number(shot.dataset[name]);
  const orders = {
    number: null,
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, undefined, { numeric: true }),
    state: (a, b) => ranks.indexOf(a.dataset.state) - ranks.indexOf(b.dataset.state),
    marks: (a, b) => number(b, "marks") - number(a, "marks"),
    cost: (a, b) => number(b, "cost") - number(a, "cost"),
  };
  const flat = document.createElement("section");
  flat.className = "seq";
  flat.innerHTML = '<div class="grid"></div>';
  const sort = () => {
    const order = orders[field("sort").value];
    if (!order) shots.forEach(shot => home.get(shot).append(shot));
    else flat.firstChild.append(...[...shots].sort(order));
    if (order) main.prepend(flat);
    else flat.remove();
    filter();
  };
  tools.addEventListener("input", event => (event.target.name === "sort" ? sort() : filter()));
  tools.addEventListener("submit", event => event.preventDefault());
  all(".chip").forEach(chip => chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    filter();
  }));
  one("button", empty).onclick = () => {
    tools.reset();
    all(".chip").forEach(chip => chip.setAttribute("aria-pressed", "false"));
    sort();
  };
  one(".help").onclick = () => dialog.showModal();

  /* Keys. */
  const visible = element => !element.closest("[hidden]") || element.nextElementSibling?.tagName === "VIDEO";
  const place = () => document.activeElement.closest?.(".take");
  const go = take => {
    const target = take && (one("video", take) || one(".still", take));
    if (!target) return;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const step = (way, list) => {
    const takes = list().filter(take => visible(take.closest(".shot")) && one(".still", take)), here = place();
    if (!here) return go(takes[way > 0 ? 0 : takes.length - 1]);
    const next = way > 0 ? takes.find(take => here.compareDocumentPosition(take) & 4) : takes.findLast(take => here.compareDocumentPosition(take) & 2);
    go(next);
  };
  const takes = way => step(way, () => all(".take"));
  const rows = way => {
    const here = place()?.closest(".shot");
    step(way, () => all(".shot:not([hidden])").filter(shot => shot !== here).map(shot => all(".take", shot).find(take => one(".still", take))).filter(Boolean));
  };
  const keys = {
    ArrowRight: () => takes(1), j: () => takes(1), ArrowLeft: () => takes(-1), k: () => takes(-1),
    ArrowDown: () => rows(1), ArrowUp: () => rows(-1),
    "/": () => { field("q").focus(); field("q").select(); },
    "?": () => dialog.showModal(),
    Escape: () => all("video").forEach(close),
  };
  document.addEventListener("keydown", event => {
    const { key, target } = event, typing = target.matches("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (typing) {
      if (key === "Escape") { target.blur(); event.preventDefault(); }
      return;
    }
    if (keys[key] && (!key.startsWith("Arrow") || place() || target === document.body || target === main)) keys[key]();
    else return;
    event.preventDefault();
  });
  filter();
})();
