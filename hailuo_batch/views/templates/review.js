"use strict";
(() => {
  const body = document.body, room = document.getElementById("room");
  const one = (selector, inside = document) => inside.querySelector(selector);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const list = one(".rail ol"), bar = one(".transport"), seek = one("input", bar), clock = one(".time", bar);
  const writing = one("dialog.write"), keys = one("dialog.keys"), toast = one(".toast");
  const entries = () => all("li", list);
  const entry = id => entries().find(each => each.dataset.shot === id);
  const current = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    return entry(id) ? id : entries()[0]?.dataset.shot;
  };
  const stage = () => one(".stage", room);
  const takes = () => all(".cell", room);
  const videos = () => all("video", room);
  const done = [];
  let focus = 0, playing = false, want = 0;

  // One shot.

  const load = async id => {
    const answer = await fetch("/shot?id=" + encodeURIComponent(id));
    if (!answer.ok) return null;
    const page = document.createElement("template");
    page.innerHTML = await answer.text();
    return page.content;
  };
  const show = async () => {
    const id = current(), number = ++want;
    if (!id) return;
    const drawn = await load(id);
    if (number !== want) return;
    pause();
    if (!drawn) { room.textContent = "There is no such shot."; bar.hidden = true; return; }
    videos().forEach(unload);
    room.replaceChildren(drawn);
    mark();
    reveal();
    seek.value = 0;
    bar.hidden = !videos().length;
    takes().forEach(start);
    go(takes().findIndex(each => "selected" in each.dataset));
    one("h2", room).focus({preventScroll: true});
  };
  const reveal = () => entry(current())?.scrollIntoView({block: "nearest", inline: "nearest"});
  const mark = () => {
    for (const each of entries()) {
      each.dataset.shot === current() ? each.setAttribute("aria-current", "true") : each.removeAttribute("aria-current");
    }
  };
  const refresh = async () => {
    const id = current(), number = ++want, drawn = await load(id), old = stage();
    if (number !== want) return;  // a newer one is under way
    if (!drawn || !old || old.dataset.shot !== id) return show();
    const fresh = one(".stage", drawn), wall = one(".wall", old), news = all(".cell", fresh), cells = takes();
    Object.assign(old.dataset, fresh.dataset);
    wall.className = one(".wall", fresh).className + (wall.classList.contains("single") ? " single" : "");
    cells.slice(news.length).forEach(each => each.remove());
    news.forEach((cell, at) => {
      const mine = cells[at];
      for (const kind of ["focus", "alone"]) cell.classList.toggle(kind, !!mine?.classList.contains(kind));
      if (mine?.dataset.key === cell.dataset.key) return update(mine, cell);
      if (mine) all("video", mine).forEach(unload);
      mine ? mine.replaceWith(cell) : wall.append(cell);
      start(cell);
    });
    for (const part of all("[data-part]", fresh)) {
      const mine = one(`[data-part="${part.dataset.part}"]`, old);
      if (mine && mine.innerHTML !== part.innerHTML) swap(mine, part);
    }
    bar.hidden = !videos().length;
  };
  // A clip that is out of sight must not hold one of the browser's few connections.
  const unload = video => {
    video.removeAttribute("src");
    video.load();
  };
  const update = (mine, cell) => {
    mine.className = cell.className;
    for (const name of ["verdict", "selected"]) {
      name in cell.dataset ? mine.dataset[name] = cell.dataset[name] : delete mine.dataset[name];
    }
  };
  const swap = (mine, part) => {
    const held = mine.contains(document.activeElement) && document.activeElement.dataset;
    mine.innerHTML = part.innerHTML;
    if (held?.do) one(`[data-do="${held.do}"]`, mine)?.focus();
  };
  const go = at => {
    focus = Math.max(at, 0);
    takes().forEach((each, place) => each.classList.toggle("focus", place === focus));
  };
  const step = by => {
    const found = entries(), at = found.findIndex(each => each.dataset.shot === current());
    const way = by < 0 ? found.slice(0, at).reverse() : found.slice(at + 1);
    const next = way.find(each => !each.hidden);
    if (next) location.hash = encodeURIComponent(next.dataset.shot);
  };
  addEventListener("hashchange", show);

  // Only shots of some states.

  const states = new Set();
  const filter = () => {
    for (const each of entries()) each.hidden = states.size > 0 && !states.has(each.dataset.state);
    for (const each of all("[data-filter]")) each.setAttribute("aria-pressed", states.has(each.dataset.filter));
  };
  one(".status").addEventListener("click", event => {
    const state = event.target.closest("[data-filter]")?.dataset.filter;
    if (!state) return;
    states.delete(state) || states.add(state);
    filter();
    reveal();
  });

  // All takes in time with each other: the longest clip leads.

  const length = video => video.duration || 0;
  const leader = () => videos().reduce((best, each) => length(each) > length(best) ? each : best, videos()[0]);
  const place = time => {
    for (const each of videos()) each.currentTime = Math.min(time, Math.max(length(each) - .001, 0));
    paint(time);
  };
  const paint = time => {
    const lead = leader();
    seek.value = time;
    clock.textContent = `${time.toFixed(1)} / ${lead ? length(lead).toFixed(1) : 0} s`;
  };
  const start = cell => {
    const video = one("video", cell);
    if (!video) return;
    video.muted = true;
    video.addEventListener("loadedmetadata", () => {
      if (!video.isConnected) return;
      seek.max = length(leader());
      if (+seek.value) video.currentTime = Math.min(+seek.value, length(video));
      if (playing) video.play().catch(() => {});
      paint(+seek.value);
    });
    video.addEventListener("error", () => video.isConnected && cell.classList.add("failed"));
  };
  const play = () => {
    playing = true;
    const lead = leader();
    if (!lead) return;
    if (lead.ended || lead.currentTime >= length(lead) - .05) place(0);
    for (const each of videos()) if (each.currentTime < length(each) - .05) each.play().catch(() => {});
    label();
    requestAnimationFrame(follow);
  };
  const pause = () => {
    playing = false;
    for (const each of videos()) each.pause();
    label();
  };
  const label = () => {
    bar.classList.toggle("playing", playing);
    one(".play", bar).setAttribute("aria-label", playing ? "Pause" : "Play");
  };
  const follow = () => {
    const lead = leader();
    if (!playing || !lead) return;
    if (lead.ended) { place(0); return play(); }
    const time = lead.currentTime;
    for (const each of videos()) {
      const right = Math.min(time, length(each));
      if (each !== lead && Math.abs(each.currentTime - right) > .12 && !each.seeking) each.currentTime = right;
    }
    paint(time);
    requestAnimationFrame(follow);
  };
  const nudge = frames => { pause(); place(Math.max(0, (leader()?.currentTime || 0) + frames / 24)); };
  seek.addEventListener("input", () => { if (playing) pause(); place(+seek.value); });
  one(".play", bar).addEventListener("click", () => playing ? pause() : play());
  one(".prev", bar).addEventListener("click", () => step(-1));
  one(".next", bar).addEventListener("click", () => step(1));

  // Decisions: each is sent at once, and once.

  const say = (words, more = "", wrong = false) => {
    toast.textContent = words + (more ? " " + more : "");
    toast.classList.toggle("wrong", wrong);
    toast.hidden = false;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { toast.hidden = true; }, wrong ? 12000 : 6000);
  };
  const send = async decision => {
    const once = crypto.getRandomValues(new Uint32Array(4)).join("-");
    try {
      const answer = await fetch("/decide", {
        method: "POST", body: JSON.stringify({...decision, once}),
        headers: {"Content-Type": "application/json", "X-Review": body.dataset.key},
      });
      const said = answer.headers.get("Content-Type").includes("json") ? await answer.json() : {error: await answer.text()};
      if (!answer.ok) { say(said.error + ".", [said.why, said.remedy].filter(Boolean).join(" "), true); return false; }
      say(said.said, said.more);
      if (current() === decision.shot) await refresh();
      return true;
    } catch {
      say("Not written: the page is not connected.", "Start the command again.", true);
      return false;
    }
  };
  const WORDS = {
    retake: ["Request one more take of", "The next run buys it, with the same prompt. What should be better?", "Request"],
    note: ["Note about", "", "Write"],
    omit: ["Omit", "The shot is neither planned nor bought. Why?", "Omit"],
    reject: ["Reject", "Why?", "Reject"],
  };
  const write = (what, label) => new Promise(answer => {
    const [title, text, ok] = WORDS[what], field = one("textarea", writing);
    one("h2", writing).textContent = `${title} ${label}`;
    one("p", writing).textContent = text;
    one(".main", writing).textContent = ok;
    field.value = "";
    field.required = what === "note";
    writing.returnValue = "";
    writing.onclose = () => answer(writing.returnValue === "ok" ? field.value : null);
    writing.showModal();
    field.focus();
  });
  const decide = async (what, take) => {
    const shot = stage()?.dataset.shot, item = takes().find(each => each.dataset.take === String(take));
    if (!shot || !writing || (what !== "omit" && what !== "retake" && what !== "note" && !item?.dataset.digest)) return;
    const own = {do: what, shot};
    if (item && what !== "omit" && what !== "retake") Object.assign(own, {take: +take, clip: item.dataset.digest});
    const before = takes().find(each => "selected" in each.dataset);
    own.undo = {
      select: () => "selected" in item.dataset,
      approve: () => item.dataset.verdict === "approved",
      reject: () => item.dataset.verdict === "rejected",
      omit: () => stage().dataset.state === "omitted",
    }[what]?.() || false;
    if (WORDS[what] && !own.undo) {
      const text = await write(what, own.take ? `${shot}, take ${own.take}` : shot);
      if (text === null) return;
      own.text = text;
    }
    if (!await send(own) || own.undo) return;
    const back = {...own, undo: true};
    done.push(what === "select" && before ? {...own, take: +before.dataset.take, clip: before.dataset.digest} : back);
  };
  const undo = async () => {
    const last = done.pop();
    if (!last) return say("There is nothing of yours to undo.");
    if (current() !== last.shot) location.hash = encodeURIComponent(last.shot);
    if (!await send(last)) done.push(last);
  };
  room.addEventListener("click", event => {
    const button = event.target.closest("[data-do]"), take = event.target.closest(".cell");
    if (take) go(takes().indexOf(take));
    if (button) return decide(button.dataset.do, button.dataset.take);
    if (event.target.closest(".screen")) playing ? pause() : play();
  });
  const chosen = () => takes()[focus]?.dataset.take;

  // Keys.

  const focusTake = number => {
    const at = takes().findIndex(each => each.dataset.take === number), item = takes()[at];
    if (!item) return;
    const wall = one(".wall", room);
    if (focus === at) wall.classList.toggle("single");
    go(at);
    takes().forEach(each => each.classList.toggle("alone", each === item && wall.classList.contains("single")));
    item.scrollIntoView({block: "nearest"});
  };
  const KEYS = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": () => playing ? pause() : play(),
    ",": () => nudge(-1), ".": () => nudge(1), "?": () => keys.showModal(),
    p: () => decide("select", chosen()), Enter: () => decide("select", chosen()),
    a: () => decide("approve", chosen()), x: () => decide("reject", chosen()),
    r: () => decide("retake"), n: () => decide("note", chosen()), N: () => decide("note"), o: () => decide("omit"), u: undo,
  };
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]") || event.target.matches("textarea")) return;
    const range = event.target === seek && event.key.startsWith("Arrow");
    const pressed = event.target.matches("button, a") && (event.key === "Enter" || event.key === " ");
    if (range || pressed) return;
    const act = /^[1-9]$/.test(event.key) ? () => focusTake(event.key) : KEYS[event.key];
    if (!act || (!writing && "paxrnNouEnter".includes(event.key))) return;
    event.preventDefault();
    act();
  });
  one(".help").addEventListener("click", () => keys.showModal());
  one("textarea", writing || document)?.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    one(".main", writing).click();
  });
  one(".cancel", writing || document)?.addEventListener("click", () => writing.close());

  // News.

  const text = seconds => seconds < 60 ? `${Math.floor(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  const tick = () => {
    for (const each of all("time[data-since]")) each.textContent = text(Math.max(0, Date.now() / 1000 - each.dataset.since));
    for (const each of all("time[data-seconds]")) each.textContent = text(+each.dataset.seconds);
  };
  let source = null, moment = body.dataset.moment;
  const take = news => {
    if (news.reload) return location.reload();
    if (news.status !== undefined) one(".status").innerHTML = news.status;
    const here = current();
    for (const [id, html] of Object.entries(news.entries)) {
      const box = document.createElement("template"), old = entry(id);
      box.innerHTML = html.trim();
      old ? old.replaceWith(box.content) : list.append(box.content);
    }
    if (news.order) {
      entries().filter(each => !news.order.includes(each.dataset.shot)).forEach(each => each.remove());
      list.append(...news.order.map(entry));
      reveal();
    }
    for (const state of states) if (!one(`[data-filter="${state}"]`)) states.delete(state);
    filter();
    mark();
    if (current() !== here || !stage()) show();
    else if (here in news.entries) refresh();
    tick();
  };
  const listen = () => {
    if (source || document.hidden) return;
    source = new EventSource("/events?since=" + encodeURIComponent(moment));
    source.onopen = () => { one(".lost").hidden = true; };
    source.onerror = () => { one(".lost").hidden = false; };
    source.onmessage = event => { moment = event.lastEventId; take(JSON.parse(event.data)); };
  };
  // A hidden page holds no connection: a browser has six for one host, and clips need some.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return listen();
    source?.close();
    source = null;
  });
  setInterval(() => { if (!document.hidden) tick(); }, 1000);
  show();
  listen();
  tick();
})();
