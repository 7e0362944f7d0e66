// What is typed stays in this tab until it is saved or cancelled: no other form or room, no lost
// connection and no restart of the server takes it away. Secrets are never kept.
//
// Every form with `data-draft`, the name of what is edited, takes part. Only fields that differ from
// what the form came with are kept: so a form that is opened again has what somebody else has saved
// since, too.

import { useEffect } from "react";

const DRAFT = "draft ";
const OPENED = "opened ";
const NEVER = ["password", "file", "hidden", "submit", "button"];
const LONGEST = 100_000;

const restored = new WeakSet();

let lastSeen = "";

// After a restart the page says for a moment that nobody is there.
function who() {
  lastSeen = document.querySelector(".person .who")?.textContent || lastSeen;
  return lastSeen;
}

function read(at) {
  const kept = JSON.parse(sessionStorage.getItem(at) ?? "null");
  return kept?.who === who() ? kept.what : null;
}

function write(at, what) {
  const text = JSON.stringify({ who: who(), what });
  if (text.length <= LONGEST) sessionStorage.setItem(at, text);
}

const placeOf = (form) => DRAFT + form.dataset.draft;
const nameOf = (control) => `${control.dataset.of ?? ""} ${control.name}`;
const isTick = (control) => control.type === "checkbox" || control.type === "radio";

const isKept = (control) =>
  control.name && !NEVER.includes(control.type) && control.dataset.secret !== "true";

// The query of an address, and a login before its host, are secrets too.
const withoutSecrets = (control, text) =>
  text.includes("://") || control.inputMode === "url"
    ? text.replace(/\?[^\n]*/g, "").replace(/(:\/\/|^)[^/@\s]*@/g, "$1")
    : text;

function valueOf(control) {
  return isTick(control) ? control.checked : withoutSecrets(control, control.value);
}

function initialOf(control) {
  if (isTick(control)) return control.defaultChecked;
  if (control.options === undefined) return withoutSecrets(control, control.defaultValue);
  const options = [...control.options];
  return (options.find((each) => each.defaultSelected) ?? options[0])?.value;
}

// Fields of a kind that is not chosen now stay kept.
function keep(form) {
  const typed = read(placeOf(form)) ?? {};
  for (const control of [...form.elements].filter(isKept)) {
    restored.add(control);
    if (valueOf(control) === initialOf(control)) delete typed[nameOf(control)];
    else typed[nameOf(control)] = valueOf(control);
  }
  if (Object.keys(typed).length) write(placeOf(form), typed);
  else sessionStorage.removeItem(placeOf(form));
}

function restore(control) {
  const form = control.closest("form[data-draft]");
  if (!form || restored.has(control) || !isKept(control)) return;
  restored.add(control);
  const kept = read(placeOf(form))?.[nameOf(control)];
  if (kept === undefined || kept === valueOf(control)) return;
  if (isTick(control)) control.checked = kept;
  else control.value = kept;
  for (let at = control; at !== form; at = at.parentElement) if (at.open === false) at.open = true;
  const note = form.querySelector(".from-draft");
  if (note) note.hidden = false;
  // The server draws the fields of the kind; once those beside it are filled in, too, because a
  // change has the whole form kept as it is.
  const chosen = () => control.dispatchEvent(new Event("change", { bubbles: true }));
  if (control.dataset.kind) setTimeout(chosen);
}

const restoreWithin = (node) =>
  node.querySelectorAll?.("form[data-draft] [name]").forEach(restore);

function dropAll() {
  Object.keys(sessionStorage)
    .filter((each) => each.startsWith(DRAFT) || each.startsWith(OPENED))
    .forEach((each) => sessionStorage.removeItem(each));
}

globalThis.dropDraft = (name) => {
  sessionStorage.removeItem(DRAFT + name);
  document.querySelector(`form[data-draft="${CSS.escape(name)}"]`)?.reset();
};

let isWatching = false;

function watch() {
  if (isWatching) return;
  isWatching = true;
  const typed = (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (form) keep(form);
  };
  document.addEventListener("input", typed);
  document.addEventListener("change", typed);
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") === "/auth/logout") dropAll();
  });
  const drawn = new MutationObserver((changes) =>
    changes.forEach((each) => each.addedNodes.forEach((node) => {
      if (node.name) restore(node);
      restoreWithin(node);
    })));
  drawn.observe(document.body, { childList: true, subtree: true });
  restoreWithin(document);
}

/** Once on every page. */
export function useDrafts() {
  useEffect(watch, []);
}

/** Opens the form again that this tab had open in a room, where the server knows of none: `serial`
 * counts the forms that were opened. */
export function useOpened({ loaded, serial, thing, id, parent, copied }, reopen) {
  useEffect(() => {
    if (!loaded) return;
    const at = OPENED + location.pathname;
    if (serial && thing) write(at, [thing, id, parent, copied]);
    else if (serial) sessionStorage.removeItem(at);
    else if (read(at)) reopen(...read(at), 0);
  }, [loaded, serial, thing, id, parent, copied]);
}
