// The room "Move here": sends the form, shows what would come of the file, and confirms it.

import { make } from "./make.js";

const SIGNS = {
  '~': 'Carried, and changed', '-': 'Left out', '+': 'Carried', '=': 'Here already',
};
const AWAY = 'The server cannot be reached, or the file has changed. Choose it again.';

const show = (...children) => document.getElementById('moved').replaceChildren(...children);

const mistake = (text) => show(make('p', { class: 'notice', role: 'alert' }, text));

const list = (sign, lines) => {
  const found = lines.filter((line) => line.sign === sign);
  if (!found.length) return '';
  const items = found.map(({ what, why }) => make('li', {},
    make('b', { dir: 'auto' }, what), why ? make('span', { dir: 'auto' }, why) : ''));
  return make('div', { 'data-sign': sign },
    make('h2', {}, `${SIGNS[sign]} (${found.length})`), make('ul', {}, ...items));
};

const answered = (form, { lines, carried, summary, done }) => {
  const lists = Object.keys(SIGNS).map((sign) => list(sign, lines));
  const slug = form.elements.namespace.value;
  const link = make('a', { href: `/admin/hosts/?namespace=${encodeURIComponent(slug)}` }, 'Show the hosts');
  if (done) {
    show(make('p', { class: 'notice good', role: 'status' }, `Done: ${summary}. `, link), ...lists);
    return;
  }
  const confirm = make('button', { type: 'button', class: 'button primary' },
    carried === 1 ? 'Carry 1 service over' : `Carry ${carried} services over`);
  confirm.addEventListener('click', () => send(form, confirm, true));
  const nothing = make('span', {}, 'There is nothing to carry over.');
  show(make('p', { class: 'moved-summary' }, `${summary[0].toUpperCase()}${summary.slice(1)}.`),
    carried ? confirm : nothing, ...lists);
};

const send = async (form, button, confirmed) => {
  const body = new FormData(form);
  if (confirmed) body.set('confirmed', 'yes');
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' });
    if (answer.type === 'opaqueredirect') location.assign('/login/?next=/admin/import/');
    else if (answer.status === 428) document.getElementById('again').showModal();
    else if (answer.status === 413) mistake('That file is larger than 10 MB.');
    else if (answer.ok) answered(form, await answer.json());
    else mistake((await answer.json()).detail);
  } catch {
    mistake(AWAY);
  }
  button.disabled = false;
};

if (typeof document !== 'undefined') {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!form.matches('[data-moving]')) return;
    event.preventDefault();
    show();
    send(form, event.submitter ?? form.querySelector('[type=submit]'), false);
  });

  // Another file is another answer.
  document.addEventListener('change', (event) => {
    if (event.target.closest?.('[data-moving]')) show();
  });
}

export const moving = true;
