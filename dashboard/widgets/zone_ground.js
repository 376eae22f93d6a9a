// A map of a community's buildings for the page to paint; sent with whatever shows one.

const EDGE_PX = 24;
const CLOSEST = 17;
const HATCHES = { nobody: "#C8402F", stated: "#8A94A0" };

class Ground {
  // Throws where there is no WebGL.
  static async open(container, { vendor, style, words }, box) {
    container.textContent = words.opening;
    const [maplibre] = await Promise.all([import(location.origin + vendor.module), addStyle(vendor.style)]);
    maplibre.setWorkerUrl(location.origin + vendor.worker);
    if (!container.isConnected) return null;
    container.replaceChildren();
    const map = new maplibre.Map({
      container,
      style,
      // Its worker has no address of its own to take ours from.
      transformRequest: (url) => ({ url: new URL(url, location.origin).href }),
      bounds: box,
      fitBoundsOptions: { padding: EDGE_PX, maxZoom: CLOSEST },
      attributionControl: false,
      locale: { "Map.Title": words.title },
      dragRotate: false,
      pitchWithRotate: false,
      boxZoom: false,
      maxZoom: 20,
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.once("style.load", () => {
      for (const [name, colour] of Object.entries(HATCHES)) {
        map.addImage(`hatch-${name}`, drawHatch(colour, 3.5), { pixelRatio: 2 });
      }
    });
    await map.once("load");
    return new Ground(map, style, words.noMap);
  }

  constructor(map, { sources }, lost) {
    this.map = map;
    this.sources = sources;
    this.repaint = () => {};
    this.forget();
    watchLoss(map, lost, () => {
      this.forget();
      this.repaint();
    });
  }

  forget() {
    this.drawn = new Map();
    this.marked = new Map();
    this.named = null;
  }

  get isLost() {
    return isMapLost(this.map);
  }

  // Read anew what is at another address than before; what was painted stays.
  renew({ sources }) {
    if (this.isLost) return;
    for (const [name, { data }] of Object.entries(sources)) {
      if (typeof data === "string" && data !== this.sources[name].data) this.map.getSource(name).setData(data);
    }
    this.sources = sources;
  }

  // MapLibre redraws for every state that is set, whether or not it is another one.
  paint(id, state) {
    if (this.isLost) return;
    const known = this.drawn.get(id) ?? {};
    if (Object.entries(state).every(([name, value]) => known[name] === value)) return;
    this.drawn.set(id, { ...known, ...state });
    this.map.setFeatureState({ source: "buildings", id }, state);
  }

  // With another filter MapLibre lays out all tiles anew.
  mark(name, ids) {
    const wanted = ids.join();
    if (this.isLost || (this.marked.get(name) ?? "") === wanted) return;
    this.marked.set(name, wanted);
    this.map.setFilter(`buildings-${name}`, ["in", ["get", "id"], ["literal", ids]]);
  }

  // Write each zone's name over the one of its buildings that is nearest to the middle of them.
  name(zones, buildings) {
    const features = zones.flatMap(({ name, buildings: ids }) => {
      const spots = ids.map((id) => buildings.get(id)?.middle).filter(Boolean);
      if (!spots.length) return [];
      const [x, y] = [0, 1].map((axis) => spots.reduce((sum, spot) => sum + spot[axis], 0) / spots.length);
      const [nearest] = spots.sort((one, other) => Math.hypot(one[0] - x, one[1] - y) - Math.hypot(other[0] - x, other[1] - y));
      return [{ type: "Feature", properties: { name }, geometry: { type: "Point", coordinates: nearest } }];
    });
    const wanted = JSON.stringify(features);
    if (this.isLost || this.named === wanted) return;
    this.named = wanted;
    this.map.getSource("zones").setData({ type: "FeatureCollection", features });
  }

  fly(spots) {
    const padding = Math.min(120, this.map.getContainer().clientHeight / 5);
    if (spots.length) this.map.fitBounds(spanSpots(spots), { padding, maxZoom: CLOSEST, duration: 300 });
  }
}

// The buildings by their ids, each with the middle of its box.
async function readBuildings({ style }) {
  const answer = await fetch(style.sources.buildings.data);
  const { features } = await answer.json();
  return new Map(
    features.map(({ properties, geometry }) => [properties.id, { ...properties, middle: findMiddle(geometry) }])
  );
}

// As far as the buildings reach; the fields around them are nobody's.
function spanBuildings(buildings, box) {
  const spots = [...buildings.values()].map(({ middle }) => middle);
  return spots.length ? spanSpots(spots) : box;
}
