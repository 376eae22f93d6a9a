// The map of a zone plan. Buildings are chosen with a click, a brush, a rectangle or a lasso: at once under the hand,
// and told to Python when the pointer lifts. Who holds what, and what is wrong with it, Python says. What is reckoned with
// points is in zone_shapes.js, which is sent with this file.

const BRUSH_PX = { small: 8, medium: 24, large: 52 };
const TOOLS = ["point", "small", "medium", "large", "box", "lasso"];
const KEYS = { v: "point", 1: "small", 2: "medium", 3: "large", b: "box", l: "lasso" };
const WIDEST_BAR_PX = 110;
const HATCHES = { nobody: "#C8402F", stated: "#8A94A0" };
const editors = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".zone-editor");
  if (!editors.has(root)) editors.set(root, new Editor(root, data));
  const editor = editors.get(root);
  editor.tell = (ids) => setTriggerValue("selected", ids);
  editor.ask = (act) => setTriggerValue("act", act);
  editor.show(data);
  return () => {
    editors.delete(root);
    editor.close();
  };
}

class Editor {
  constructor(root, data) {
    this.root = root;
    this.part = (name) => root.querySelector(`.zone-${name}`);
    this.data = data;
    this.tool = "point";
    this.picked = new Set();
    this.drawn = new Map();
    this.marked = new Map();
    this.buildings = new Map();
    this.turn = { unassigned: -1, breaks: -1 };
    this.press = (event) => this.onKey(event);
    document.addEventListener("keydown", this.press);
    // Without WebGL there is no map; everything else on the page still works.
    this.ready = this.open(data).catch((failure) => {
      console.warn(failure);
      this.part("map").textContent = data.words.noMap;
    });
  }

