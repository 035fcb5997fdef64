/* A panel member's page: a tap is kept on the telephone at once, and sent when it can be. Without this, the plain form
   does the same as long as there is a network. */
"use strict";
(() => {
  const form = document.getElementById("taps");
  if (!form || !("indexedDB" in window)) return;
  const words = form.dataset;
  const status = document.getElementById("network");
  const AGAIN_MS = 15000;
  const TWICE_MS = 2000;
  let last = { answer: "", at: 0 };

  const clock = (moment) =>
    new Intl.DateTimeFormat(document.documentElement.lang, {
      hour: "numeric", minute: "2-digit", hour12: false, timeZone: "Europe/Brussels",
    }).format(moment);

  const note = (name) => form.querySelector(`[data-noted="${CSS.escape(name)}"]`);

  const say = (tap, sentence) => {
    const line = note(tap.function);
    if (line) line.textContent = sentence.replace("{time}", tap.noted || clock(tap.tapped_at));
  };

  const press = (tap) => {
    for (const button of form.querySelectorAll("button[name=answer]")) {
      const [name, answer] = button.value.split(":");
      if (name === tap.function) button.setAttribute("aria-pressed", String((answer === "yes") === tap.works));
    }
  };

  const waiting = async () => {
    const left = (await self.tocsinQueue.all()).filter((tap) => tap.to === words.to);
    left.forEach((tap) => {
      press(tap);
      say(tap, words.waiting);
    });
    status.textContent = left.length ? words.offline : "";
    return left;
  };

  const retold = async () => {
    const response = await fetch(words.told, { credentials: "same-origin" });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    document.getElementById("told").replaceChildren(...fresh.body.childNodes);
  };

  const received = async (answers) => {
    for (const one of answers) {
      const tap = { ...one.tap, noted: one.noted };
      if (tap.to === words.to) say(tap, one.status === "refused" ? (one.words || words.refused) : words.sent);
    }
    if (answers.length) await retold();
  };

  const flush = async () => {
    try {
      await received(await self.tocsinQueue.flush());
    } catch {
      /* No network, or nobody home: what was tapped stays, and is tried again. */
    }
    return waiting();
  };

  const register = async () => {
    if (!("serviceWorker" in navigator)) return;
    await navigator.serviceWorker.register(words.worker, { scope: "/panel/" });
    const { active } = await navigator.serviceWorker.ready;
    // The worker was not there yet when this page was loaded: it fetches and keeps it now, for the next time.
    active.postMessage({ keep: location.pathname });
  };

  const later = async () => {
    try {
      const registration = await navigator.serviceWorker.ready;
      if ("sync" in registration) await registration.sync.register("taps");
    } catch {
      /* Where nothing sends in the background, the page does when it is opened next. */
    }
  };

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || button.name !== "answer") return;
    event.preventDefault();
    if (button.value === last.answer && Date.now() - last.at < TWICE_MS) return;
    last = { answer: button.value, at: Date.now() };
    const [name, answer] = button.value.split(":");
    const text = form.elements.text;
    try {
      const tap = await self.tocsinQueue.add({ to: words.to, function: name, works: answer === "yes", text: text.value });
      text.value = "";
      press(tap);
      say(tap, words.sending);
    } catch {
      // The telephone keeps nothing for us (a private window, a full disk): the plain form then.
      const plain = document.createElement("input");
      Object.assign(plain, { type: "hidden", name: "answer", value: button.value });
      form.append(plain);
      form.submit();
      return;
    }
    if ((await flush()).length) await later();
  });

  for (const name of ["online", "pageshow"]) window.addEventListener(name, () => void flush());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void flush();
  });
  setInterval(() => {
    if (document.visibilityState === "visible" && status.textContent) void flush();
  }, AGAIN_MS);

  const install = document.getElementById("install");
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    install.hidden = false;
    install.onclick = async () => {
      await event.prompt();
      install.hidden = true;
    };
  });

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  const ask = document.getElementById("push");
  if (ask && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
    ask.hidden = false;
    ask.addEventListener("click", async () => {
      const line = document.getElementById("push-said");
      if ((await Notification.requestPermission()) !== "granted") {
        line.textContent = ask.dataset.refused;
        return;
      }
      try {
        const registration = await navigator.serviceWorker.ready;
        const kept = await registration.pushManager.getSubscription();
        const found = kept || (await registration.pushManager.subscribe({
          userVisibleOnly: true, applicationServerKey: bytes(ask.dataset.key),
        }));
        const wishes = document.getElementById("wishes");
        wishes.elements.push.value = JSON.stringify(found);
        wishes.submit();
      } catch {
        line.textContent = ask.dataset.failed;
      }
    });
  }

  // The worker may have sent it in the background.
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data.answers) void received(event.data.answers).then(waiting, waiting);
    });
  }

  void register().catch(() => undefined);
  void flush();
})();
