// How a part of a page ends. Sent with the script of every part.
//
// Streamlit calls a part for all new data, and what the call returned when the part goes; but it does the latter, too,
// when the next data came before the call did, as on a busy machine. The part stays then, and so must what it holds.

function endWithPart(root, end) {
  return () => root.isConnected || end();
}

const begun = new WeakMap();

// For what every call begins anew: it ends with the part, or as the next call begins its own.
function endWithCall(root, end) {
  begun.get(root)?.();
  begun.set(root, end);
  return endWithPart(root, end);
}
