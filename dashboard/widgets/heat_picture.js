// The heat map as a picture to take away: what is shown, over what, for when and how many above it; below it what the
// colours mean, the notice that no map may go without, and who took it when. Sent with heat_map.js.

const PICTURE_FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif";

function drawPicture(panes, { title, lines, legend, notice, taken }) {
  const ratio = Math.max(window.devicePixelRatio || 1, 1);
  const gap = 8;
  const width = panes.reduce((sum, { canvas }) => sum + canvas.width / ratio + gap, gap);
  const high = Math.max(...panes.map(({ canvas }) => canvas.height / ratio));
  const picture = document.createElement("canvas");
  const pen = picture.getContext("2d");
  const font = (size, weight = 400) => (pen.font = `${weight} ${size}px ${PICTURE_FONT}`);
  font(13);
  const rows = layLegend(pen, legend, width - 2 * gap);
  const head = 34 + lines.length * 20;
  const foot = rows.length * 22 + 48;
  picture.width = Math.round(width * ratio);
  picture.height = Math.round((head + high + foot) * ratio);
  pen.scale(ratio, ratio);
  pen.fillStyle = "#FFFFFF";
  pen.fillRect(0, 0, width, head + high + foot);
  pen.textBaseline = "middle";
  pen.fillStyle = "#1F2933";
  font(18, 600);
  pen.fillText(title, gap, 18, width - 2 * gap);
  font(13);
  lines.forEach((line, index) => pen.fillText(line, gap, 42 + index * 20, width - 2 * gap));
  let left = gap;
  for (const pane of panes) {
    pen.drawImage(pane.canvas, left, head, pane.canvas.width / ratio, pane.canvas.height / ratio);
    if (pane.title) {
      font(13, 600);
      pen.fillStyle = "#FFFFFFE6";
      pen.fillRect(left + 6, head + 6, pen.measureText(pane.title).width + 12, 22);
      pen.fillStyle = "#1F2933";
      pen.fillText(pane.title, left + 12, head + 17);
    }
    left += pane.canvas.width / ratio + gap;
  }
  font(13);
  rows.forEach((row, index) => {
    for (const entry of row) drawEntry(pen, entry, gap + entry.left, head + high + 18 + index * 22);
  });
  const bottom = head + high + rows.length * 22 + 20;
  pen.fillStyle = "#1F2933";
  pen.fillText(notice, gap, bottom, width - 2 * gap);
  pen.fillStyle = "#52606D";
  pen.fillText(taken, gap, bottom + 18, width - 2 * gap);
  return new Promise((done) => picture.toBlob(done, "image/png"));
}

function layLegend(pen, legend, width) {
  const rows = [[]];
  let left = 0;
  for (const entry of legend) {
    const room = 24 + pen.measureText(entry.label).width + 16;
    if (left + room > width && left > 0) {
      rows.push([]);
      left = 0;
    }
    rows.at(-1).push({ ...entry, left });
    left += room;
  }
  return rows;
}

function drawEntry(pen, { colour, mark, label }, x, y) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y - 6, 18, 12);
  pen.clip();
  pen.fillStyle = colour ?? "#FFFFFF";
  pen.fillRect(x, y - 6, 18, 12);
  if (mark === "hatch") {
    pen.strokeStyle = "#6B7683";
    pen.lineWidth = 1.3;
    for (let shift = -12; shift < 20; shift += 5) {
      pen.beginPath();
      pen.moveTo(x + shift, y + 8);
      pen.lineTo(x + shift + 16, y - 8);
      pen.stroke();
    }
  }
  if (mark === "hidden") {
    pen.fillStyle = "#6B7683";
    for (let left = 3; left < 18; left += 6) for (let top = -3; top < 6; top += 6) pen.fillRect(x + left, y + top, 2, 2);
  }
  pen.restore();
  pen.strokeStyle = mark === "marked" ? "#1F2933" : "#1F293340";
  pen.lineWidth = mark === "marked" ? 2.2 : 1;
  pen.strokeRect(x, y - 6, 18, 12);
  pen.fillStyle = "#1F2933";
  pen.fillText(label, x + 24, y);
}
