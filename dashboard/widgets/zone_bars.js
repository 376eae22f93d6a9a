// The zones of a plan with what each carries against the mean, which stands in the middle of every bar. A click or the
// arrow keys choose a zone; its button gives it the buildings that are picked. Names are set as text, never as HTML.

const REST_MS = 200;

export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".zone-bars");
  let chosen = data.chosen;
  let resting = null;

  const mark = () => {
    for (const row of list.children) {
      const isChosen = Number(row.dataset.id) === chosen;
      row.classList.toggle("is-chosen", isChosen);
      row.setAttribute("aria-selected", isChosen);
      if (isChosen) list.setAttribute("aria-activedescendant", row.id);
    }
    list.dataset.shown = chosen;
  };
  const tellChosen = () => {
    clearTimeout(resting);
    resting = null;
    setTriggerValue("chosen", chosen);
  };
  const draw = () => {
    const had = list.scrollTop;
    const wasShown = list.dataset.shown;
    list.setAttribute("aria-label", data.words.label);
    list.replaceChildren(...data.zones.map((zone) => drawZone(zone, data)));
    list.scrollTop = had;
    mark();
    // Opened from the map.
    if (list.dataset.shown !== wasShown) reveal(list, list.querySelector(".is-chosen"));
  };
  // A row that goes while the button is down on it is never clicked.
  if (list.matches(":active")) window.addEventListener("pointerup", () => setTimeout(draw), { once: true });
  else draw();

  list.onclick = (event) => {
    const row = event.target.closest(".zone-row");
    if (!row) return;
    const id = Number(row.dataset.id);
    if (event.target.closest("button")) return setTriggerValue("given", id);
    chosen = id;
    mark();
    setTriggerValue("chosen", id);
  };
  list.onkeydown = (event) => {
    // What Enter does, it does to the zone that is marked here; Python may not have heard of it yet.
    if (event.key === "Enter" && resting) tellChosen();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const rows = [...list.children];
    const at = rows.findIndex((row) => Number(row.dataset.id) === chosen);
    const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    if (!next) return;
    chosen = Number(next.dataset.id);
    mark();
    reveal(list, next);
    clearTimeout(resting);
    resting = setTimeout(tellChosen, REST_MS);
  };
  return () => clearTimeout(resting);
}

// Scroll the list, and nothing around it.
function reveal(list, row) {
  if (!row) return;
  const [inside, around] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inside.top < around.top) list.scrollTop -= around.top - inside.top;
  else if (inside.bottom > around.bottom) list.scrollTop += Math.min(inside.bottom - around.bottom, inside.top - around.top);
}

function drawZone(zone, { chosen, canGive, words }) {
  const row = make("div", "zone-row");
  row.dataset.id = zone.id;
  row.id = `zone-row-${zone.id}`;
  row.setAttribute("role", "option");
  const head = make("div", "zone-head");
  const swatch = make("span", "zone-swatch");
  swatch.style.background = zone.colour;
  const name = make("b", "", zone.name);
  if (zone.locked) name.append(" 🔒");
  const second = zone.flags.length ? make("span", "zone-flags", zone.flags.join(" · ")) : make("span", "zone-lead", zone.lead);
  second.title = zone.lead;
  head.append(swatch, name, canGive && !zone.locked ? make("button", "", words.give) : second);
  const bars = make("div", "zone-both");
  bars.append(...zone.bars.map((bar) => drawBar(bar, words)));
  if (zone.told) bars.append(make("span", "zone-told", zone.told));
  row.append(head, bars);
  if (zone.id === chosen) {
    const table = make("div", "zone-figures");
    for (const [label, value, delta, before] of zone.figures) {
      const was = before ? words.before.replace("{value}", before) : "";
      table.append(make("span", "", label), make("span", "", value), make("span", "", delta), make("span", "", was));
    }
    row.append(table);
  }
  return row;
}

function drawBar({ label, share, before, delta, heavy }, words) {
  const line = make("div", "zone-bar");
  const track = make("div", "zone-track");
  const place = (value) => `${Math.min(value * 50, 100)}%`;
  const fill = make("i", heavy ? "is-heavy" : "");
  fill.style.width = place(share);
  track.append(fill, make("u"));
  if (before !== null && Math.abs(before - share) > 0.004) {
    const was = make("s");
    was.style.left = place(before);
    was.title = words.before.replace("{value}", `${Math.round(before * 100)} %`);
    track.append(was);
  }
  line.append(make("span", "", label), track, make("span", "zone-delta", delta));
  return line;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
