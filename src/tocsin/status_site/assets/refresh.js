// Keeps an open page fresh. Everything on the page works without it.
// The page is fetched again about once a minute, each reader at a moment of his own, and shown only when it came.
(function () {
  "use strict";
  var body = document.body;
  var every = Number(body.dataset.refreshS || 60) * 1000;
  var validUntil = Date.parse(body.dataset.validUntil || "");
  var staleAfter = 5 * 60 * 1000;
  var loadedAt = Date.now();
  function warn() {
    var old = isNaN(validUntil) ? Date.now() - loadedAt > staleAfter : Date.now() > validUntil;
    document.getElementById("stale").hidden = !old;
  }
  function look() {
    warn();
    if (document.hidden || document.querySelector("details[open]")) { later(); return; }
    fetch(location.href, { cache: "no-cache" }).then(function (answer) {
      if (answer.ok) { location.reload(); } else { later(); }
    }).catch(later);
  }
  function later() { setTimeout(look, every * (0.85 + 0.3 * Math.random())); }
  warn();
  later();
})();
