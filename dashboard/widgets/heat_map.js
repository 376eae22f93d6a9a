// The heat map: one pane, or three where two periods are compared. What the colours are, the server says; they are
// fetched by address, and so are the weeks through which the slider goes. The picture to take away is drawn in
// heat_picture.js, which is sent with this file.

const WIDEST_BAR_PX = 110;
const FRAME_MS = 700;
const HATCH = "#6B7683";
const heatMaps = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".heat-map");
  if (!heatMaps.has(root)) heatMaps.set(root, new HeatMap(root, data));
  const heat = heatMaps.get(root);
  heat.choose = (id) => setTriggerValue("cell", id);
  heat.note = () => setTriggerValue("picture", Date.now());
  heat.show(data);
  return () => {
    heatMaps.delete(root);
    heat.close();
  };
}

class HeatMap {
  constructor(root, data) {
    this.root = root;
    this.part = (name) => root.querySelector(`.heat-${name}`);
    this.panes = [];
    this.frame = null;
    this.documents = new Map();
    this.part("play").onclick = () => {
      if (!this.timer) return this.play();
      this.stop();
      this.keepWeek();
    };
    this.part("whole").onclick = () => {
      this.showWhole();
      this.keepWeek();
    };
    this.part("slider").oninput = ({ target }) => {
      const wanted = Number(target.value);
      this.stop();
      this.seek(wanted).then(() => this.keepWeek());
    };
    this.part("picture").onclick = () => this.takePicture();
    this.opening = Promise.all([import(location.origin + data.vendor.module), addStyle(data.vendor.style)]).then(
      ([maplibre]) => {
        maplibre.setWorkerUrl(location.origin + data.vendor.worker);
        return maplibre;
      }
    );
  }

  close() {
    this.stop();
    this.panes.forEach(({ map }) => map?.remove());
  }

  async show(data) {
    const isOther = this.data?.key !== data.key;
    this.data = data;
    this.drawWords();
    try {
      if (isOther) this.stop();
      await this.lay(data);
      if (data !== this.data) return;
      const documents = await Promise.all(data.panes.map(({ url }) => this.fetch(url)));
      const surfaces = await Promise.all(data.panes.map(({ surface }) => (surface ? this.fetch(surface) : null)));
      if (data !== this.data) return;
      this.panes.forEach((pane, index) => {
        pane.document = documents[index];
        pane.spread(surfaces[index], data.panes[index].colours);
      });
      if (isOther) this.showWhole();
      this.panes.forEach((pane) => pane.pick("chosen", data.chosen === null ? [] : [data.chosen]));
      const week = new URLSearchParams(location.search).get("week");
      if (!this.isOpen && data.weeks && /^\d+$/.test(week)) await this.seek(Number(week));
      else if (isOther) this.keepWeek();
      this.isOpen = true;
      this.root.dataset.key = data.key;
    } catch (failure) {
      // Without WebGL, or without the server, there is no map; everything else on the page still works.
      console.warn(failure);
      const first = this.part("canvas");
      if (first && !this.panes.some(({ map }) => map)) first.textContent = data.words.noMap;
    }
  }

  // Make as many panes as are wanted, and give each the cells that are wanted.
  async lay(data) {
    if (this.panes.length !== data.panes.length) {
      const view = this.panes[0]?.map && { center: this.panes[0].map.getCenter(), zoom: this.panes[0].map.getZoom() };
      this.panes.forEach(({ map }) => map?.remove());
      this.panes = data.panes.map(() => new Pane(this));
      this.part("panes").replaceChildren(...this.panes.map(({ element }) => element));
      const maplibre = await this.opening;
      const zoomOut = view && data.panes.length > 1 ? Math.log2(data.panes.length) : 0;
      await Promise.all(this.panes.map((pane) => pane.open(maplibre, data, view && zoomOut === 0 ? view : null)));
    }
    await Promise.all(this.panes.map((pane) => pane.lay(data)));
    this.panes.forEach((pane, index) => pane.entitle(data.panes[index].title));
  }

