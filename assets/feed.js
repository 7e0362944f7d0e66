// Keeps the public page live: one snapshot, fetched every 15 s while the page is looked at.
// Starts from the snapshot that the server wrote into the HTML, so the first paint waits for nothing.
import { useEffect, useSyncExternalStore } from "react";
import { useSearchParams } from "react-router";
import { ago, board } from "./board.js";

const EVERY_MS = 15_000;
const PATIENCE_MS = 10_000;
const STANDSTILL_MS = 30_000;
const NOTHING_KNOWN = {
  headline: "The status is not known",
  status: "unknown",
  missing: true,
  counts: [],
  filters: [],
  hosts: [],
};

// null until the browser takes over from the server's HTML, then {snapshot, seenAt, reachable, lag}.
// The lag is by how much the snapshot is older than the answer that brought it, by the server's clock.
let state = null;
let timer = null;
let pulling = false;
const listeners = new Set();

/** The page (see board.js) with `notice`, what to say about the connection; null at first. */
export function useBoard() {
  const current = useSyncExternalStore(subscribe, () => state, () => null);
  const slug = useSearchParams()[0].get("namespace") ?? "";
  const value = current && page(current, slug);
  useEffect(() => {
    if (value) document.title = `${value.headline} · Status`;
  }, [value]);
  return value;
}

/** “Updated 14:03:12 · 12 s ago”, counting on by itself. */
export function useUpdated() {
  return useSyncExternalStore(everySecond, updated, () => "");
}

// Every part of the page asks for the same thing at the same time: worked out once.
let made = {};
function page(current, slug) {
  if (made.current !== current || made.slug !== slug) made = { current, slug, value: work(current, slug) };
  return made.value;
}

function work({ snapshot, reachable, lag }, slug) {
  const shown = snapshot ? board(snapshot, slug) : NOTHING_KNOWN;
  // What is now, nobody knows: the rows show what was known last, the answer no colour.
  const status = lag > STANDSTILL_MS ? "unknown" : shown.status;
  return { ...shown, status, notice: notice(reachable, lag, snapshot) };
}

function notice(reachable, lag, snapshot) {
  if (!reachable) return "The status server cannot be reached. Trying again every 15 seconds.";
  if (lag <= STANDSTILL_MS) return "";
  return `These are the statuses of ${hour(new Date(snapshot.generated_at))}. The monitor has not been able to check anything since then.`;
}

// The time of day, with the date where it is not today.
function hour(at) {
  const clock = { hour: "2-digit", minute: "2-digit" };
  const day = isToday(at) ? {} : { day: "numeric", month: "long" };
  return at.toLocaleString([], { ...day, ...clock });
}

const isToday = (at) => at.toDateString() === new Date().toDateString();

function updated() {
  if (!state?.snapshot) return "";
  const at = new Date(state.snapshot.generated_at);
  const time = isToday(at) ? at.toLocaleTimeString() : at.toLocaleString();
  const age = ago((Date.now() - state.seenAt + state.lag) / 1000);
  const isCurrent = state.reachable && state.lag <= STANDSTILL_MS;
  return isCurrent ? `Updated ${time} · ${age}` : `Last known state: ${time} · ${age}`;
}

function everySecond(listener) {
  const ticking = setInterval(listener, 1000);
  listeners.add(listener);
  return () => (clearInterval(ticking), listeners.delete(listener));
}

function subscribe(listener) {
  if (!listeners.size || !state) start();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let started = false;
function start() {
  if (started) return;
  started = true;
  const inlined = document.getElementById("snapshot");
  if (inlined) {
    const snapshot = JSON.parse(inlined.textContent);
    // By how much an old one is old, is known for certain with the first answer.
    const age = Math.max(STANDSTILL_MS + 1, Date.now() - new Date(snapshot.generated_at));
    const lag = "old" in inlined.dataset ? age : 0;
    state = { snapshot, seenAt: Date.now(), reachable: true, lag };
  }
  // A page that came out of the browser's own store is old; a wrong clock only costs one request.
  const old = !state || Math.abs(Date.now() - new Date(state.snapshot.generated_at)) > EVERY_MS;
  timer = setTimeout(pull, old ? 0 : EVERY_MS);
  document.addEventListener("visibilitychange", pull);
  window.addEventListener("online", pull);
}

async function pull() {
  clearTimeout(timer);
  if (document.hidden || pulling) return;
  pulling = true;
  try {
    const limit = { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) };
    const answer = await fetch("/api/v1/status", limit);
    if (!answer.ok) throw new Error(answer.statusText);
    const snapshot = await answer.json();
    const lag = Math.max(0, new Date(answer.headers.get("date")) - new Date(snapshot.generated_at));
    state = { snapshot, seenAt: Date.now(), reachable: true, lag: lag || 0 };
  } catch {
    state = { snapshot: null, seenAt: null, lag: 0, ...state, reachable: false };
  }
  pulling = false;
  timer = setTimeout(pull, EVERY_MS);
  listeners.forEach((listener) => listener());
}
