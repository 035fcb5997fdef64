/* What a panel member tapped, kept on the telephone until it is with us; used by the page and by its worker.
   Each tap has a key of its own, so that one that is sent twice counts once, and bears the telephone's own time. */
"use strict";
self.tocsinQueue = (() => {
  const MOST = 50;
  const PATIENCE_MS = 10000;

  const store = (mode) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open("tocsin-panel", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("taps", { keyPath: "key" });
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => resolve(opening.result.transaction("taps", mode).objectStore("taps"));
    });

  const answer = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const done = (transaction) =>
    new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });

  const key = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const all = async () => {
    const taps = await answer((await store("readonly")).getAll());
    return taps.sort((one, other) => one.tapped_at - other.tapped_at);
  };

  const add = async (tap) => {
    const kept = { ...tap, key: key(), tapped_at: Date.now() };
    const taps = await store("readwrite");
    taps.add(kept);
    await done(taps.transaction);
    return kept;
  };

  const remove = async (keys) => {
    const taps = await store("readwrite");
    keys.forEach((one) => taps.delete(one));
    await done(taps.transaction);
  };

  const sent = async (to, taps) => {
    const plain = taps.map((tap) => ({
      key: tap.key, function: tap.function, works: tap.works, text: tap.text, tapped_at: tap.tapped_at,
    }));
    const response = await fetch(to, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      signal: AbortSignal.timeout(PATIENCE_MS),
      // Stamped as late as can be: the difference to the tap is what counts, and not what this clock says.
      body: JSON.stringify({ sent_at: Date.now(), taps: plain }),
    });
    if (response.ok) return (await response.json()).taps;
    // Nobody's link any more, or nothing that can be read: it will be no better later.
    if ([400, 404, 413].includes(response.status)) {
      return taps.map((tap) => ({ key: tap.key, status: "refused", code: `http.${response.status}` }));
    }
    throw new Error(`HTTP ${response.status}`);
  };

  const flushed = async () => {
    const results = [];
    const waiting = await all();
    for (const to of new Set(waiting.map((tap) => tap.to))) {
      const own = waiting.filter((tap) => tap.to === to);
      for (let start = 0; start < own.length; start += MOST) {
        const answers = await sent(to, own.slice(start, start + MOST));
        await remove(answers.map((one) => one.key));
        results.push(...answers.map((one) => ({ ...one, tap: own.find((tap) => tap.key === one.key) })));
      }
    }
    return results;
  };

  // The page and its worker may wake at once: one after the other, the second finds nothing left.
  const flush = () => (navigator.locks ? navigator.locks.request("tocsin-panel", flushed) : flushed());

  return { add, all, flush };
})();