  fetch(url) {
    if (!this.documents.has(url)) {
      const answer = fetch(url).then((found) => {
        if (!found.ok) throw new Error(`${found.status} ${url}`);
        return found.json();
      });
      answer.catch(() => this.documents.delete(url));
      this.documents.set(url, answer);
      if (this.documents.size > 40) this.documents.delete(this.documents.keys().next().value);
    }
    return this.documents.get(url);
  }

  // The whole period, as its colours say.
  showWhole() {
    this.stop();
    this.frame = null;
    this.panes.forEach((pane, index) => {
      const { colours, surface } = this.data.panes[index];
      // Under a surface the cells are only there to be clicked.
      const bare = { ...pane.document, shades: pane.document.shades.map(() => -1) };
      pane.paint(surface ? bare : pane.document, colours);
    });
    this.drawTime();
    delete this.root.dataset.frame;
  }

  async seek(index) {
    this.weeks = await this.fetch(this.data.weeks);
    const frames = this.weeks.frames;
    this.frame = Math.min(Math.max(index, 0), frames.length - 1);
    const frame = frames[this.frame];
    const [pane] = this.panes;
    const marked = frame.hot.map((row) => this.weeks.ids[row]);
    pane.paint({ ...pane.document, shades: frame.shades, marked }, this.data.weekColours);
    this.drawTime();
    this.root.dataset.frame = this.frame;
  }

  // Which picture is shown stands in the address, so that it can be sent to a colleague.
  keepWeek() {
    const address = new URL(location.href);
    if (this.frame === null) address.searchParams.delete("week");
    else address.searchParams.set("week", this.frame);
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }

  async play() {
    this.weeks = await this.fetch(this.data.weeks);
    const last = this.weeks.frames.length - 1;
    if (this.frame === null || this.frame >= last) await this.seek(0);
    this.timer = setInterval(() => {
      if (this.frame >= last) return this.stop();
      this.seek(this.frame + 1);
    }, FRAME_MS);
    this.drawTime();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    if (this.data) this.drawTime();
  }

  drawTime() {
    const { words, weeks } = this.data;
    const slider = this.part("slider");
    this.part("time").hidden = !weeks;
    slider.max = this.weeks ? this.weeks.frames.length - 1 : this.data.frames - 1;
    slider.value = this.frame ?? slider.max;
    slider.setAttribute("aria-label", words.slider);
    const play = this.part("play");
    play.textContent = this.timer ? `‖ ${words.pause}` : `▶ ${words.play}`;
    play.setAttribute("aria-pressed", Boolean(this.timer));
    const whole = this.part("whole");
    whole.textContent = words.whole;
    whole.setAttribute("aria-pressed", this.frame === null);
    const told = this.tellFrame() ?? words.period;
    this.part("week").textContent = told;
    slider.setAttribute("aria-valuetext", told);
  }

  // The days that a frame adds up, and how many cases.
  tellFrame() {
    if (this.frame === null || !this.weeks) return null;
    const { week, counted } = this.weeks.frames[this.frame];
    const day = (number) => {
      const date = new Date(`${this.weeks.first}T00:00:00Z`);
      date.setUTCDate(date.getUTCDate() + number);
      return date.toISOString().slice(0, 10);
    };
    const since = Math.max(week - this.weeks.span + 1, 0) * 7;
    return this.data.words.frame
      .replace("{since}", day(since))
      .replace("{until}", day(week * 7 + 6))
      .replace("{n}", counted.toLocaleString());
  }

  drawWords() {
    const { legend, words } = this.data;
    this.part("legend").replaceChildren(
      ...legend.map(({ colour, mark, label }) => {
        const entry = document.createElement("span");
        const swatch = document.createElement("i");
        if (colour) swatch.style.background = colour;
        if (mark) swatch.className = `mark-${mark}`;
        entry.append(swatch, label);
        return entry;
      })
    );
    this.part("notice").textContent = words.notice;
    this.part("picture").textContent = words.picture;
  }

