// Keeps an open page fresh, says when it no longer is, and folds away what does not hit the reader's own software and
// province. Everything on the page works without it.
// The page is fetched again about once a minute, each reader at a moment of his own, and shown only when it came.
(function () {
  "use strict";
  var body = document.body;
  var every = Number(body.dataset.refreshS || 60) * 1000;
  var validUntil = Date.parse(body.dataset.validUntil || "");
  var staleAfter = 5 * 60 * 1000;
  var loadedAt = Date.now();
  var ahead = 0; // how far this machine's clock is ahead of the server's, where the server told us
  var form = document.querySelector("form.filter");
  var isStale = false;

  function warn() {
    var now = Date.now() - ahead;
    isStale = isNaN(validUntil) ? Date.now() - loadedAt > staleAfter : now > validUntil;
    document.getElementById("stale").hidden = !isStale;
    if (isStale) { forget(); }
  }

  // What the page says is too old to be trusted: every state turns to "not clear yet", and nothing is folded away.
  function forget() {
    document.querySelectorAll("main .state:not(.planned)").forEach(function (state) {
      if (state.classList.contains("unknown")) { return; }
      state.className = "state unknown";
      state.textContent = "? " + body.dataset.unclear;
    });
    document.querySelectorAll("main .trouble:not(.planned)").forEach(function (block) { block.className = "trouble unknown"; });
    spare();
  }

  function look() {
    warn();
    if (document.hidden || (!isStale && document.querySelector("details[open]:not(.mine)"))) { later(); return; }
    fetch(location.href, { cache: "no-cache" }).then(function (answer) {
      var date = Date.parse(answer.headers.get("Date") || "");
      if (!isNaN(date)) { ahead = Date.now() - date; }
      return answer.ok ? answer.text() : "";
    }).then(function (text) {
      // A page that is as old as this one brings nothing, and would only move the reader's place.
      var next = /data-valid-until="([^"]*)"/.exec(text);
      if (text && (!next || next[1] !== body.dataset.validUntil)) { location.reload(); } else { later(); }
    }).catch(later);
  }
  function later() { warn(); setTimeout(look, every * (0.85 + 0.3 * Math.random())); }

  function remembered() {
    try { return JSON.parse(localStorage.getItem("tocsin-mine-" + form.dataset.audience) || "{}"); } catch (error) { return {}; }
  }
  function remember(chosen) {
    try { localStorage.setItem("tocsin-mine-" + form.dataset.audience, JSON.stringify(chosen)); } catch (error) { /* a private window */ }
  }
  function misses(list, own) { return Boolean(own && list && list.split(" ").indexOf(own) < 0); }

  // Only what is known to be limited to other software or provinces is folded away, never out of reach, and nothing of
  // it while the page is stale or the reader did not choose.
  function spare() {
    if (!form) { return; }
    var package_ = form.elements["package"];
    var chosen = { "package": package_ ? package_.value : "", region: form.elements.region.value };
    document.querySelectorAll("details.spared").forEach(function (fold) {
      while (fold.children.length > 1) { fold.parentNode.insertBefore(fold.children[1], fold); }
      fold.remove();
    });
    document.querySelectorAll("main article.trouble[data-packages], main article.trouble[data-regions]").forEach(function (block) {
      if (isStale || !(misses(block.dataset.packages, chosen["package"]) || misses(block.dataset.regions, chosen.region))) { return; }
      var fold = document.createElement("details");
      fold.className = "spared";
      var line = document.createElement("summary");
      line.textContent = form.dataset.spared + " " + block.querySelector("h2").textContent.trim();
      block.parentNode.insertBefore(fold, block);
      fold.append(line, block);
    });
    document.querySelectorAll("a.subscribe").forEach(function (link) {
      var address = new URL(link.href);
      ["package", "region"].forEach(function (name) {
        if (chosen[name]) { address.searchParams.set(name, chosen[name]); } else { address.searchParams.delete(name); }
      });
      link.href = address.href;
    });
    return chosen;
  }

  if (form) {
    var before = remembered();
    ["package", "region"].forEach(function (name) { if (form.elements[name] && before[name]) { form.elements[name].value = before[name]; } });
    form.hidden = false;
    form.addEventListener("change", function () { remember(spare()); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    spare();
  }
  later();
})();