  async open(data) {
    const [maplibre] = await Promise.all([import(location.origin + data.vendor.module), addStyle(data.vendor.style)]);
    maplibre.setWorkerUrl(location.origin + data.vendor.worker);
    const answer = await fetch(data.style.sources.buildings.data);
    for (const { properties, geometry } of (await answer.json()).features) {
      this.buildings.set(properties.id, { ...properties, middle: findMiddle(geometry) });
    }
    if (!this.root.isConnected) return;
    this.map = new maplibre.Map({
      container: this.part("map"),
      style: data.style,
      // Its worker has no address of its own to take ours from.
      transformRequest: (url) => ({ url: new URL(url, location.origin).href }),
      bounds: data.box,
      fitBoundsOptions: { padding: 12 },
      attributionControl: false,
      locale: { "Map.Title": data.words.title },
      dragRotate: false,
      pitchWithRotate: false,
      boxZoom: false,
      maxZoom: 20,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on("move", () => this.drawScale());
    this.map.on("contextmenu", (event) => event.preventDefault());
    this.map.once("style.load", () => {
      for (const [name, colour] of Object.entries(HATCHES)) {
        this.map.addImage(`hatch-${name}`, drawHatch(colour), { pixelRatio: 2 });
      }
    });
    await this.map.once("load");
    this.listen();
    this.drawScale();
  }

  close() {
    document.removeEventListener("keydown", this.press);
    this.map?.remove();
  }

  async show(data) {
    this.data = data;
    this.drawTools();
    this.drawFoot();
    if (this.order !== data.pick.order) {
      this.order = data.pick.order;
      this.picked = new Set(data.pick.ids);
      this.pendingFlight = data.pick.ids.length && data.pick.flies ? data.pick.ids : null;
    }
    await this.ready;
    if (!this.map || data !== this.data) return;
    this.paintZones();
    const moved = data.moved.map(([id]) => id);
    const marked = { broken: data.breaks.flat(), nobody: data.unassigned, stated: data.stated, fixed: data.fixed, moved };
    for (const [name, ids] of Object.entries(marked)) this.filter(name, ids);
    this.markPicked();
    if (this.pendingFlight) this.fly(this.pendingFlight);
    this.pendingFlight = null;
    this.root.dataset.revision = data.revision;
  }

  // With another filter MapLibre lays out all tiles anew.
  filter(name, ids) {
    const wanted = ids.join();
    if ((this.marked.get(name) ?? "") === wanted) return;
    this.marked.set(name, wanted);
    this.map.setFilter(`buildings-${name}`, ["in", ["get", "id"], ["literal", ids]]);
  }

  // The zones of the plan, or of the one it is compared with.
  paintZones() {
    const colours = new Map();
    for (const zone of this.data.zones) for (const id of zone.buildings) colours.set(id, zone.colour);
    if (this.showsBefore) for (const [id, colour] of this.data.moved) colours.set(id, colour);
    for (const id of this.buildings.keys()) this.paint(id, { colour: colours.get(id) ?? null });
  }

  // MapLibre redraws for every state that is set, whether or not it is another one.
  paint(id, state) {
    const known = this.drawn.get(id) ?? {};
    if (Object.entries(state).every(([name, value]) => known[name] === value)) return;
    this.drawn.set(id, { ...known, ...state });
    this.map.setFeatureState({ source: "buildings", id }, state);
  }

  markPicked() {
    for (const id of this.buildings.keys()) this.paint(id, { picked: this.picked.has(id) });
    this.root.dataset.picked = this.picked.size;
    const clear = this.part("tools").querySelector('[data-act="clear"]');
    if (clear) clear.disabled = !this.picked.size;
  }

  listen() {
    const stage = this.map.getCanvasContainer();
    const drop = () => this.drop();
    stage.addEventListener("pointerdown", (event) => this.begin(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.finish(event));
    stage.addEventListener("pointercancel", drop);
    stage.addEventListener("pointerleave", () => {
      this.hideTip();
      this.part("trace").querySelector("circle").setAttribute("r", 0);
    });
    this.map.on("click", (event) => {
      if (this.tool !== "point" || !this.data.canPick) return;
      const [hit] = this.map.queryRenderedFeatures(event.point, { layers: ["buildings"] });
      if (!hit) return;
      const ids = this.widen([hit.properties.id]);
      const takesAway = ids.every((id) => this.picked.has(id));
      this.change(ids, takesAway);
      this.report();
    });
    this.chooseTool(this.tool);
  }

  chooseTool(tool) {
    this.drop();
    this.tool = tool;
    const draws = tool !== "point";
    this.map?.dragPan[draws ? "disable" : "enable"]();
    this.part("map").classList.toggle("is-drawing", draws);
    for (const button of this.part("tools").querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", button.dataset.tool === tool);
    }
    if (!draws || !BRUSH_PX[tool]) this.part("trace").querySelector("circle").setAttribute("r", 0);
  }

  begin(event) {
    if (this.tool === "point" || event.button !== 0 || !this.data.canPick) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = this.find(event);
    const spots = new Map([...this.buildings].map(([id, { middle }]) => [id, this.map.project(middle)]));
    this.stroke = { path: [at], spots, dots: new Set(), takesAway: event.altKey, before: new Set(this.picked) };
    this.part("trace").classList.toggle("takes-away", event.altKey);
    if (BRUSH_PX[this.tool]) this.brush(at, at);
  }

  move(event) {
    const at = this.find(event);
    this.showTip(at);
    const radius = BRUSH_PX[this.tool];
    if (radius && event.pointerType !== "touch") {
      const circle = this.part("trace").querySelector("circle");
      for (const [name, value] of [["cx", at.x], ["cy", at.y], ["r", radius]]) circle.setAttribute(name, value);
    }
    if (!this.stroke) return;
    const { path } = this.stroke;
    if (radius) this.brush(path[path.length - 1], at);
    path.push(at);
    if (radius) return;
    const shape = this.tool === "box" ? spanBox(path[0], at) : path;
    this.part("trace").querySelector("path").setAttribute("d", `M${shape.map(({ x, y }) => `${x} ${y}`).join("L")}Z`);
  }

  finish(event) {
    if (!this.stroke) return;
    const { path, spots, takesAway } = this.stroke;
    if (!BRUSH_PX[this.tool]) {
      const shape = this.tool === "box" ? spanBox(path[0], this.find(event)) : path;
      const inside = [...spots].filter(([, spot]) => isInside(spot, shape)).map(([id]) => id);
      this.change(this.widen(inside), takesAway);
    }
    this.clearTrace();
    this.report();
  }

  drop() {
    if (!this.stroke) return;
    this.picked = this.stroke.before;
    this.clearTrace();
    this.markPicked();
  }

  clearTrace() {
    this.stroke = null;
    for (const path of this.part("trace").querySelectorAll("path")) path.setAttribute("d", "");
  }

  brush(from, to) {
    const radius = BRUSH_PX[this.tool];
    const near = [...this.stroke.spots].filter(([, spot]) => measureWay(spot, from, to) <= radius).map(([id]) => id);
    // Close up, a building is wider than the brush.
    const under = this.map.queryRenderedFeatures([to.x, to.y], { layers: ["buildings"] });
    const touched = this.widen([...near, ...under.map(({ properties }) => properties.id)]);
    this.change(touched, this.stroke.takesAway);
    for (const id of touched) this.stroke.dots.add(id);
    // Over the map, for without a graphics card it is drawn too slowly to follow the hand.
    const spots = [...this.stroke.dots].map((id) => this.stroke.spots.get(id));
    this.part("dots").setAttribute("d", spots.map(({ x, y }) => `M${x} ${y}h0`).join(""));
  }

  // With the whole compound of each, where that is asked for.
  widen(ids) {
    if (!this.byCompound) return ids;
    const compounds = new Set(ids.map((id) => this.buildings.get(id)?.compound).filter(Boolean));
    const within = [...this.buildings.values()].filter(({ compound }) => compounds.has(compound));
    return [...new Set([...ids, ...within.map(({ id }) => id)])];
  }

  change(ids, takesAway) {
    for (const id of ids) this.picked[takesAway ? "delete" : "add"](id);
  }

  report() {
    this.markPicked();
    this.tell([...this.picked].sort((one, other) => one - other));
  }

  find(event) {
    const box = this.part("map").getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  fly(ids) {
    const spots = ids.map((id) => this.buildings.get(id)?.middle).filter(Boolean);
    if (!spots.length) return;
    const [x, y] = [0, 1].map((axis) => spots.map((spot) => spot[axis]));
    const box = [[Math.min(...x), Math.min(...y)], [Math.max(...x), Math.max(...y)]];
    this.map.fitBounds(box, { padding: 120, maxZoom: 17, duration: 300 });
  }

  // The next building that nobody holds, or the next part of a zone that lies apart.
  turnTo(kind) {
    const found = kind === "breaks" ? this.data.breaks : this.data.unassigned.map((id) => [id]);
    if (!found.length || !this.map) return;
    this.turn[kind] = (this.turn[kind] + 1) % found.length;
    this.picked = new Set(found[this.turn[kind]]);
    this.fly([...this.picked]);
    this.report();
  }

  act(name) {
    if (name === "clear" && this.picked.size) {
      this.picked.clear();
      this.report();
    } else if (name === "compound") {
      this.byCompound = !this.byCompound;
      this.drawTools();
    } else if (name === "before") {
      this.showsBefore = !this.showsBefore;
      this.drawTools();
      if (this.map) this.paintZones();
    } else if (name === "whole") {
      this.map?.fitBounds(this.data.box, { padding: 12, duration: 300 });
    } else if (name === "unassigned" || name === "breaks") {
      this.turnTo(name);
    }
  }

  onKey(event) {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable], [role=dialog]");
    if (isTyping || event.altKey) return;
    const key = event.key.toLowerCase();
    const asked = event.ctrlKey || event.metaKey ? (event.shiftKey ? `shift+${key}` : `ctrl+${key}`) : key;
    const wish = { enter: "give", delete: "take_out", k: "lock", "ctrl+z": "undo", "ctrl+y": "redo", "shift+z": "redo" }[asked];
    if (wish && this.data.canPick && !(key === "enter" && event.target.closest?.("button, a"))) {
      event.preventDefault();
      this.ask(wish);
    }
    if (event.ctrlKey || event.metaKey) return;
    const act = { escape: "clear", n: "unassigned", g: "breaks", c: "compound", p: "before", 0: "whole" }[key];
    if (key === "escape" && this.stroke) this.drop();
    else if (act && (this.data.canPick || act === "whole" || act === "before")) this.act(act);
    else if (KEYS[key] && this.data.canPick) this.chooseTool(KEYS[key]);
  }

  drawTools() {
    const { words, canPick, unassigned, breaks } = this.data;
    const bar = this.part("tools");
    const held = document.activeElement?.closest?.(".zone-tools") === bar && document.activeElement.dataset;
    const make = (kind, name, key, { pressed, disabled, wrong, dot } = {}) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset[kind] = name;
      if (pressed !== undefined) button.setAttribute("aria-pressed", pressed);
      button.disabled = Boolean(disabled);
      button.classList.toggle("is-wrong", Boolean(wrong));
      button.title = words.hints[name] ?? words[name];
      if (dot) {
        const mark = document.createElement("i");
        mark.className = "zone-dot";
        mark.style.width = mark.style.height = `${dot}px`;
        button.append(mark);
        button.setAttribute("aria-label", words[name]);
      } else button.append(words[name]);
      const hint = document.createElement("kbd");
      hint.textContent = key;
      button.append(hint);
      button.onclick = () => (kind === "tool" ? this.chooseTool(name) : this.act(name));
      return button;
    };
    const keys = Object.fromEntries(Object.entries(KEYS).map(([key, tool]) => [tool, key.toUpperCase()]));
    const gap = document.createElement("span");
    gap.className = "zone-gap";
    const tools = TOOLS.map((tool) =>
      make("tool", tool, keys[tool], { pressed: tool === this.tool, dot: { small: 6, medium: 10, large: 15 }[tool] })
    );
    const acts = [
      make("act", "compound", "C", { pressed: Boolean(this.byCompound) }),
      make("act", "clear", "Esc", { disabled: !this.picked.size }),
      gap,
      make("act", "unassigned", "N", { disabled: !unassigned.length, wrong: true }),
      make("act", "breaks", "G", { disabled: !breaks.length, wrong: true }),
    ];
    const before = make("act", "before", "P", { pressed: Boolean(this.showsBefore), disabled: !this.data.moved.length });
    bar.replaceChildren(...(canPick ? [...tools, ...acts] : []), before, make("act", "whole", "0"));
    if (held) bar.querySelector(held.tool ? `[data-tool="${held.tool}"]` : `[data-act="${held.act}"]`)?.focus();
  }

  drawFoot() {
    this.part("notice").textContent = this.data.words.notice;
    this.part("legend").replaceChildren(
      ...this.data.legend.map(([mark, label]) => {
        const entry = document.createElement("span");
        const swatch = document.createElement("i");
        swatch.className = `mark-${mark}`;
        entry.append(swatch, label);
        return entry;
      })
    );
  }

  drawScale() {
    const { lat } = this.map.getCenter();
    const metresPerPixel = (40075016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** this.map.getZoom());
    const metres = chooseBar(WIDEST_BAR_PX * metresPerPixel);
    const { units } = this.data.words;
    const scale = this.part("scale");
    scale.style.width = `${metres / metresPerPixel}px`;
    scale.textContent = metres >= 1000 ? `${metres / 1000} ${units.km}` : `${metres} ${units.m}`;
  }

  showTip(at) {
    const [hit] = this.stroke ? [] : this.map.queryRenderedFeatures([at.x, at.y], { layers: ["buildings"] });
    if (!hit) return this.hideTip();
    const { id, name, households } = this.buildings.get(hit.properties.id);
    const zone = this.data.zones.find(({ buildings }) => buildings.includes(id));
    const tip = this.part("tip");
    tip.textContent = [name, this.data.words.households.replace("{n}", households ?? "—"), zone?.name ?? this.data.words.none]
      .join(" · ");
    tip.style.left = `${Math.min(at.x, this.part("stage").clientWidth - 200)}px`;
    tip.style.top = `${Math.min(at.y, this.part("stage").clientHeight - 50)}px`;
    tip.hidden = false;
  }

  hideTip() {
    this.part("tip").hidden = true;
  }
}

function addStyle(address) {
  if (document.querySelector(`link[href="${address}"]`)) return null;
  return new Promise((done) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: address, onload: done, onerror: done });
    document.head.append(link);
  });
}
