// The colours a zone can have. One that a neighbour has is shown crossed out; clicked, it says whose it is.

export default function ({ parentElement, data, setTriggerValue }) {
  const part = (name) => parentElement.querySelector(`.zone-hue-${name}`);
  const { hues, words } = data;
  part("label").textContent = words.label;
  part("row").setAttribute("aria-label", words.label);
  part("note").textContent = hues.some(({ taken }) => taken) ? words.note : "";
  part("row").replaceChildren(
    ...hues.map(({ colour, mine, taken }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", title: taken || colour });
      button.style.backgroundColor = colour;
      button.setAttribute("role", "radio");
      button.setAttribute("aria-checked", mine);
      button.setAttribute("aria-label", taken ? `${colour} ${taken}` : colour);
      button.classList.toggle("is-taken", Boolean(taken));
      button.onclick = () => {
        if (taken) part("note").textContent = taken;
        else if (!mine) setTriggerValue("hue", colour);
      };
      return button;
    })
  );
}
