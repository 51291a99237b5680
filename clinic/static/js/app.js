// Every page works without this file. It guards against double submits, opens dialogs and listens to keys.
"use strict";

// --- one submit, one request; the button says what is happening and comes back with the page ---
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  const button = event.submitter;
  // After the browser has read the form, since a disabled button's value is not sent.
  setTimeout(() => {
    for (const each of form.querySelectorAll("button:not([type=button])")) each.disabled = true;
    if (!button || !button.dataset.busy) return;
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
  });
});

const wake = (form) => {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.disabled = button.hasAttribute("data-off");
    if (button.dataset.label) button.textContent = button.dataset.label;
  }
};
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(wake));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target instanceof HTMLFormElement) wake(event.target);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 503) event.detail.shouldSwap = true;
});

// --- a question before what cannot be undone: <form data-ask="Question?" data-ask-text="…" data-ask-yes="Verb object"> ---
document.addEventListener("submit", (event) => {
  const form = event.target;
  const dialog = document.getElementById("ask");
  if (!form.dataset.ask || form.dataset.asked || !dialog) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const button = event.submitter;
  dialog.querySelector("#ask-title").textContent = form.dataset.ask;
  dialog.querySelector("[data-ask-text]").textContent = form.dataset.askText || "";
  dialog.querySelector("[data-ask-yes]").textContent = form.dataset.askYes || (button && button.textContent) || "";
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.asked = "1";
    form.requestSubmit(button);
    delete form.dataset.asked;
  }, { once: true });
  dialog.showModal();
}, { capture: true });

// --- dialogs, menus, toasts ---
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  if (event.target.closest("[data-close-toast]")) event.target.closest("[data-toast]").remove();
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target) || opener) menu.open = false;
  }
});

const TOAST_MS = 8000;
const leave = (toast) => {
  if (toast.matches(":hover, :focus-within")) return setTimeout(leave, TOAST_MS, toast);
  if (!toast.querySelector(".toast--error, .toast--warning")) toast.remove();
};
document.querySelectorAll("[data-toast]").forEach((toast) => setTimeout(leave, TOAST_MS, toast));

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// --- keys; single letters never act in a field and can be turned off on this device ---
const KEYS_OFF = "single-keys-off";
const singleKeys = document.querySelector("[data-single-keys]");
if (singleKeys) {
  singleKeys.checked = !localStorage.getItem(KEYS_OFF);
  singleKeys.addEventListener("change", () => {
    if (singleKeys.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  });
}

const GO_MS = 1500;
let goUntil = 0;
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]");
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelectorAll("[data-menu][open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
  const isHeld = event.ctrlKey || event.metaKey || event.altKey;
  const find = document.querySelector("[data-find]");
  if (find && event.key === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return find.focus();
  }
  if (isHeld || isTyping(event.target) || document.querySelector("dialog[open]") || localStorage.getItem(KEYS_OFF)) return;
  if (event.key === "/" && find) {
    event.preventDefault();
    return find.focus();
  }
  if (event.key === "?") return document.getElementById("keys")?.showModal();
  if (event.timeStamp < goUntil) {
    goUntil = 0;
    const place = document.querySelector(`[data-go="${CSS.escape(event.key.toLowerCase())}"]`);
    if (place) {
      event.preventDefault();
      event.stopImmediatePropagation();
      place.click();
    }
    return;
  }
  if (event.key.toLowerCase() === "g") goUntil = event.timeStamp + GO_MS;
}, { capture: true });

// --- passkeys: allauth's script reports a refusal here ---
document.addEventListener("allauth.error", (event) => {
  const failed = document.querySelector("[data-passkey-failed]");
  if (!failed) return;
  event.preventDefault();
  failed.hidden = false;
});
