// A screen on a wall: shows the last good frame, asks whether there is a newer one, and says how old what it shows is.
// It runs for weeks: nothing is kept but one frame, and what is drawn anew takes the place of what was there.
"use strict";
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const words = settings.words;
  const ASK_MS = 5000;
  const PATIENCE_MS = 15000;
  const TURN_MS = 24000;
  const PAUSE_MS = 180000;
  // Where counting takes long, figures are minutes old by design.
  const FRESH_MS = 600000;
  const LOST_MS = 3600000;
  const RELOAD_AGAIN_MS = 600000;
  const KEPT = `wangge-wall:${settings.address}`;
  const find = (id) => document.getElementById(id);

  let frame = null;
  let etag = "";
  let asOf = 0;
  // The clock of a screen may be wrong; the server's is told with every answer.
  let skewMs = 0;
  let isCut = false;
  let view = 0;
  let turnedAt = Date.now();
  let pausedUntil = 0;

  const now = () => Date.now() + skewMs;

  function make(name, className, text) {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // --- What is kept over a reload -------------------------------------------------------------------

  function keep() {
    try {
      localStorage.setItem(KEPT, JSON.stringify({ frame, etag, asOf }));
    } catch {
      // No room or not allowed: then it shows nothing after a reload until the server answers.
    }
  }

  function recall() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT));
      if (!kept || !kept.frame) return;
      show(kept.frame);
      ({ etag, asOf } = kept);
    } catch {
      forget();
    }
  }

  function forget() {
    try {
      localStorage.removeItem(KEPT);
    } catch {
      // Nothing was kept either.
    }
  }

  // --- Asking ---------------------------------------------------------------------------------------

  async function ask() {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(settings.frame, {
        cache: "no-store",
        headers: etag ? { "If-None-Match": etag } : {},
        signal: patience.signal,
      });
      if (answer.status === 401 || answer.status === 403) {
        // Taken down: what it showed goes with it.
        forget();
        location.replace(settings.address);
        return;
      }
      if (!answer.ok && answer.status !== 304) throw new Error(`status ${answer.status}`);
      const dated = Date.parse(answer.headers.get("Date"));
      if (dated) skewMs = Math.abs(dated - Date.now()) > 2000 ? dated - Date.now() : 0;
      if (answer.status === 200) {
        show(await answer.json());
        etag = answer.headers.get("ETag") || "";
      }
      asOf = Date.parse(answer.headers.get("Wall-As-Of")) || now();
      isCut = false;
      keep();
      followVersion(answer.headers.get("Wall-Version"));
    } catch {
      isCut = true;
    } finally {
      clearTimeout(timer);
      tell();
      setTimeout(ask, ASK_MS + Math.random() * 500);
    }
  }

  function followVersion(version) {
    if (!version || version === settings.version) return;
    const last = Number(sessionStorage.getItem(KEPT)) || 0;
    if (Math.abs(Date.now() - last) < RELOAD_AGAIN_MS) return;
    sessionStorage.setItem(KEPT, String(Date.now()));
    location.reload();
  }

  // --- Showing --------------------------------------------------------------------------------------

  const clock = new Intl.DateTimeFormat(settings.locale, {
    timeZone: "Asia/Shanghai", month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit",
    hourCycle: "h23",
  });
  const moment = new Intl.DateTimeFormat(settings.locale, {
    timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const dayAndMoment = new Intl.DateTimeFormat(settings.locale, {
    timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

  function tellAge(ageMs) {
    const minutes = Math.floor(ageMs / 60000);
    if (minutes < 60) return words.minutes_ago.replace("{n}", minutes);
    if (minutes < 48 * 60) return words.hours_ago.replace("{n}", Math.floor(minutes / 60));
    return words.days_ago.replace("{n}", Math.floor(minutes / 1440));
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tell() {
    put(find("clock"), clock.format(now()));
    const state = find("state");
    const parts = [];
    let name = "fresh";
    if (Date.now() < pausedUntil) parts.push(words.paused);
    if (isCut) parts.push(words.cut_off);
    if (asOf) {
      const age = Math.max(0, now() - asOf);
      if (age > FRESH_MS || isCut) name = age > LOST_MS ? "lost" : "old";
      const at = age > 12 * LOST_MS ? dayAndMoment.format(asOf) : moment.format(asOf);
      parts.push(`${words.as_of} ${at}`);
      if (name !== "fresh" && age > 60000) parts.push(tellAge(age));
    } else {
      name = "waiting";
    }
    if (state.dataset.state !== name) state.dataset.state = name;
    put(state, parts.join(" · "));
  }

  function show(given) {
    frame = given;
    put(find("name"), frame.name);
    find("figures").replaceChildren(...frame.figures.map(makeFigure));
    put(find("months"), frame.months);
    find("lines").replaceChildren(...frame.lines.map(makeLine));
    find("stuck").replaceChildren(
      ...(frame.stuck.length ? frame.stuck.map(makeStuck) : [make("li", "", words.stuck_none)])
    );
    put(find("load"), frame.load.words);
    find("bars").replaceChildren(...makeBars(frame.load.bars));
    find("dots").replaceChildren(
      ...frame.views.map((each, number) => {
        const dot = make("button");
        dot.type = "button";
        dot.setAttribute("aria-label", each.title);
        dot.addEventListener("pointerdown", (event) => {
          event.stopPropagation();
          view = number;
          pause();
          showView();
        });
        return dot;
      })
    );
    document.querySelector("main").hidden = false;
    find("waiting").hidden = true;
    view = Math.min(view, frame.views.length - 1);
    showView();
  }

  function fit(element) {
    element.style.fontSize = "";
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    let size = parseFloat(getComputedStyle(element).fontSize);
    while (element.scrollWidth > element.clientWidth && size > 1.76 * rem) {
      size = Math.max(size * 0.94, 1.75 * rem);
      element.style.fontSize = `${size / rem}rem`;
    }
  }

  function makeFigure(figure) {
    const tile = make("div", "figure");
    tile.dataset.tone = figure.tone;
    tile.dataset.id = figure.id;
    const value = make("span", "value", figure.value);
    const trend = make("span", "trend", figure.trend);
    for (const each of [value, trend]) each.dataset.fit = "";
    tile.append(make("span", "label", figure.name), make("span", "n", figure.n), value, trend);
    return tile;
  }

  function makeSvg(name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function makeLine(line) {
    const box = make("div", "small");
    box.append(make("span", "label", line.name), make("span", "value", line.value));
    const known = line.values.filter((value) => value !== null);
    const svg = makeSvg("svg", { viewBox: "0 0 110 40", preserveAspectRatio: "none", "aria-hidden": "true" });
    if (known.length > 1) {
      const low = Math.min(...known);
      const span = Math.max(...known) - low || 1;
      let path = "";
      let isBroken = true;
      line.values.forEach((value, month) => {
        if (value === null) {
          isBroken = true;
          return;
        }
        path += `${isBroken ? "M" : "L"}${5 + (month * 100) / (line.values.length - 1)} ${35 - (30 * (value - low)) / span}`;
        isBroken = false;
      });
      svg.append(makeSvg("path", { d: path }));
      // A line of no length with a round end is a dot, however the picture is stretched.
      const [, end] = path.match(/([\d.]+ [\d.]+)$/);
      svg.append(makeSvg("path", { d: `M${end}l0 0`, class: "end" }));
    }
    box.append(svg);
    return box;
  }

  function makeStuck(item) {
    const row = make("li");
    row.dataset.late = item.late;
    const what = make("span", "what", item.what);
    what.dataset.fit = "";
    row.append(make("span", "days", item.days), what);
    return row;
  }

  function makeBars(bars) {
    const most = Math.max(...bars, 1);
    return bars.map((bar) => {
      const column = make("i");
      column.style.height = `${(100 * bar) / most}%`;
      return column;
    });
  }

  // --- The picture that turns -----------------------------------------------------------------------

  function showView() {
    const shown = frame.views[view];
    put(find("view-title"), shown.title);
    put(find("view-about"), shown.about);
    const rows = shown.rows.flatMap((row) => {
      const item = make("li");
      const name = make("span", "name", row.name);
      name.dataset.fit = "";
      item.append(name, make("span", "value", row.value));
      return [item];
    });
    for (const said of [shown.rows.length ? shown.more : shown.none]) {
      if (said) rows.push(make("li", "all", said));
    }
    find("rows").replaceChildren(...rows);
    find("legend").replaceChildren(
      ...shown.legend.map((entry) => {
        const item = make("li");
        const swatch = make("span", entry.round ? "swatch round" : "swatch");
        wallMap.paintSwatch(swatch, entry);
        item.append(swatch, make("span", "", entry.label));
        return item;
      })
    );
    [...find("dots").children].forEach((dot, number) => dot.setAttribute("aria-current", number === view));
    // Words that do not fit are made smaller, down to what is still read from four metres.
    for (const element of document.querySelectorAll("[data-fit]")) fit(element);
    wallMap.draw(document.querySelector("canvas"), frame.ground, shown);
  }

  function pause() {
    pausedUntil = Date.now() + PAUSE_MS;
    turnedAt = Date.now();
    tell();
  }

  function tick() {
    tell();
    if (Date.now() < pausedUntil) {
      // A clock that was put back must not hold the picture for ever.
      if (pausedUntil - Date.now() > PAUSE_MS) pausedUntil = 0;
      return;
    }
    const since = Date.now() - turnedAt;
    if (frame && (since >= TURN_MS || since < 0)) {
      turnedAt = Date.now();
      view = (view + 1) % frame.views.length;
      showView();
    }
  }

  addEventListener("pointerdown", (event) => {
    if (event.target.closest("a")) return;
    if (Date.now() < pausedUntil) pausedUntil = 0;
    else pause();
    turnedAt = Date.now();
    tell();
  });
  addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !frame) return;
    view = (view + step + frame.views.length) % frame.views.length;
    pause();
    showView();
  });
  addEventListener("resize", () => frame && show(frame));

  // Only where the address is safe (https, or this machine): opens the page while the server is away.
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/wall/worker.js", { scope: "/wall" }).catch(() => {});
  if ("wakeLock" in navigator) {
    const stayAwake = () => {
      if (document.visibilityState === "visible") navigator.wakeLock.request("screen").catch(() => {});
    };
    document.addEventListener("visibilitychange", stayAwake);
    stayAwake();
  }

  recall();
  tell();
  setInterval(tick, 1000);
  ask();
})();
