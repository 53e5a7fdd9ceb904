// @ts-check
/** The frame around the screens: the navigation, who is signed in, and which screen the address names. */
import { byID, fill, icon, make } from './dom.js';
import { parse, routes } from './routes.js';

/** Shell lives from a sign-in to the sign-out. */
export class Shell {
  #desk;
  /** @type {{ path: string, screen: import('./routes.js').Screen } | null} */
  #now = null;
  #moving = false;
  #ended = new AbortController();
  #menu = byID('menu', HTMLButtonElement);

  /** @param {import('./desk.js').Desk} desk @param {() => void} signOut */
  constructor(desk, signOut) {
    this.#desk = desk;
    const { signal } = this.#ended;
    fill(byID('sections', HTMLElement), ...routes.map((r) => make('li', {}, make('a', { href: `#/${r.path}`, id: `to-${r.path}` }, icon(r.icon), make('span', {}, r.title)))));
    byID('who', HTMLElement).textContent = desk.person.name || desk.person.id;
    byID('sign-out', HTMLButtonElement).addEventListener('click', () => {
      void this.#mayLeave().then((may) => may && signOut());
    }, { signal });
    this.#menu.addEventListener('click', () => this.#unfold(this.#menu.getAttribute('aria-expanded') !== 'true'), { signal });
    byID('nav', HTMLElement).addEventListener('click', (e) => e.target instanceof Element && e.target.closest('a') && this.#unfold(false), { signal });
    byID('nav', HTMLElement).addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      this.#unfold(false);
      this.#menu.focus();
    }, { signal });
    byID('skip', HTMLElement).addEventListener('click', (e) => {
      // As a link it would change the address, which names the screen.
      e.preventDefault();
      byID('screen', HTMLElement).focus();
    }, { signal });
    addEventListener('hashchange', () => void this.#follow(), { signal });
    addEventListener('beforeunload', (e) => this.#now?.screen.loses && e.preventDefault(), { signal });
    void this.#follow();
  }

  /** Takes the screen and its drawers away. */
  close() {
    this.#ended.abort();
    for (const dialog of document.querySelectorAll('dialog')) dialog.remove();
    fill(byID('screen', HTMLElement));
  }

  async #mayLeave() {
    return this.#now === null || this.#now.screen.leave();
  }

  /** Goes where the address points, or puts the address back. */
  async #follow() {
    if (this.#moving) return;
    this.#moving = true;
    const { route, id, query } = parse(location.hash);
    const first = this.#now === null;
    if (this.#now?.path !== route.path) {
      if (!(await this.#mayLeave())) return this.#back();
      const screen = route.make(this.#desk, query);
      this.#now = { path: route.path, screen };
      fill(byID('screen', HTMLElement), screen.element);
      this.#mark(route.path, route.title);
      if (!first) screen.element.querySelector('h1')?.focus();
      scrollTo(0, 0);
    }
    const opened = await this.#now.screen.open(id, query);
    this.#moving = false;
    if (!opened) history.pushState(null, '', this.#now.screen.address);
    return undefined;
  }

  #back() {
    this.#moving = false;
    if (this.#now) history.pushState(null, '', this.#now.screen.address);
  }

  /** @param {string} path @param {string} title */
  #mark(path, title) {
    document.title = `${title} – Guichet settings`;
    for (const r of routes) {
      const link = byID(`to-${r.path}`, HTMLAnchorElement);
      if (r.path === path) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  /** @param {boolean} open */
  #unfold(open) {
    this.#menu.setAttribute('aria-expanded', String(open));
    byID('nav', HTMLElement).classList.toggle('open', open);
  }
}
