// The palette: Ctrl+K or the button "Search" opens it; what is typed finds rooms, things and actions.

import { make } from "./make.js";

const WAIT_MS = 120;
const MOST = 20;
const TRIED_MS = 8000;
const LABELS = { room: 'Room', host: 'Host', service: 'Service', incident: 'Open incident', action: 'Do' };

const holds = (text, words) => words.every((word) => text.toLowerCase().includes(word));

// What is in the page already needs no question to the server.
const places = (words) => [
  ...[...document.querySelectorAll('nav[aria-label="Rooms"] a')].map((link) => ({
    kind: 'room', name: link.textContent, go: () => link.click(),
  })),
  {
    kind: 'action', name: 'Sign out',
    go: () => document.querySelector('form[action="/auth/logout"]').requestSubmit(),
  },
].filter(({ name }) => holds(name, words));

// The part of the page that an address names with #, as soon as the page has it.
const focusOn = (id, since = Date.now()) => {
  const found = document.getElementById(id);
  if (found) found.focus();
  else if (Date.now() - since < TRIED_MS) setTimeout(focusOn, 100, id, since);
};

const follow = (address) => {
  const [path, id] = address.split('#');
  if (globalThis.goTo) globalThis.goTo(path);
  else location.assign(`/admin${path}`);
  if (id) setTimeout(focusOn, 100, id);
};

const shape = (status) => {
  const icon = make('span', { class: 'status', 'data-status': status });
  icon.innerHTML = '<svg class="icon" aria-hidden="true"><use/></svg>';
  icon.querySelector('use').setAttribute('href', `#status-${status}`);
  return icon;
};

const option = (found, number) => {
  const name = make('span', { class: 'palette-name', dir: 'auto' }, found.name);
  const detail = make('span', { class: 'palette-detail', dir: 'auto' }, found.detail || '');
  const kind = make('span', { class: 'palette-kind' }, LABELS[found.kind]);
  const row = make('li', { role: 'option', id: `palette-${number}`, 'aria-selected': 'false' });
  row.append(found.status ? shape(found.status) : make('span', {}), name, detail, kind);
  return row;
};

const open = () => {
  if (document.querySelector('dialog[open]')) return;
  let shown = [], chosen = 0, moved = false, timer = 0, asked = null, answered = [], failed = '';
  const input = make('input', {
    type: 'text', class: 'control', role: 'combobox', 'aria-label': 'Go to or do', 'aria-expanded': 'true',
    'aria-controls': 'palette-list', 'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: 'false',
    placeholder: 'A host, a service, a room, or what to do',
  });
  const list = make('ul', { role: 'listbox', id: 'palette-list', 'aria-label': 'Found' });
  const told = make('p', { role: 'status', class: 'palette-told' });
  const leave = make('button', { type: 'button', class: 'button quiet' }, 'Close');
  const dialog = make('dialog', { class: 'palette', 'aria-label': 'Search' },
    make('div', { class: 'palette-line' }, input, leave), list, told);

  const choose = (number) => {
    chosen = shown.length ? (number + shown.length) % shown.length : 0;
    [...list.children].forEach((row, at) => row.setAttribute('aria-selected', String(at === chosen)));
    const row = list.children[chosen];
    if (row) input.setAttribute('aria-activedescendant', row.id);
    else input.removeAttribute('aria-activedescendant');
    row?.scrollIntoView({ block: 'nearest' });
  };
  const draw = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const here = places(words);
    const before = shown[chosen]?.name;
    const every = words.length ? [...here, ...answered] : [...answered, ...here];
    const begins = ({ name }) => name.toLowerCase().startsWith(words.join(' '));
    shown = every.sort((one, other) => begins(other) - begins(one)).slice(0, MOST);
    list.replaceChildren(...shown.map(option));
    const kept = shown.findIndex(({ name }) => name === before);
    choose(moved ? Math.max(kept, 0) : 0);
    const count = shown.length === 1 ? '1 found' : `${shown.length} found`;
    told.textContent = failed || (asked ? 'Searching …' : shown.length ? count : 'Nothing is found.');
  };
  const ask = async () => {
    asked?.abort();
    const mine = asked = new AbortController();
    failed = '';
    draw();
    try {
      const address = `/admin/api/find?text=${encodeURIComponent(input.value)}`;
      const answer = await fetch(address, { signal: mine.signal, redirect: 'manual' });
      if (answer.type === 'opaqueredirect') location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      answered = (await answer.json()).found;
    } catch (error) {
      if (mine.signal.aborted) return;
      answered = [];
      failed = 'The server does not answer; only the rooms are found.';
    }
    if (asked === mine) asked = null;
    draw();
  };
  const go = (found) => {
    if (!found) return;
    dialog.close();
    if (found.go) found.go(); else follow(found.address);
  };
  const press = (event) => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: shown.length - 1, PageUp: 0 }[event.key];
    if (event.isComposing) return;
    if (event.key === 'Enter') go(shown[chosen]);
    else if (to === undefined) return;
    else {
      moved = true; // what the server finds meanwhile must not take it back
      choose(to);
    }
    event.preventDefault();
  };
  const wait = () => {
    clearTimeout(timer);
    moved = false;
    answered = answered.filter(({ name, detail }) =>
      holds(`${name} ${detail}`, input.value.toLowerCase().split(/\s+/).filter(Boolean)));
    timer = setTimeout(ask, WAIT_MS);
    draw();
  };

  input.addEventListener('keydown', press);
  input.addEventListener('input', wait);
  leave.addEventListener('click', () => dialog.close());
  list.addEventListener('click', (event) => {
    const row = event.target.closest('[role=option]');
    if (row) go(shown[[...list.children].indexOf(row)]);
  });
  // A press outside of it, on what is behind, closes it.
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener('close', () => {
    clearTimeout(timer);
    asked?.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  ask();
};

const hear = (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k') return;
  event.preventDefault();
  const opened = document.querySelector('dialog.palette');
  if (opened) opened.close(); else open();
};

if (typeof document !== 'undefined') {
  document.addEventListener('keydown', hear);
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-palette]')) return;
    event.target.closest('[popover]:popover-open')?.hidePopover();
    open();
  });
}

export const palette = true;
