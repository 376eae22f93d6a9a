// What stands under every map. Words are set as text, never as HTML. Sent with the script of each map.

const WIDEST_BAR_PX = 110;

function chooseBar(most) {
  const magnitude = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((step) => step * magnitude).find((length) => length <= most);
}

function drawScale(scale, metresPerPixel, units) {
  const metres = chooseBar(WIDEST_BAR_PX * metresPerPixel);
  scale.style.width = `${metres / metresPerPixel}px`;
  scale.textContent = metres >= 1000 ? `${metres / 1000} ${units.km}` : `${metres} ${units.m}`;
  scale.dataset.metres = metres;
}

function drawLegend(place, legend) {
  place.replaceChildren(
    ...legend.map(({ mark, colour, label }) => {
      const entry = document.createElement("span");
      const swatch = document.createElement("i");
      if (colour) swatch.style.background = colour;
      if (mark) swatch.className = `mark-${mark}`;
      entry.append(swatch, label);
      return entry;
    })
  );
}
