// The list of cases. A click, a tap or the arrow keys open a case; the box before it, or the space bar, picks it for
// what is done with many. Whatever was written by people is set as text, never as HTML.

const REST_MS = 250;
const DRAGGED_PX = 4;

export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".case-list");
  const picked = new Set(data.picked);
  let current = data.selected;
  let resting = null;

  const open = (id) => {
    current = id;
    mark();
    clearTimeout(resting);
    resting = setTimeout(() => setTriggerValue("open", id), 0);
  };
  const pick = (id) => {
    if (!picked.delete(id)) picked.add(id);
    mark();
    setTriggerValue("picked", [...picked]);
  };
  const mark = () => {
    for (const row of list.children) {
      const id = Number(row.dataset.id);
      row.classList.toggle("is-open", id === current);
      row.setAttribute("aria-selected", id === current);
      const box = row.querySelector("input");
      if (box) box.checked = picked.has(id);
    }
  };

  list.setAttribute("aria-label", data.label);
  list.replaceChildren(...data.rows.map((row) => drawRow(row, data.canPick, data.pickLabel)));
  mark();
  list.querySelector(".is-open")?.scrollIntoView({ block: "nearest" });

  list.onclick = (event) => {
    const row = event.target.closest(".case");
    if (!row) return;
    const id = Number(row.dataset.id);
    if (event.target.closest(".case-pick")) {
      event.preventDefault();
      pick(id);
    } else {
      open(id);
    }
  };
  list.onkeydown = (event) => {
    const rows = [...list.children];
    const at = rows.findIndex((row) => Number(row.dataset.id) === current);
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
      if (!next) return;
      current = Number(next.dataset.id);
      mark();
      next.scrollIntoView({ block: "nearest" });
      clearTimeout(resting);
      resting = setTimeout(() => setTriggerValue("open", current), REST_MS);
    } else if (event.key === " " && data.canPick && at >= 0) {
      event.preventDefault();
      pick(current);
    }
  };

  const forget = endWithCall(list, data.canPoint ? watchMap((place) => setTriggerValue("spot", place)) : () => {});
  return () => {
    clearTimeout(resting);
    forget();
  };
}

function drawRow(row, canPick, pickLabel) {
  const line = make("div", `case tone-${row.tone}`);
  line.dataset.id = row.id;
  line.setAttribute("role", "option");
  if (canPick) {
    const label = make("label", "case-pick");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.tabIndex = -1;
    box.setAttribute("aria-label", `${pickLabel} ${row.name} ${row.place}`);
    label.append(box);
    line.append(label);
  }
  const words = make("div", "case-words");
  const top = make("div", "case-top");
  top.append(make("b", "", row.name), ...row.marks.map((word) => make("i", "", word)), make("span", "case-due", row.due));
  words.append(top, make("div", "case-place", row.place));
  if (row.title) words.append(make("div", "case-title", row.title));
  words.append(make("div", "case-detail", row.detail));
  line.append(words);
  return line;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Where the map is clicked: Streamlit tells which object was, not where. The map's frame keeps in the address of the
// page where the map looks.
function watchMap(tell) {
  let pressed = null;
  const isMap = (event) => event.target.closest?.('[data-testid="stDeckGlJsonChart"]');
  const press = (event) => {
    pressed = isMap(event) ? [event.clientX, event.clientY] : null;
  };
  const release = (event) => {
    const chart = isMap(event);
    if (!chart || !pressed) return;
    const moved = Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]);
    const at = new URLSearchParams(location.search).get("at")?.split("_").map(Number);
    const box = chart.querySelector("canvas")?.getBoundingClientRect();
    if (moved > DRAGGED_PX || !at || !box) return;
    const world = 512 * 2 ** at[2];
    const x = event.clientX - box.left - box.width / 2;
    const y = event.clientY - box.top - box.height / 2;
    const up = Math.log(Math.tan(Math.PI / 4 + (at[0] * Math.PI) / 360)) - (y / world) * 2 * Math.PI;
    const latitude = (Math.atan(Math.sinh(up)) * 180) / Math.PI;
    tell(`${latitude.toFixed(6)}_${(at[1] + (x / world) * 360).toFixed(6)}_20`);
  };
  document.addEventListener("pointerdown", press, true);
  document.addEventListener("pointerup", release, true);
  return () => {
    document.removeEventListener("pointerdown", press, true);
    document.removeEventListener("pointerup", release, true);
  };
}
