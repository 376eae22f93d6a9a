// The map of a zone plan. Buildings are chosen with a click, a brush, a rectangle or a lasso: at once under the hand,
// and told to Python when the pointer lifts. Who holds what, and what is wrong with it, Python says. Sent with this
// file are zone_ground.js (the map itself), zone_tools.js (the row over it), zone_shapes.js (what is reckoned), and what
// all maps share: map_ground.js and map_foot.js.
//
// The hand does not wait for Python, and of two messages that meet on their way only the later one arrives. So each
// says everything that Python has not yet said it has heard, in order and numbered.

const BRUSH_PX = { small: 8, medium: 24, large: 52 };
const editors = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".zone-editor");
  if (!editors.has(root)) editors.set(root, new Editor(root, data));
  const editor = editors.get(root);
  editor.send = (said) => setTriggerValue("said", said);
  editor.show(data);
  return endWithPart(root, () => {
    editors.get(root)?.close();
    editors.delete(root);
  });
}

class Editor {
  constructor(root, data) {
    this.root = root;
    this.part = (name) => root.querySelector(`.zone-${name}`);
    this.data = data;
    this.tool = "point";
    this.picked = new Set();
    this.untold = [];
    this.buildings = new Map();
    this.turn = { unassigned: -1, breaks: -1 };
    this.press = (event) => this.onKey(event);
    this.release = ({ key, type }) => (key === " " || type === "blur") && this.holdMap(false);
    document.addEventListener("keydown", this.press);
    document.addEventListener("keyup", this.release);
    window.addEventListener("blur", this.release);
    // Without WebGL there is no map; everything else on the page still works.
    this.ready = this.open(data).catch((failure) => {
      console.warn(failure);
      this.part("map").textContent = data.words.noMap;
    });
  }

  async open(data) {
    await this.read(data);
    const ground = await Ground.open(this.part("map"), data, this.box);
    if (!ground || this.isClosed) return ground?.map.remove();
    this.ground = ground;
    this.map = ground.map;
    this.map.on("move", () => this.measure());
    ground.repaint = () => this.show(this.data);
    this.listen();
    this.measure();
  }

  async read(data) {
    this.buildings = await readBuildings(data);
    this.box = spanBuildings(this.buildings, data.box);
    this.style = JSON.stringify(data.style);
  }

  // Another community, or places that have changed; the map stays, and what is in hand.
  async renew(data) {
    if (!this.map || this.style === JSON.stringify(data.style)) return;
    const before = String(this.box);
    await this.read(data);
    this.ground.renew(data.style);
    if (String(this.box) !== before) this.showWhole(0);
  }

  close() {
    document.removeEventListener("keydown", this.press);
    document.removeEventListener("keyup", this.release);
    window.removeEventListener("blur", this.release);
    this.isClosed = true;
    this.map?.remove();
  }

  async show(data) {
    if (this.plan !== data.plan) {
      this.plan = data.plan;
      this.untold = [];
      this.number = data.pick.heard;
      this.clearTrace();
    }
    this.data = data;
    this.untold = this.untold.filter(({ number }) => number > data.pick.heard);
    this.settlePick();
    layTools(this.part("tools"), this);
    markTools(this.part("tools"), this);
    this.root.querySelector(".map-notice").textContent = data.words.notice;
    drawLegend(this.root.querySelector(".map-legend"), data.legend);
    if (this.order !== data.pick.order) {
      this.order = data.pick.order;
      this.pendingFlight = data.pick.ids.length && data.pick.flies ? data.pick.ids : null;
    }
    this.ready = this.ready.then(() => this.renew(data)).catch((failure) => console.warn(failure));
    await this.ready;
    if (!this.map || data !== this.data) return;
    this.paintZones();
    const moved = data.moved.map(([id]) => id);
    const marked = { broken: data.breaks.flat(), nobody: data.unassigned, stated: data.stated, fixed: data.fixed, moved };
    for (const [name, ids] of Object.entries(marked)) this.ground.mark(name, ids);
    this.markPicked();
    this.ground.name(data.zones, this.buildings);
    if (this.pendingFlight) this.fly(this.pendingFlight);
    this.pendingFlight = null;
    this.root.dataset.revision = data.revision;
  }

  // The zones of the plan, or of the one it is compared with.
  paintZones() {
    const colours = new Map();
    for (const zone of this.data.zones) for (const id of zone.buildings) colours.set(id, zone.colour);
    if (this.showsBefore) for (const [id, colour] of this.data.moved) colours.set(id, colour);
    const { buildings = [] } = this.data.zones.find(({ id }) => id === this.data.chosen) ?? {};
    const chosen = new Set(buildings);
    for (const id of this.buildings.keys()) {
      this.ground.paint(id, { colour: colours.get(id) ?? null, chosen: chosen.has(id) });
    }
  }

  // What Python has in hand, and what was done since that it has not heard of yet.
  settlePick() {
    this.picked = new Set(this.data.pick.ids);
    for (const { pick, add, drop } of this.untold) {
      if (pick) this.picked = new Set(pick);
      this.change(add ?? [], false);
      this.change(drop ?? [], true);
    }
    if (this.stroke) this.change(this.stroke.touched, this.stroke.takesAway);
  }

  tell(step) {
    this.untold.push({ number: ++this.number, ...step });
    this.send({ plan: this.plan, steps: this.untold });
  }

