// The keyboard: / searches, n adds, g and a letter goes to a room, ? lists the keys, Esc leaves a form.

const SOON_MS = 1500;
let goingSince = 0;

const isTyping = (target) =>
  target.closest?.('input, select, textarea, [contenteditable], [popover]:popover-open, dialog');

const links = () => [...document.querySelectorAll('nav[aria-label="Rooms"] a')];

const go = (letter) =>
  links().find((link) => link.textContent.toLowerCase().startsWith(letter))?.click();

const list = () => {
  const dialog = document.createElement('dialog');
  const rooms = links().map((link) => [`g ${link.textContent[0].toLowerCase()}`, link.textContent]);
  const seen = new Set();
  const keys = [
    ['Ctrl K', 'find anything, go there, or do it'],
    ['/', 'search in the list'],
    ['n', 'add'],
    ['Esc', 'leave a form, close this'],
    ['?', 'these keys'],
    ...rooms.filter(([key]) => !seen.has(key) && seen.add(key)),
  ];
  dialog.className = 'keys';
  dialog.setAttribute('aria-label', 'Keys');
  const rows = document.createElement('dl');
  for (const [key, text] of keys) {
    const row = document.createElement('div');
    for (const [tag, told] of [['dt', key], ['dd', text]])
      row.appendChild(document.createElement(tag)).textContent = told;
    rows.appendChild(row);
  }
  dialog.appendChild(rows);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', () => dialog.close());
  document.body.appendChild(dialog);
  dialog.showModal();
};

// Its menu, if it has one, opens beside it.
const add = () => {
  const button = document.querySelector('main .headline .actions .button');
  button?.scrollIntoView({ block: 'nearest' });
  button?.click();
};

const leave = (target) =>
  [...(target.closest?.('form')?.querySelectorAll('button[type="button"]') ?? [])]
    .find((button) => button.textContent === 'Cancel')
    ?.click();

const press = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') return leave(event.target);
  if (isTyping(event.target)) return;
  const isGoing = Date.now() - goingSince < SOON_MS;
  goingSince = event.key === 'g' && !isGoing ? Date.now() : 0;
  if (isGoing) go(event.key);
  else if (event.key === '/') document.querySelector('main input[type="search"]')?.focus();
  else if (event.key === 'n') add();
  else if (event.key === '?') list();
  else return;
  event.preventDefault();
};

if (typeof document !== 'undefined') document.addEventListener('keydown', press);

export const keys = true;
