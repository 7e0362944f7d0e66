/** Makes `old` say what `fresh` says and leaves the rest alone: focus, selection and scrolling stay. */
export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = fresh.data;
    return;
  }
  morphAttributes(old, fresh);
  const left = [...old.childNodes];
  const children = [...fresh.childNodes].map((wanted) => {
    const index = left.findIndex((node) => identity(node) === identity(wanted));
    if (index < 0) return wanted;
    const [kept] = left.splice(index, 1);
    morph(kept, wanted);
    return kept;
  });
  left.forEach((node) => node.remove());
  let place = old.firstChild;
  for (const child of children) {
    if (child === place) place = place.nextSibling;
    else old.insertBefore(child, place);
  }
}

// What has a key is the same thing under that key only; other nodes stand in for others of their kind.
const identity = (node) => node.dataset?.key ?? node.nodeName;

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}
