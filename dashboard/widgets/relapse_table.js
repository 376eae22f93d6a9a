// A table whose rows can be opened by click, tap, Enter or space. All words are set as text, never as HTML.

// On a phone what a row opens is not beside the table but below it.
let wantsToSee = false;

export default function ({ parentElement, data, setTriggerValue }) {
  if (wantsToSee && data.opens) {
    wantsToSee = false;
    setTimeout(() => document.querySelector(data.opens)?.scrollIntoView({ behavior: "smooth" }), 400);
  }
  const place = parentElement.querySelector(".relapse-table");
  if (!data.rows.length) {
    place.replaceChildren(make("p", "relapse-empty", data.empty));
    return;
  }
  const table = make("table");
  const head = make("tr");
  head.append(...data.columns.map((column) => drawTitle(column)));
  const top = make("thead");
  top.append(head);
  const body = make("tbody");
  body.append(...data.rows.map((row) => drawRow(row, data.columns, (key) => {
    wantsToSee = matchMedia("(max-width: 640px)").matches;
    setTriggerValue("open", key);
  })));
  table.append(top, body);
  place.replaceChildren(table);
  if (data.hint) place.append(make("p", "relapse-hint", data.hint));
}

function drawTitle(column) {
  const title = make("th", column.kind, column.title);
  title.scope = "col";
  if (column.help) {
    title.title = column.help;
    title.classList.add("explained");
  }
  return title;
}

function drawRow(row, columns, open) {
  const line = make("tr");
  line.append(
    ...row.cells.map((cell, at) => {
      const drawn = make("td", `${columns[at].kind} ${cell.tone}`, cell.words);
      if (cell.help) drawn.title = cell.help;
      return drawn;
    }),
  );
  if (!row.key) return line;
  line.dataset.key = row.key;
  line.tabIndex = 0;
  line.className = row.is_open ? "can-open is-open" : "can-open";
  line.setAttribute("aria-selected", row.is_open);
  line.onclick = () => open(row.key);
  line.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open(row.key);
  };
  return line;
}

function make(tag, kind = "", words = "") {
  const made = document.createElement(tag);
  if (kind.trim()) made.className = kind.trim();
  made.textContent = words;
  return made;
}
