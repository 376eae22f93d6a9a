// The row of tools over the zone editor's map, and the line below it; sent with zone_editor.js.

const TOOLS = ["point", "small", "medium", "large", "box", "lasso"];
const KEYS = { v: "point", 1: "small", 2: "medium", 3: "large", b: "box", l: "lasso" };
const DOTS_PX = { small: 6, medium: 10, large: 15 };
const ACTS = { compound: "C", clear: "Esc", unassigned: "N", breaks: "G", before: "P", whole: "0" };
const WRONGS = ["unassigned", "breaks"];
const FOR_ALL = ["before", "whole"];

// The buttons stay where they are while their plan changes: a click under way is not lost with the button it is on.
function layTools(bar, editor) {
  const { words, canPick, moved } = editor.data;
  // Whoever only reads has no use for a tool that is idle.
  const shown = moved.length ? FOR_ALL : ["whole"];
  const laid = JSON.stringify([canPick, shown, words]);
  if (editor.laid === laid) return;
  editor.laid = laid;
  const keyOf = Object.fromEntries(Object.entries(KEYS).map(([key, tool]) => [tool, key.toUpperCase()]));
  const make = (kind, name, key, onclick) => {
    const button = Object.assign(document.createElement("button"), { type: "button", onclick });
    button.dataset[kind] = name;
    button.title = words.hints[name] ?? words[name];
    if (DOTS_PX[name]) {
      const mark = document.createElement("i");
      mark.className = "zone-dot";
      mark.style.width = mark.style.height = `${DOTS_PX[name]}px`;
      button.append(mark);
      button.setAttribute("aria-label", words[name]);
    } else button.append(words[name]);
    button.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    return button;
  };
  const tools = TOOLS.map((tool) => make("tool", tool, keyOf[tool], () => editor.chooseTool(tool)));
  const acts = Object.entries(ACTS).map(([name, key]) => make("act", name, key, () => editor.act(name)));
  const gap = Object.assign(document.createElement("span"), { className: "zone-gap" });
  acts.splice(2, 0, gap);
  bar.replaceChildren(...(canPick ? [...tools, ...acts] : acts.filter(({ dataset }) => shown.includes(dataset.act))));
  for (const name of WRONGS) bar.querySelector(`[data-act="${name}"]`)?.classList.add("is-wrong");
}

// Which tool is in hand, what is switched on, and what there is nothing to do for.
function markTools(bar, { tool, byCompound, showsBefore, picked, data }) {
  const pressed = { [tool]: true, compound: byCompound, before: showsBefore };
  const idle = {
    clear: !picked.size,
    unassigned: !data.unassigned.length,
    breaks: !data.breaks.length,
    before: !data.moved.length,
  };
  for (const button of bar.querySelectorAll("button")) {
    const name = button.dataset.tool ?? button.dataset.act;
    if (button.dataset.tool || name in pressed) button.setAttribute("aria-pressed", Boolean(pressed[name]));
    button.disabled = Boolean(idle[name]);
  }
}

