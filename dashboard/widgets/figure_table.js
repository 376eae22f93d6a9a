// The table of figures. A click, a tap or the arrow keys open a figure; what a name means is told when the pointer rests
// on it. Every word is set as text, never as HTML.

const WIDE = 84;
const HIGH = 20;
const REST_MS = 250;
const SVG = "http://www.w3.org/2000/svg";

export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".figure-table");
  const body = box.querySelector("tbody");
  let current = data.selected;
  let resting = null;

  const rows = () => [...body.querySelectorAll("[data-id]")];
  const mark = () => {
    for (const row of rows()) row.setAttribute("aria-selected", row.dataset.id === current);
  };
  const open = (id, after) => {
    current = id;
    mark();
    clearTimeout(resting);
    resting = setTimeout(() => setTriggerValue("open", id), after);
  };

  box.setAttribute("aria-label", data.label);
  box.querySelector("thead tr").replaceChildren(...data.columns.map((title) => make("th", "", title)));
  body.replaceChildren(...data.rows.flatMap((row, at) => [...drawGroup(row, data.rows[at - 1]), drawRow(row)]));
  mark();

  box.onclick = (event) => {
    const row = event.target.closest("[data-id]");
    if (row) open(row.dataset.id, 0);
  };
  box.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = rows();
    const at = all.findIndex((row) => row.dataset.id === current);
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) {
      next.scrollIntoView({ block: "nearest" });
      open(next.dataset.id, REST_MS);
    }
  };
  return () => clearTimeout(resting);
}

function drawGroup(row, before) {
  if (!row.group || row.group === before?.group) return [];
  const line = make("tr", "group");
  const title = make("th", "", row.group);
  title.colSpan = row.cells.length + 2;
  line.append(title);
  return [line];
}

function drawRow(row) {
  const line = make("tr", "");
  line.dataset.id = row.id;
  line.setAttribute("role", "option");
  const title = make("th", "", row.title);
  title.title = row.hint;
  const last = make("td", "");
  last.append(drawLine(row.line));
  line.append(title, ...row.cells.map(([words, tone]) => make("td", tone, words)), last);
  return line;
}

// What is unknown or of few cases leaves a gap, so that no line leads through it.
function drawLine(values) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", WIDE);
  svg.setAttribute("height", HIGH);
  const known = values.filter((value) => value !== null);
  const least = Math.min(...known);
  const most = Math.max(...known);
  const x = (at) => 3 + (at * (WIDE - 6)) / Math.max(values.length - 1, 1);
  const y = (value) => (most === least ? HIGH / 2 : HIGH - 3 - ((value - least) * (HIGH - 6)) / (most - least));
  let part = [];
  const end = () => {
    if (part.length > 1) svg.append(shape("polyline", { points: part.join(" ") }));
    part = [];
  };
  values.forEach((value, at) => (value === null ? end() : part.push(`${x(at).toFixed(1)},${y(value).toFixed(1)}`)));
  end();
  const now = values.at(-1);
  if (now !== null && now !== undefined) svg.append(shape("circle", { cx: x(values.length - 1), cy: y(now), r: 2.2 }));
  return svg;
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
