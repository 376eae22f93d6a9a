// The map of a screen on a wall: what a frame says of the ground and of a view, drawn on one canvas.
"use strict";
const wallMap = (() => {
  function paintSwatch(swatch, entry) {
    if (entry.dots) {
      swatch.style.backgroundImage = "radial-gradient(#93a3ba 20%, transparent 22%)";
      swatch.style.backgroundSize = "0.6rem 0.6rem";
    } else if (entry.hatch) {
      swatch.style.backgroundImage =
        `repeating-linear-gradient(45deg, ${entry.colour} 0 0.25rem, transparent 0.25rem 0.55rem)`;
    } else if (entry.outline) {
      swatch.style.border = "0.3rem solid #ffffff";
    } else if (entry.hollow) {
      swatch.style.border = `0.25rem solid ${entry.colour}`;
    } else {
      swatch.style.background = entry.colour;
    }
  }

  const COLOURS = {
    land: "#16223a", water: "#1d3d5c", green: "#173330", way: "#2b3b58", compound: "#1e2c47", building: "#33445f",
    grid: "#8a9ebf", outline: "#c3cfdc", name: "#eaf2ff", halo: "#0b1220",
  };

  function trace(pen, rings, isClosed = true) {
    pen.beginPath();
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        if (i) pen.lineTo(ring[i], ring[i + 1]);
        else pen.moveTo(ring[0], ring[1]);
      }
      if (isClosed) pen.closePath();
    }
  }

  function weave(pen, unit, colour, isDots) {
    const tile = document.createElement("canvas");
    const size = Math.round(unit * (isDots ? 0.6 : 0.9));
    tile.width = tile.height = size;
    const ink = tile.getContext("2d");
    ink.strokeStyle = ink.fillStyle = colour;
    if (isDots) {
      ink.beginPath();
      ink.arc(size / 2, size / 2, size / 7, 0, 7);
      ink.fill();
    } else {
      ink.lineWidth = size / 4;
      ink.beginPath();
      for (const by of [-size, 0, size]) {
        ink.moveTo(by - 1, size + 1);
        ink.lineTo(by + size + 1, -1);
      }
      ink.stroke();
    }
    return pen.createPattern(tile, "repeat");
  }

  // Draw the ground of a community, and on it what a view shows, as large as the canvas is on the screen.
  function draw(canvas, ground, shown) {
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) * scale;
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    const margin = unit;
    const zoom = Math.min((width - 2 * margin) / ground.size[0], (height - 2 * margin) / ground.size[1]);
    const left = (width - zoom * ground.size[0]) / 2;
    const top = (height - zoom * ground.size[1]) / 2;
    const px = unit / zoom / 16;
    const fill = (rings, colour) => {
      trace(pen, rings);
      pen.fillStyle = colour;
      pen.fill("evenodd");
    };
    const stroke = (rings, colour, widthPx, isClosed) => {
      trace(pen, rings, isClosed);
      pen.strokeStyle = colour;
      pen.lineWidth = widthPx * px;
      pen.stroke();
    };
    pen.lineJoin = "round";
    pen.setTransform(zoom, 0, 0, zoom, left, top);
    fill(ground.outline, COLOURS.land);
    pen.save();
    trace(pen, ground.outline);
    pen.clip("evenodd");
    fill(ground.green, COLOURS.green);
    fill(ground.water, COLOURS.water);
    fill(ground.compounds, COLOURS.compound);
    for (const way of ground.ways) stroke([way.line], COLOURS.way, Math.max(way.width / px, 1.5), false);
    for (const grid of ground.grids) {
      const cell = shown.cells[grid.id];
      if (!cell) continue;
      if (cell.colour) {
        pen.globalAlpha = 0.88;
        fill(grid.rings, cell.colour);
        pen.globalAlpha = 1;
      } else if (cell.dots) {
        fillWoven(pen, grid.rings, weave(pen, unit, "#93a3ba", true));
      }
    }
    fill(ground.buildings, COLOURS.building);
    for (const area of shown.areas || []) {
      fillWoven(pen, area.rings, weave(pen, unit, area.colour, false));
      stroke(area.rings, area.colour, 3);
    }
    pen.restore();
    for (const grid of ground.grids) stroke(grid.rings, COLOURS.grid, 2);
    stroke(ground.outline, COLOURS.outline, 3);
    for (const grid of ground.grids) {
      if (shown.cells[grid.id] && shown.cells[grid.id].marked) {
        stroke(grid.rings, COLOURS.halo, 10);
        stroke(grid.rings, "#ffffff", 5);
      }
    }
    nameGrids(pen, unit, ground.grids, shown.marks, (x, y) => [left + zoom * x, top + zoom * y]);
    pen.setTransform(zoom, 0, 0, zoom, left, top);
    for (const mark of shown.marks) {
      pen.beginPath();
      pen.arc(mark.at[0], mark.at[1], (mark.hollow ? 9 : 10) * px, 0, 7);
      pen.lineWidth = 4 * px;
      pen.strokeStyle = mark.hollow ? mark.colour : COLOURS.halo;
      pen.fillStyle = mark.colour;
      if (!mark.hollow) pen.fill();
      pen.stroke();
    }
    pen.setTransform(1, 0, 0, 1, 0, 0);
    for (const area of shown.areas || []) {
      if (area.label) write(pen, unit, area.label, left + zoom * area.at[0], top + zoom * area.at[1], 2.25);
    }
  }

  function write(pen, unit, words, x, y, rem) {
    pen.font = `700 ${rem * unit}px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 0.5 * unit;
    pen.strokeStyle = COLOURS.halo;
    pen.fillStyle = COLOURS.name;
    pen.strokeText(words, x, y);
    pen.fillText(words, x, y);
  }

  function fillWoven(pen, rings, pattern) {
    // The pattern is that of the screen, however far the map is drawn in.
    pattern.setTransform(pen.getTransform().inverse());
    trace(pen, rings);
    pen.fillStyle = pattern;
    pen.fill("evenodd");
  }

  // A name gives way to marks and other names: a little up or down, as long as it stays in its grid.
  function nameGrids(pen, unit, grids, marks, place) {
    const taken = marks.map((mark) => {
      const [x, y] = place(...mark.at);
      return [x - 0.7 * unit, y - 0.7 * unit, x + 0.7 * unit, y + 0.7 * unit];
    });
    const isInside = (rings, x, y) => {
      const path = new Path2D();
      for (const ring of rings) {
        for (let i = 0; i < ring.length; i += 2) path.lineTo(...place(ring[i], ring[i + 1]));
        path.closePath();
      }
      return pen.isPointInPath(path, x, y, "evenodd");
    };
    const isFree = (box) =>
      box[0] >= 0 && box[2] <= pen.canvas.width &&
      !taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.font = `700 ${1.75 * unit}px ${getComputedStyle(document.body).fontFamily}`;
    for (const grid of grids) {
      const [x, y] = place(...grid.at);
      const half = pen.measureText(grid.name).width / 2 + 0.3 * unit;
      for (const aside of [0, -1.6 * unit, 1.6 * unit]) {
        const box = [x - half, y + aside - unit, x + half, y + aside + unit];
        if (!isFree(box) || (aside && !isInside(grid.rings, x, y + aside))) continue;
        taken.push(box);
        write(pen, unit, grid.name, x, y + aside, 1.75);
        break;
      }
    }
  }

  return { draw, paintSwatch };
})();
