// Points and shapes of the zone editor's map, in pixels of its canvas unless told; sent with zone_editor.js.

function findMiddle({ type, coordinates }) {
  const [ring] = type === "MultiPolygon" ? coordinates[0] : coordinates;
  return [0, 1].map((axis) => {
    const values = ring.map((point) => point[axis]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  });
}

function spanBox(one, other) {
  return [one, { x: other.x, y: one.y }, other, { x: one.x, y: other.y }];
}

function spanSpots(spots) {
  const [x, y] = [0, 1].map((axis) => spots.map((spot) => spot[axis]));
  return [[Math.min(...x), Math.min(...y)], [Math.max(...x), Math.max(...y)]];
}

function isInside({ x, y }, shape) {
  let inside = false;
  shape.forEach((here, index) => {
    const last = shape[(index || shape.length) - 1];
    if (here.y > y !== last.y > y && x < ((last.x - here.x) * (y - here.y)) / (last.y - here.y) + here.x) inside = !inside;
  });
  return inside;
}

// How far a spot is from the way between two points.
function measureWay(spot, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const share = length ? Math.min(Math.max(((spot.x - from.x) * dx + (spot.y - from.y) * dy) / length, 0), 1) : 0;
  return Math.hypot(spot.x - from.x - share * dx, spot.y - from.y - share * dy);
}

// The longest round length that is no longer than so many metres.
