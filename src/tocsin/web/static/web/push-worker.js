/* Shows what is pushed, and opens its page on a click. One outage is one notification: a newer one takes its place. */
"use strict";
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data.json();
  } catch {
    /* A push service may wake us with nothing in hand; a browser wants something shown all the same. */
  }
  event.waitUntil(
    self.registration.showNotification(said.title || "Tocsin", {
      body: said.body || "",
      lang: said.lang || "",
      tag: said.tag || "tocsin",
      renotify: true,
      icon: "/static/web/icon.svg",
      data: { url: said.url || "" },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data && event.notification.data.url;
  if (url && /^https?:/.test(url)) event.waitUntil(self.clients.openWindow(url));
});