  markPicked() {
    for (const id of this.buildings.keys()) this.ground?.paint(id, { picked: this.picked.has(id) });
    this.root.dataset.picked = this.picked.size;
    markTools(this.part("tools"), this);
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
    // The other button opens the zone of a building; for whoever only reads, the first does too.
    this.map.on("contextmenu", (event) => {
      event.preventDefault();
      this.openZone(event.point);
    });
    this.map.on("click", (event) => {
      if (!this.data.canPick) return this.openZone(event.point);
      if (this.tool !== "point") return;
      const [hit] = this.map.queryRenderedFeatures(event.point, { layers: ["buildings"] });
      if (!hit) return;
      const ids = this.widen([hit.properties.id]);
      this.take(ids, ids.every((id) => this.picked.has(id)));
    });
    this.chooseTool(this.tool);
  }

  openZone(point) {
    const [hit] = this.map.queryRenderedFeatures(point, { layers: ["buildings"] });
    const zone = hit && this.data.zones.find(({ buildings }) => buildings.includes(hit.properties.id));
    if (zone) this.tell({ open: zone.id });
  }

  chooseTool(tool) {
    this.drop();
    this.tool = tool;
    const draws = tool !== "point" && !this.holdsMap;
    this.map?.dragPan[draws ? "disable" : "enable"]();
    this.part("map").classList.toggle("is-drawing", draws);
    markTools(this.part("tools"), this);
    if (!draws || !BRUSH_PX[tool]) this.part("trace").querySelector("circle").setAttribute("r", 0);
  }

  begin(event) {
    // With a second finger the map is moved.
    if (this.stroke) return this.drop();
    if (this.tool === "point" || this.holdsMap || event.button !== 0 || !this.data.canPick) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = this.find(event);
    const spots = new Map([...this.buildings].map(([id, { middle }]) => [id, this.map.project(middle)]));
    this.stroke = { path: [at], spots, touched: new Set(), takesAway: event.altKey };
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
    let touched = [...this.stroke.touched];
    if (!BRUSH_PX[this.tool]) {
      const shape = this.tool === "box" ? spanBox(path[0], this.find(event)) : path;
      touched = this.widen([...spots].filter(([, spot]) => isInside(spot, shape)).map(([id]) => id));
    }
    this.clearTrace();
    this.take(touched, takesAway);
  }

  drop() {
    if (!this.stroke) return;
    this.clearTrace();
    this.settlePick();
    this.markPicked();
  }

  // While the space bar is down the hand moves the map, whatever the tool.
  holdMap(holds) {
    if (holds === Boolean(this.holdsMap) || (holds && this.stroke)) return;
    this.holdsMap = holds;
    this.chooseTool(this.tool);
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
    for (const id of touched) this.stroke.touched.add(id);
    // Over the map, for without a graphics card it is drawn too slowly to follow the hand.
    const spots = [...this.stroke.touched].map((id) => this.stroke.spots.get(id)).filter(Boolean);
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

  // Pick buildings, or let them go, for good.
  take(ids, takesAway) {
    this.change(ids, takesAway);
    this.markPicked();
    if (ids.length) this.tell({ [takesAway ? "drop" : "add"]: ids });
  }

  pickOnly(ids) {
    this.picked = new Set(ids);
    this.markPicked();
    this.tell({ pick: ids });
  }

  find(event) {
    const box = this.part("map").getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  showWhole(duration) {
    this.map?.fitBounds(this.box, { padding: EDGE_PX, maxZoom: CLOSEST, duration });
  }

  fly(ids) {
    const spots = ids.map((id) => this.buildings.get(id)?.middle).filter(Boolean);
    this.ground.fly(spots);
  }

  // The next building that nobody holds, or the next part of a zone that lies apart.
  turnTo(kind) {
    const found = kind === "breaks" ? this.data.breaks : this.data.unassigned.map((id) => [id]);
    if (!found.length || !this.map) return;
    this.turn[kind] = (this.turn[kind] + 1) % found.length;
    this.pickOnly(found[this.turn[kind]]);
    this.fly([...this.picked]);
  }

  act(name) {
    if (name === "clear" && this.picked.size) {
      this.pickOnly([]);
    } else if (name === "compound") {
      this.byCompound = !this.byCompound;
      markTools(this.part("tools"), this);
    } else if (name === "before") {
      this.showsBefore = !this.showsBefore;
      markTools(this.part("tools"), this);
      if (this.map) this.paintZones();
    } else if (name === "whole") {
      this.showWhole(300);
    } else if (name === "unassigned" || name === "breaks") {
      this.turnTo(name);
    }
  }

  onKey(event) {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    // What lies over the page has the keys to itself: Escape closes it, and lets go of nothing.
    const isCovered = document.querySelector('[role=dialog], [data-testid="stPopoverBody"]');
    if (isTyping || isCovered || event.altKey || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    const asked = event.ctrlKey || event.metaKey ? (event.shiftKey ? `shift+${key}` : `ctrl+${key}`) : key;
    const wish = { enter: "give", delete: "take_out", k: "lock", "ctrl+z": "undo", "ctrl+y": "redo", "shift+z": "redo" }[asked];
    if (wish && !event.repeat && this.data.canPick && !(key === "enter" && event.target.closest?.("button, a"))) {
      event.preventDefault();
      this.tell({ act: wish });
    }
    if (event.ctrlKey || event.metaKey) return;
    if (key === " " && this.data.canPick && !event.target.closest?.("button, a, [role=listbox], table, canvas:not(.maplibregl-canvas)")) {
      event.preventDefault();
      this.holdMap(true);
    }
    const act = { escape: "clear", n: "unassigned", g: "breaks", c: "compound", p: "before", 0: "whole" }[key];
    if (key === "escape" && this.stroke) this.drop();
    else if (act && (this.data.canPick || act === "whole" || act === "before")) this.act(act);
    else if (KEYS[key] && this.data.canPick) this.chooseTool(KEYS[key]);
  }

  measure() {
    drawScale(this.root.querySelector(".map-scale"), measurePixel(this.map), this.data.words.units);
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
