/* global self, caches, fetch, AbortSignal, Response */
// Keeps the shell of the screens, never data: a reload while the daemon is away still shows that it is away (rule S4).
const SHELL = 'penstock-shell';
const PATIENCE_MS = 4000;

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(keepShell());
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request));
});

/** The page and what it names; on a new build the assets of the one before are dropped. */
async function keepShell() {
  const answer = await fetch('/', { cache: 'no-cache' });
  if (!answer.ok) return;
  const html = await answer.clone().text();
  const cache = await caches.open(SHELL);
  const before = await (await cache.match('/'))?.text();
  if (before === html) return;
  for (const old of await cache.keys()) await cache.delete(old);
  await cache.put('/', answer);
  await cache.addAll([...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path));
}

/** The daemon's own page; the kept one when it does not answer in time. */
async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) void keepShell().catch(() => undefined);
    return answer;
  } catch {
    return (await caches.match('/')) ?? Response.error();
  }
}

/** Their names change with their content, so what is kept is right. */
async function asset(request) {
  const kept = await caches.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(SHELL)).put(request, answer.clone());
  return answer;
}
