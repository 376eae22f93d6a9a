// What the maps that MapLibre draws have in common. Sent with the script of each.

// In the middle of the map, where one pixel is a 512th of a tile.
function measurePixel(map) {
  const { lat } = map.getCenter();
  return (40075016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
}

// A computer that slept may have lost what its graphics card held. MapLibre then sets up the style again, but not what
// was painted, which `repaint` does; until then the map's place says that it is lost.
function watchLoss(map, told, repaint) {
  const { dataset } = map.getContainer();
  map.on("webglcontextlost", () => (dataset.lost = told));
  map.on("style.load", () => {
    delete dataset.lost;
    repaint();
  });
}

function isMapLost(map) {
  return "lost" in map.getContainer().dataset;
}

function drawHatch(colour, width) {
  const size = 16;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = canvas.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 2, size + 2);
    pen.lineTo(shift + size + 2, -2);
  }
  pen.stroke();
  return pen.getImageData(0, 0, size, size);
}

function addStyle(address) {
  if (document.querySelector(`link[href="${address}"]`)) return null;
  return new Promise((done) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: address, onload: done, onerror: done });
    document.head.append(link);
  });
}
