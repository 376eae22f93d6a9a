// One pane of the heat map: its cells with their colours, what is said of the one under the pointer. Sent with heat_map.js.

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
    // Painted before it is drawn for the first time, it need not be drawn twice.
    await this.map.once("style.load");
    this.map.addImage("hatch", drawHatch(HATCH, 2.6), { pixelRatio: 2 });
    this.map.addImage("dots", drawDots(HATCH), { pixelRatio: 2 });
    watchLoss(this.map, data.words.noMap, () => {
      this.painted.clear();
      this.heat.renew();
    });
    this.map.on("move", () => this.heat.follow(this.map));
    this.map.on("mousemove", (event) => this.showTip(event));
    this.map.on("mouseout", () => (this.tip.hidden = true));
    this.map.on("click", ({ point }) => {
      const cell = this.find(point);
      if (cell !== undefined) this.heat.choose(cell);
    });
    this.heat.measure(this.map);
  }

  get isLost() {
    return Boolean(this.map) && isMapLost(this.map);
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

  // Resolves once what has been painted is on the screen.
  drawn() {
    return new Promise((done) => {
      const look = () => {
        if (!this.map.areTilesLoaded()) return;
        this.map.off("render", look);
        done();
      };
      this.map.on("render", look);
      this.map.triggerRepaint();
    });
  }

  entitle(title) {
    this.title = title;
    this.heading.textContent = title;
  }

  paint(found, colours) {
    if (this.isLost) return;
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
    if (this.isLost) return undefined;
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

function drawDots(colour) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.arc(8, 8, 2.4, 0, 7);
  pen.fill();
  return pen.getImageData(0, 0, 16, 16);
}
