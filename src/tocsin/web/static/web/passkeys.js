// Passkeys: hands the page's question to the browser and its answer to the form. Nothing here decides anything.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function readable(question) {
  const asked = structuredClone(question.publicKey);
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    asked[list] = (asked[list] || []).map((each) => ({ ...each, id: bytes(each.id) }));
  }
  return { publicKey: asked };
}

function written(found) {
  const said = { clientDataJSON: text(found.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (found.response[part]) said[part] = text(found.response[part]);
  }
  return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response: said });
}

async function prove(form, act) {
  const failed = form.querySelector("[data-failed]");
  if (failed) failed.hidden = true;
  try {
    const question = readable(JSON.parse(form.dataset.question));
    const found = await navigator.credentials[form.dataset.passkey](question);
    form.elements.answer.value = written(found);
    if (form.elements.act) form.elements.act.value = act;
    form.submit();
  } catch {
    if (failed) failed.hidden = false;
  }
}

function wire() {
  if (!window.PublicKeyCredential) return;
  document.querySelectorAll("form[data-passkey][hidden]").forEach((form) => {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      prove(form, event.submitter ? event.submitter.dataset.act || "" : "");
    });
  });
}
document.addEventListener("DOMContentLoaded", wire);
// The console may ask in place of what it showed.
document.addEventListener("htmx:afterSettle", wire);
