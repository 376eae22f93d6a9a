// The frame of the map above: a scale bar that is right where and as closely as the map looks, the legend, the notice.
// It also keeps the view in the address of the page and tells Python when the map has come to rest.

const LOOK_EVERY_MS = 150;

export default function ({ parentElement, data, setStateValue }) {
  const frame = parentElement.querySelector(".map-frame");
  frame.querySelector(".map-notice").textContent = data.notice;
  drawLegend(frame.querySelector(".map-legend"), data.legend);

  let deck = null;
  let resting = null;
  let reported = new URLSearchParams(location.search).get("at");
  const timer = setInterval(() => {
    if (!deck?.canvas?.isConnected) deck = findDeck();
    const viewport = deck?.isInitialized ? deck.getViewports()[0] : null;
    if (!viewport) return;
    drawScale(frame.querySelector(".map-scale"), viewport.metersPerPixel, data.units);
    const at = [viewport.latitude.toFixed(5), viewport.longitude.toFixed(5), viewport.zoom.toFixed(2)].join("_");
    if (data.keeps_view && at === resting && at !== reported) {
      reported = at;
      keepInAddress(at);
      setStateValue("at", at);
    }
    resting = at;
  }, LOOK_EVERY_MS);
  return endWithCall(frame, () => clearInterval(timer));
}

function keepInAddress(at) {
  const address = new URL(location.href);
  address.searchParams.set("at", at);
  history.replaceState(history.state, "", address);
}

// Streamlit shows a deck.gl map but does not say where it looks. The Deck hangs on the React component that drew the
// canvas; without it there is no scale bar, and everything else still works.
function findDeck() {
  let node = document.querySelector('[data-testid="stDeckGlJsonChart"] canvas');
  let fiber = null;
  for (; node && !fiber; node = node.parentElement) {
    fiber = node[Object.keys(node).find((key) => key.startsWith("__reactFiber$"))];
  }
  for (; fiber; fiber = fiber.return) {
    for (let hook = fiber.memoizedState; hook?.next !== undefined; hook = hook.next) {
      const kept = Array.isArray(hook.memoizedState) ? hook.memoizedState[0] : hook.memoizedState?.current;
      if (kept?.deck?.getViewports) return kept.deck;
      if (!hook.next) break;
    }
  }
  return null;
}
