// Opens the page of a screen while the server is away. The page is empty; what it shows it has kept itself.
"use strict";
const PAGES = "wangge-wall";
const PATIENCE_MS = 8000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.mode === "navigate" && url.pathname === "/wall" && !url.searchParams.has("token")) {
    event.respondWith(open(event.request));
  }
});

async function open(request) {
  const pages = await caches.open(PAGES);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok && !answer.redirected && answer.type === "basic") await pages.put(request.url, answer.clone());
    // Signed out, or sent to the door: what was kept is no longer for this screen.
    else if (answer.type === "opaqueredirect" || answer.status < 500) await pages.delete(request.url);
    if (answer.status < 500) return answer;
    return (await pages.match(request.url)) || answer;
  } catch (failure) {
    const kept = await pages.match(request.url);
    if (kept) return kept;
    throw failure;
  }
}
