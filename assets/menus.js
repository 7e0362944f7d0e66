// Menus are native popovers: the browser opens and closes them. This puts each beside its button,
// and keeps it there while something scrolls, until the button is out of sight.

const opener = (menu) => document.querySelector(`[popovertarget="${menu.id}"]`);

const place = (menu) => {
  const at = opener(menu)?.getBoundingClientRect();
  if (!at) return;
  const height = menu.offsetHeight, width = menu.offsetWidth;
  const fits = at.bottom + height <= innerHeight;
  menu.style.top = `${fits ? at.bottom : Math.max(0, at.top - height)}px`;
  menu.style.left = `${Math.max(0, Math.min(at.right - width, innerWidth - width))}px`;
};

const opened = (event) => {
  if (event.newState === 'open' && event.target.classList?.contains('menu')) place(event.target);
};

const follow = () => {
  const menu = document.querySelector('.menu:popover-open');
  const at = menu && opener(menu)?.getBoundingClientRect();
  if (!at) return;
  if (at.bottom < 0 || at.top > innerHeight) menu.hidePopover();
  else place(menu);
};

if (typeof document !== 'undefined') {
  document.addEventListener('toggle', opened, true);
  addEventListener('scroll', follow, { capture: true, passive: true });
}

export const menus = true;
