// Tocsin's banner: docs/how-to/embed.md. No cookies, no third party, silent when it fails.
(function () {
  "use strict";
  var me = document.currentScript;
  if (!me || !window.fetch) { return; }
  var set = me.dataset, tongue = set.language || document.documentElement.lang || "en";
  var from = me.src.replace(/assets\/banner\.js.*/, "") + tongue.slice(0, 2) + "/" + set.audience + "/banner.json";
  var box = document.createElement("div"), parts = {}, said, until;
  box.className = "tocsin-banner";
  box.hidden = true;
  ["em", "strong", "span", "a"].forEach(function (tag) {
    parts[tag] = box.appendChild(document.createElement(tag));
    box.appendChild(document.createTextNode(" "));
  });
  parts.strong.setAttribute("role", "status");
  (set.target && document.querySelector(set.target) || me.parentNode).appendChild(box);
  function write(tag, text) {
    if (parts[tag].textContent !== text) { parts[tag].textContent = text; }
  }
  function show() {
    if (!said) { return; }
    var old = Date.now() > Date.parse(said.valid_until) || performance.now() > until;
    box.hidden = !(old || said.is_shown || "always" in set);
    box.lang = said.language;
    box.dataset.state = old ? "unknown" : said.state;
    write("em", said.marks.join(" · "));
    write("strong", old ? "? " + said.unknown : said.shape + " " + (said.text || said.word));
    write("span", old ? "" : said.checked);
    write("a", said.more);
    parts.a.href = said.url;
  }
  function look() {
    fetch(from, { cache: "no-cache", credentials: "omit", referrerPolicy: "no-referrer" }).then(function (it) { return it.json(); }).then(function (one) {
      if (one.format !== "tocsin-banner/1") { return; }
      if (!said || said.published_at !== one.published_at) {
        until = performance.now() + Date.parse(one.valid_until) - Date.parse(one.published_at);
      }
      said = one;
      show();
    }).catch(function () {});
    setTimeout(look, 60000 * (0.8 + 0.4 * Math.random()));
  }
  look();
  setInterval(show, 5000);
})();
