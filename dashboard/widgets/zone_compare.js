// Two plans of a community: a map of each, which move together, what every zone gains and loses, and each building that
// moves. A zone that is chosen is shown alone. Names are set as text, never as HTML.

const comparisons = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".zone-compare");
  if (comparisons.get(root)?.style !== JSON.stringify(data.style)) {
    comparisons.get(root)?.close();
    comparisons.set(root, new Comparison(root, data));
  }
  comparisons.get(root).show(data);
  return endWithPart(root, () => {
    comparisons.get(root)?.close();
    comparisons.delete(root);
  });
}

class Comparison {
  constructor(root, data) {
    this.root = root;
    this.style = JSON.stringify(data.style);
    this.part = (name) => root.querySelector(`.zone-${name}`);
    this.chosen = null;
    this.grounds = [];
    this.part("gains").onclick = (event) => {
      const row = event.target.closest("[data-code]");
      if (row) this.choose(row.dataset.code === this.chosen ? null : row.dataset.code);
    };
    this.part("gains").onkeydown = (event) => this.onKey(event);
    const places = [...root.querySelectorAll(".zone-map")];
    this.ready = this.open(places, data).catch((failure) => {
      console.warn(failure);
      for (const place of places) place.textContent = data.words.noMap;
    });
  }

  async open(places, data) {
    this.buildings = await readBuildings(data);
    const box = spanBuildings(this.buildings, data.box);
    const grounds = await Promise.all(places.map((place) => Ground.open(place, data, box)));
    if (this.isClosed || grounds.includes(null)) return grounds.forEach((ground) => ground?.map.remove());
    this.grounds = grounds;
    for (const ground of grounds) {
      ground.map.on("move", () => this.follow(ground.map));
      ground.repaint = () => this.show(this.data);
    }
  }

  close() {
    this.isClosed = true;
    for (const { map } of this.grounds) map.remove();
  }

  // The other map looks where this one does.
  follow(leader) {
    if (this.isFollowing) return;
    this.isFollowing = true;
    for (const { map } of this.grounds) {
      if (map !== leader) map.jumpTo({ center: leader.getCenter(), zoom: leader.getZoom() });
    }
    this.isFollowing = false;
  }

  async show(data) {
    this.data = data;
    if (!data.zones.some(({ code }) => code === this.chosen)) this.chosen = null;
    data.sides.forEach(({ title, figures }, side) => {
      const caption = this.root.querySelectorAll("figcaption")[side];
      caption.querySelector("b").textContent = caption.title = title;
      caption.querySelector("span").textContent = figures;
    });
    const key = make("span", "", "");
    key.append(make("i"), data.words.moved);
    this.part("sum").replaceChildren(data.summary, key, make("span", "map-notice", data.words.notice));
    this.part("gains").setAttribute("aria-label", data.words.zones);
    this.part("gains").replaceChildren(...data.zones.map(drawGains));
    this.part("moves").querySelector("tr").replaceChildren(...data.words.columns.map((name) => make("th", "", name)));
    this.mark();
    await this.ready;
    if (data !== this.data) return;
    this.grounds.forEach((ground, side) => {
      const { zones, nobody } = data.sides[side];
      const colours = new Map(zones.flatMap(({ colour, buildings }) => buildings.map((id) => [id, colour])));
      for (const id of this.buildings.keys()) ground.paint(id, { colour: colours.get(id) ?? null });
      ground.mark("nobody", nobody);
      ground.name(zones, this.buildings);
    });
    this.mark();
    this.root.dataset.drawn = this.grounds.length;
  }

  choose(code) {
    this.chosen = code;
    this.mark();
    const spots = this.listShown().map((id) => this.buildings?.get(id)?.middle).filter(Boolean);
    const [ground] = this.grounds;
    if (code && spots.length) ground?.fly(spots);
    else ground?.map.fitBounds(spanBuildings(this.buildings, this.data.box), { padding: EDGE_PX, maxZoom: CLOSEST, duration: 300 });
  }

  listShown() {
    return this.data.zones.find(({ code }) => code === this.chosen)?.moved ?? this.data.moved;
  }

  mark() {
    const shown = new Set(this.listShown());
    for (const row of this.part("gains").children) row.setAttribute("aria-selected", row.dataset.code === this.chosen);
    const rows = this.data.moves.filter(({ id }) => shown.has(id)).map(({ cells }) => {
      const row = make("tr");
      row.append(...cells.map((cell) => make("td", "", cell)));
      return row;
    });
    if (!rows.length) {
      const none = make("td", "zone-none", this.data.words.nothing);
      none.colSpan = this.data.words.columns.length;
      rows.push(make("tr"));
      rows[0].append(none);
    }
    this.part("moves").querySelector("tbody").replaceChildren(...rows);
    for (const ground of this.grounds) ground.mark("moved", [...shown]);
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && this.chosen) return this.choose(null);
    if (!step) return;
    event.preventDefault();
    const codes = this.data.zones.map(({ code }) => code);
    const next = codes[Math.min(Math.max(codes.indexOf(this.chosen) + step, 0), codes.length - 1)];
    this.choose(next);
    const list = this.part("gains");
    const row = list.querySelector('[aria-selected="true"]');
    list.scrollTop = row.offsetTop - list.offsetTop - (list.clientHeight - row.offsetHeight) / 2;
  }
}

function drawGains({ code, name, colour, lead, gained, lost, bars }) {
  const row = make("div");
  row.dataset.code = code;
  row.setAttribute("role", "option");
  const swatch = make("span", "zone-swatch");
  swatch.style.background = colour;
  const who = make("div");
  who.append(make("b", "", name), make("small", "", lead));
  if (gained) who.append(make("small", "is-gain", gained));
  if (lost) who.append(make("small", "is-loss", lost));
  const pairs = make("div");
  pairs.append(...bars.map(drawPair));
  row.append(swatch, who, pairs);
  return row;
}

// The pale bar is how it was; the line in the middle is the mean.
function drawPair({ label, share, before, value }) {
  const line = make("div", "zone-pair");
  const track = make("div");
  for (const part of [before, share]) {
    const bar = make("i");
    bar.style.width = `${Math.min(part * 50, 100)}%`;
    track.append(bar);
  }
  track.append(make("u"));
  line.append(make("span", "", label), track, make("span", "", value));
  return line;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
