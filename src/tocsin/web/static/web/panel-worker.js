/* Keeps a panel member's page at hand without a network, sends what was tapped as soon as there is one, and shows the
   questions that are pushed. */
"use strict";
importScripts("/static/web/panel-queue.js", "/static/web/push-worker.js");

const CACHE = "tocsin-panel-1";
const ASSETS = ["tocsin.css", "panel-queue.js", "panel.js", "icon.svg", "icon-192.png"].map((name) => `/static/web/${name}`);
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(ASSETS))));

self.addEventListener("activate", (event) =>
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  ),
);

const isOwnPage = (url) => /^\/panel\/[^/]+\/$/.test(url.pathname);

const late = () => new Promise((_, reject) => setTimeout(() => reject(new Error("late")), PATIENCE_MS));

/* What is fresh if it comes in time, else what was kept: a platform that hangs must not keep the page from its reader. */
const page = async (request) => {
  const cache = await caches.open(CACHE);
  const plain = request.url.split("?")[0];
  const fresh = fetch(request).then(async (response) => {
    if (response.ok && !response.redirected) await cache.put(plain, response.clone());
    if (response.status === 404) await cache.delete(plain);
    if (response.status >= 500) throw new Error(`HTTP ${response.status}`);
    return response;
  });
  try {
    return await Promise.race([fresh, late()]);
  } catch {
    return (await cache.match(plain)) || fresh;
  }
};

const asset = async (request) => {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  const fresh = fetch(request).then(async (response) => {
    if (response.ok) await cache.put(request, response.clone());
    return response;
  });
  if (!kept) return fresh;
  fresh.catch(() => undefined);
  return kept;
};

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && isOwnPage(url)) event.respondWith(page(event.request));
  else if (ASSETS.includes(url.pathname)) event.respondWith(asset(event.request));
});

self.addEventListener("message", (event) => {
  const url = new URL(event.data.keep, self.location.origin);
  if (!isOwnPage(url)) return;
  event.waitUntil(
    caches.open(CACHE).then(async (cache) => (await cache.match(url.href)) || cache.add(url.href)),
  );
});

const flushed = async () => {
  const answers = await self.tocsinQueue.flush();
  for (const page of await self.clients.matchAll({ includeUncontrolled: true })) page.postMessage({ answers });
};

self.addEventListener("sync", (event) => {
  if (event.tag === "taps") event.waitUntil(flushed());
});