  drawScale(map) {
    const { lat } = map.getCenter();
    const metresPerPixel = (40075016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
    const widest = WIDEST_BAR_PX * metresPerPixel;
    const magnitude = 10 ** Math.floor(Math.log10(widest));
    const metres = [5, 2, 1].map((step) => step * magnitude).find((length) => length <= widest);
    const { units } = this.data.words;
    const scale = this.part("scale");
    scale.style.width = `${metres / metresPerPixel}px`;
    scale.textContent = metres >= 1000 ? `${metres / 1000} ${units.km}` : `${metres} ${units.m}`;
  }

  follow(moved) {
    if (this.isFollowing) return;
    this.isFollowing = true;
    const view = { center: moved.getCenter(), zoom: moved.getZoom() };
    for (const { map } of this.panes) if (map && map !== moved) map.jumpTo(view);
    this.isFollowing = false;
    this.drawScale(moved);
  }

  async takePicture() {
    const { data } = this;
    const told = this.tellFrame();
    const picture = await drawPicture(
      this.panes.map(({ map, title }) => ({ canvas: map.getCanvas(), title })),
      { ...data.picture, lines: told ? [...data.picture.lines, told] : data.picture.lines, legend: data.legend }
    );
    const link = document.createElement("a");
    link.href = URL.createObjectURL(picture);
    link.download = data.picture.file;
    link.click();
    URL.revokeObjectURL(link.href);
    this.note();
  }
}

class Pane {
  constructor(heat) {
    this.heat = heat;
    this.element = document.createElement("div");
    this.element.className = "heat-pane";
    this.heading = document.createElement("h5");
    this.canvas = document.createElement("div");
    this.canvas.className = "heat-canvas";
    this.tip = document.createElement("div");
    this.tip.className = "heat-tip";
    this.tip.hidden = true;
    this.element.append(this.heading, this.canvas, this.tip);
    this.painted = new Map();
    this.picked = new Map();
  }

  async open(maplibre, data, view) {
    const place = view ?? { bounds: data.box, fitBoundsOptions: { padding: 10 } };
    this.map = new maplibre.Map({
      container: this.canvas,
      style: data.style,
      // Its worker has no address of its own to take ours from.
      transformRequest: (url) => ({ url: new URL(url, location.origin).href }),
      ...place,
      attributionControl: false,
      locale: { "Map.Title": data.words.title },
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 19,
      // What has been drawn is kept, to be taken away as a picture.
      canvasContextAttributes: { preserveDrawingBuffer: true },
    });
    this.cells = data.style.sources.cells.data;
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.once("style.load", () => {
      this.map.addImage("hatch", drawHeatHatch(HATCH), { pixelRatio: 2 });
      this.map.addImage("dots", drawDots(HATCH), { pixelRatio: 2 });
    });
    await this.map.once("load");
    this.map.on("move", () => this.heat.follow(this.map));
    this.map.on("mousemove", (event) => this.showTip(event));
    this.map.on("mouseout", () => (this.tip.hidden = true));
    this.map.on("click", ({ point }) => {
      const cell = this.find(point);
      if (cell !== undefined) this.heat.choose(cell);
    });
    this.heat.drawScale(this.map);
  }

  async lay(data) {
    const address = data.style.sources.cells.data;
    this.map.setLayoutProperty("cells-halo", "visibility", data.hasHalo ? "visible" : "none");
    if (this.cells === address) return;
    this.cells = address;
    this.map.removeFeatureState({ source: "cells" });
    this.painted.clear();
    for (const name of this.picked.keys()) this.pick(name, []);
    const source = this.map.getSource("cells");
    await source.setData(address);
  }

  entitle(title) {
    this.title = title;
    this.heading.textContent = title;
  }

