/* "Remind me here": asks the browser for a push address and sends it with the form. Without it, the form still works. */
"use strict";
(() => {
  const block = document.getElementById("remind");
  const form = document.getElementById("ask");
  if (!block || !("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return;
  const status = block.querySelector("[role=status]");
  const button = block.querySelector("button");
  block.hidden = false;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  const active = (registration) =>
    new Promise((resolve, reject) => {
      const worker = registration.active || registration.waiting || registration.installing;
      if (worker.state === "activated") return resolve(registration);
      worker.addEventListener("statechange", () => {
        if (worker.state === "activated") resolve(registration);
        if (worker.state === "redundant") reject(new Error("redundant"));
      });
    });

  const address = async () => {
    const registration = await active(await navigator.serviceWorker.register(block.dataset.worker));
    const kept = await registration.pushManager.getSubscription();
    return kept || registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(block.dataset.key),
    });
  };

  button.addEventListener("click", async () => {
    if (!form.elements.audience.value) {
      status.textContent = block.dataset.choose;
      form.elements.audience.focus();
      return;
    }
    status.textContent = block.dataset.asking;
    if ((await Notification.requestPermission()) !== "granted") {
      status.textContent = block.dataset.refused;
      return;
    }
    try {
      form.elements.address.value = JSON.stringify(await address());
      form.elements.channel.value = "webpush";
      status.textContent = "";
      form.submit();
    } catch {
      form.elements.address.value = "";
      status.textContent = block.dataset.failed;
    }
  });
})();
