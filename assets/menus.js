// Menus are native popovers: the browser opens and closes them. This puts each beside its button.

const place = (event) => {
  const menu = event.target;
  if (event.newState !== 'open' || !menu.classList?.contains('menu')) return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const height = menu.offsetHeight, width = menu.offsetWidth;
  const fits = at.bottom + height <= innerHeight;
  menu.style.top = `${fits ? at.bottom : Math.max(0, at.top - height)}px`;
  menu.style.left = `${Math.max(0, Math.min(at.right - width, innerWidth - width))}px`;
};

const close = () => document.querySelector('.menu:popover-open')?.hidePopover();

if (typeof document !== 'undefined') {
  document.addEventListener('toggle', place, true);
  addEventListener('scroll', close, { capture: true, passive: true });
}

export const menus = true;
