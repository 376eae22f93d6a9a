// Tells the console of keys and presses of the hand, of parts of the page that come and go and what they say of themselves,
// and of lost maps. Runs before the page does; witness.py writes it down.
(() => {
  const tell = (...words) => console.debug("witness:", ...words);
  const name = (node) => [node.tagName ?? "document", ...(node.classList ?? [])].join(".").toLowerCase();
  const parts = ".zone-editor, .zone-compare, .heat-map, .map-frame, .case-list, canvas, [role=dialog], [data-testid=stPopoverBody]";
  for (const type of ["pointerdown", "pointerup", "pointercancel"])
    addEventListener(type, (event) => tell(type, event.clientX, event.clientY, "on", name(event.target)), true);
  addEventListener("keydown", (event) => tell("keydown", event.key, "on", name(event.target)), true);
  for (const type of ["webglcontextlost", "webglcontextrestored"])
    addEventListener(type, (event) => tell(type, name(event.target)), true);
  const list = (nodes) => [...nodes].filter(({ nodeType }) => nodeType === 1)
    .flatMap((node) => [...(node.matches(parts) ? [node] : []), ...node.querySelectorAll(parts)]);
  new MutationObserver((changes) => {
    for (const { type, target, attributeName, addedNodes, removedNodes } of changes) {
      if (type === "attributes") tell(name(target), attributeName, target.getAttribute(attributeName));
      for (const part of list(removedNodes)) tell("gone:", name(part));
      for (const part of list(addedNodes)) tell("there:", name(part));
    }
  }).observe(document, {
    subtree: true, childList: true, attributes: true,
    attributeFilter: ["data-revision", "data-picked", "data-drawn", "data-test-script-state"],
  });
})();
