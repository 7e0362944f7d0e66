// A button that waits for the server shows it, and cannot be pressed a second time meanwhile.

const MOST_MS = 15000;
let pressed = null;
let counted = 0;
let waiting = [];

// The menu of a row closes when something in it is pressed: the button that opens it shows the wait.
const shownBy = (button) => {
  const menu = button.closest('[popover]');
  const opener = menu && document.querySelector(`[popovertarget="${menu.id}"]`);
  return opener ? [button, opener] : [button];
};

const release = (each) => {
  clearTimeout(each.timer);
  waiting = waiting.filter((other) => other !== each);
  each.shown.forEach((button) => button.removeAttribute('aria-busy'));
};

const wait = (button, handler) => {
  const each = { handler, shown: shownBy(button) };
  each.shown.forEach((shown) => shown.setAttribute('aria-busy', 'true'));
  each.timer = setTimeout(release, MOST_MS, each);
  waiting.push(each);
};

// Called with every answer, `3 save`: the how many-th it is, and the handler that gave it.
export const answered = (answer) => {
  const [count, handler] = answer.split(' ');
  const isNext = Number(count) === counted + 1;
  counted = Number(count);
  const first = waiting.find((each) => each.handler === handler);
  if (!isNext) [...waiting].forEach(release);
  else if (first) release(first);
};

const press = (event) => {
  const button = event.target.closest?.('button');
  if (!button) return;
  if (button.ariaBusy === 'true') {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  pressed = button;
  setTimeout(() => { pressed = null; });
};

const sent = (data) => {
  const handler = /"name":"[^"]*\.(\w+)"/.exec(typeof data === 'string' ? data : '')?.[1];
  if (pressed?.isConnected && handler) wait(pressed, handler);
};

// A form that the browser itself sends: the next page is the answer.
const submit = (event) => {
  const button = event.submitter;
  if (!event.target.hasAttribute('action') || !button) return;
  // After the other listeners: a script that sends the form itself shows by itself that it waits.
  setTimeout(() => { if (!event.defaultPrevented) button.setAttribute('aria-busy', 'true'); });
};

const back = () => document.querySelectorAll('form [aria-busy]').forEach((each) => each.removeAttribute('aria-busy'));

if (typeof document !== 'undefined') {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    sent(data);
    return send.call(this, data);
  };
  document.addEventListener('click', press, true);
  document.addEventListener('submit', submit);
  addEventListener('pageshow', (event) => { if (event.persisted) back(); });
}
