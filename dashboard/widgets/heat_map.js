// The heat map: one pane, or three where two periods are compared. What the colours are, the server says; they are
// fetched by address, and so are the weeks through which the slider goes. A pane is drawn in heat_pane.js, the picture to
// take away in heat_picture.js; both are sent with this file.

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
  return endWithPart(root, () => {
    heatMaps.delete(root);
    heat.close();
  });
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
    if (isOther) this.stop();
    // As soon as the graphics card is back, this is shown.
    if (this.isLost) {
      if (isOther) this.frame = null;
      return;
    }
    try {
      // What is painted is on its way while the map is made.
      const [documents, surfaces] = await Promise.all([
        Promise.all(data.panes.map(({ url }) => this.fetch(url))),
        Promise.all(data.panes.map(({ surface }) => (surface ? this.fetch(surface) : null))),
        this.lay(data),
      ]);
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
      await Promise.all(this.panes.map((pane) => pane.drawn()));
      if (data === this.data) this.root.dataset.drawn = data.key;
    } catch (failure) {
      // Without WebGL, or without the server, there is no map; everything else on the page still works.
      console.warn(failure);
      const first = this.part("canvas");
      if (first && !this.panes.some(({ map }) => map)) first.textContent = data.words.noMap;
    }
  }

  get isLost() {
    return this.panes.some((pane) => pane.isLost);
  }

  // Paint again what a graphics card forgot, once it is back for every pane: the whole, or the week that was shown.
  async renew() {
    if (this.isLost) return;
    const { data, frame } = this;
    this.data = null;
    await this.show(data);
    if (frame === null || data !== this.data) return;
    await this.seek(frame);
    this.keepWeek();
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
    drawLegend(this.root.querySelector(".map-legend"), legend);
    this.root.querySelector(".map-notice").textContent = words.notice;
    this.part("picture").textContent = words.picture;
  }

  measure(map) {
    drawScale(this.root.querySelector(".map-scale"), measurePixel(map), this.data.words.units);
  }

  follow(moved) {
    if (this.isFollowing) return;
    this.isFollowing = true;
    const view = { center: moved.getCenter(), zoom: moved.getZoom() };
    for (const { map } of this.panes) if (map && map !== moved) map.jumpTo(view);
    this.isFollowing = false;
    this.measure(moved);
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