  paint(found, colours) {
    found.ids.forEach((id, row) => {
      const shade = found.shades[row];
      if (this.painted.get(id) === `${shade} ${colours[shade]}`) return;
      this.painted.set(id, `${shade} ${colours[shade]}`);
      this.map.setFeatureState({ source: "cells", id }, { colour: colours[shade] ?? null, shaded: shade >= 0 });
    });
    this.pick("unknown", found.unknown);
    this.pick("silent", found.silent);
    this.pick("hidden", found.hidden);
    this.pick("marked", found.marked);
    this.rows = new Map(found.ids.map((id, row) => [id, row]));
  }

  // Draw a smooth surface under the names, or take it away.
  spread(surface, colours) {
    if (this.map.getLayer("surface")) this.map.removeLayer("surface");
    if (this.map.getSource("surface")) this.map.removeSource("surface");
    if (!surface) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: surface.columns, height: surface.rows });
    const pen = canvas.getContext("2d");
    surface.shades.forEach((shade, pixel) => {
      if (shade < 0) return;
      pen.fillStyle = colours[shade];
      pen.fillRect(pixel % surface.columns, Math.floor(pixel / surface.columns), 1, 1);
    });
    this.map.addSource("surface", { type: "image", url: canvas.toDataURL(), coordinates: surface.corners });
    const paint = { "raster-opacity": 0.78, "raster-fade-duration": 0 };
    this.map.addLayer({ id: "surface", type: "raster", source: "surface", paint }, "cells-unknown");
  }

  // With another filter MapLibre lays out all tiles anew.
  pick(name, ids) {
    const wanted = ids.join();
    if ((this.picked.get(name) ?? "") === wanted) return;
    this.picked.set(name, wanted);
    const layers = { unknown: ["unknown", "unknown-edges"], hidden: ["hidden"], silent: ["silent-ground", "silent", "silent-edges"], marked: ["marked-halo", "marked"], chosen: ["chosen"] }[name];
    for (const layer of layers) this.map.setFilter(`cells-${layer}`, ["in", ["get", "id"], ["literal", ids]]);
  }

  find(point) {
    const [hit] = this.map.queryRenderedFeatures(point, { layers: ["cells"] });
    return this.rows?.has(hit?.properties.id) ? hit.properties.id : undefined;
  }

  showTip({ point }) {
    const cell = this.find(point);
    this.map.getCanvas().style.cursor = cell === undefined ? "" : "pointer";
    if (cell === undefined) return (this.tip.hidden = true);
    this.tip.textContent = tellCell(this.document, this.rows.get(cell), this.heat.data.words);
    this.tip.hidden = false;
    const { clientWidth, clientHeight } = this.element;
    this.tip.style.left = `${Math.max(Math.min(point.x + 12, clientWidth - this.tip.offsetWidth - 4), 4)}px`;
    this.tip.style.top = `${Math.max(Math.min(point.y + 12, clientHeight - this.tip.offsetHeight - 4), 4)}px`;
  }
}

function tellCell(found, row, words) {
  const figure = (value) => (value === null ? "—" : value.toLocaleString());
  const lines = [found.names[row]];
  if (found.hidden.includes(found.ids[row])) return [lines[0], words.hidden].join("\n");
  if (found.unknown.includes(found.ids[row])) lines.push(words.unknown);
  else if (found.before) lines.push(`${found.before[row]} → ${found.count[row]}`);
  else lines.push(words.count.replace("{n}", figure(found.count[row])));
  if (!found.before && found.rate[row] !== null) {
    lines.push(`${words.rate} ${figure(found.rate[row])} (${figure(found.low[row])}–${figure(found.high[row])})`);
  }
  return lines.join("\n");
}

function drawHeatHatch(colour) {
  const size = 16;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = canvas.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 2.6;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 2, size + 2);
    pen.lineTo(shift + size + 2, -2);
  }
  pen.stroke();
  return pen.getImageData(0, 0, size, size);
}

function drawDots(colour) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.arc(8, 8, 2.4, 0, 7);
  pen.fill();
  return pen.getImageData(0, 0, 16, 16);
}

function addStyle(address) {
  if (document.querySelector(`link[href="${address}"]`)) return null;
  return new Promise((done) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: address, onload: done, onerror: done });
    document.head.append(link);
  });
}
