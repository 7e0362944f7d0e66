// Keeps the public board fresh: every 15 s, while somebody looks, it fetches the HTML that the server
// makes of it (webmon/api/public/board_html.py). Order and words are the server's; what is added here is the
// visitor's own time, and that the server does not answer.
import { useEffect } from "react";
import { useLocation, useNavigate } from "react-router";
import { morph } from "./morph.js";

const EVERY_MS = 15_000;
const PATIENCE_MS = 10_000;
const UNREACHABLE = "The status server cannot be reached. Trying again every 15 seconds.";

let board = null;
let namespace = "";
let timer = null;
let latest = 0;
// When the board came, and how old it was then by the server's clock: the visitor's may be wrong.
let seenAt = 0;
let lag = 0;

/** Refreshes the element `#board`, and lets its filters turn it without loading the page. */
export function useBoard() {
  const { search } = useLocation();
  const navigate = useNavigate();
  useEffect(() => start(navigate), [navigate]);
  useEffect(() => {
    const wanted = new URLSearchParams(search).get("namespace") ?? "";
    if (wanted === namespace) return;
    namespace = wanted;
    pull();
  }, [search]);
}

function start(navigate) {
  board = document.getElementById("board");
  namespace = new URLSearchParams(location.search).get("namespace") ?? "";
  seenAt = Date.now();
  const age = Math.abs(seenAt - shownTime(board));
  lag = board.querySelector(".notice") ? age || 0 : 0;
  tellTime(board);
  title();
  // A page that came out of the browser's own store is old; a wrong clock only costs one request.
  timer = setTimeout(pull, age <= EVERY_MS ? EVERY_MS : 0);
  const ticking = setInterval(tellTime, 1000, board);
  const turn = (event) => follow(event, navigate);
  board.addEventListener("click", turn);
  document.addEventListener("visibilitychange", pull);
  window.addEventListener("online", pull);
  return () => {
    clearTimeout(timer);
    clearInterval(ticking);
    board.removeEventListener("click", turn);
    document.removeEventListener("visibilitychange", pull);
    window.removeEventListener("online", pull);
  };
}

async function pull() {
  clearTimeout(timer);
  const turn = ++latest;
  if (document.hidden) return;
  const address = `/status/?${new URLSearchParams({ part: "board", namespace })}`;
  try {
    const answer = await fetch(address, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    const html = await answer.text();
    if (turn === latest) show(answer, html);
  } catch {
    if (turn === latest) sayUnreachable();
  }
  if (turn === latest) timer = setTimeout(pull, EVERY_MS);
}

function show(answer, html) {
  const fresh = board.cloneNode(false);
  fresh.innerHTML = html;
  // An unknown namespace has a board as well; a login page of the visitor's own network has none.
  if (!(answer.ok || answer.status === 404) || !fresh.querySelector(".answer")) throw new Error(answer.status);
  seenAt = Date.now();
  lag = Math.max(0, new Date(answer.headers.get("date")) - shownTime(fresh)) || 0;
  tellTime(fresh);
  keepOpen(fresh);
  const focused = document.activeElement;
  morph(board, fresh);
  if (focused !== document.activeElement) focused.focus({ preventScroll: true });
  title();
}

// A row is open or closed as the visitor left it, until the server has a reason to change that.
function keepOpen(fresh) {
  const shown = new Map(rows(board));
  for (const [key, row] of rows(fresh)) {
    const old = shown.get(key);
    if (old?.className === row.className) row.firstChild.open = old.firstChild.open;
  }
}

const rows = (root) => [...root.querySelectorAll(".hosts > li")].map((row) => [row.dataset.key, row]);

// The last known rows stay; a notice that is there already says nothing twice.
function sayUnreachable() {
  const notice = board.querySelector(".notice") ?? document.createElement("p");
  notice.className = "notice";
  notice.role = "alert";
  write(notice, UNREACHABLE);
  if (!notice.isConnected) board.insertBefore(notice, board.children[1] ?? null);
  const updated = board.querySelector(".updated");
  if (updated) updated.firstChild.data = "Last known state: ";
}

function tellTime(root) {
  for (const time of root.querySelectorAll("time")) write(time, local(time));
  const age = root.querySelector(".age");
  if (age) write(age, ` · ${ago((Date.now() - seenAt + lag) / 1000)}`);
}

// The time of day, with the date where it is neither today nor that of the time before it; as in
// the admin app (`webmon.ui.display.moment`).
function local(time) {
  const at = new Date(time.dateTime);
  const before = time.previousElementSibling?.dateTime;
  const told = [new Date(), ...(before ? [new Date(before)] : [])].map((day) => day.toDateString());
  const timeStyle = time.closest(".updated") ? "medium" : "short";
  const isTold = told.includes(at.toDateString());
  const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  time.title = at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "long" });
  return at.toLocaleString("en-GB", isTold ? { timeStyle }
    : { day: "numeric", month: "short", year, hour: "2-digit", minute: "2-digit" });
}

function ago(seconds) {
  if (seconds < 1) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

// NaN where nothing is known.
const shownTime = (root) => Date.parse(root.querySelector(".updated time")?.dateTime);

function title() {
  const headline = board.querySelector("h1");
  if (headline) document.title = `${headline.textContent} · Status`;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// As a link would, but for the loading; with a key held down it stays a link.
function follow(event, navigate) {
  const link = event.target.closest(".filters a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(link.getAttribute("href"), { preventScrollReset: true });
}
