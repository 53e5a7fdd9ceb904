// @ts-check
/**
 * The panel beside a call, over its lower part on a phone: one of its views at a
 * time, opened and closed by buttons of the bar. It gives the focus to what it
 * opens and back to the button.
 */
import { byID } from './dom.js';

/** @typedef {'chat' | 'people'} View */
/**
 * A view builds its element once and is told when it shows.
 * @typedef {{ title: string, element: HTMLElement, focus: () => HTMLElement | null, shown: () => void }} Content
 */

/** From here on the panel stands beside the stage, as call.css says. */
const wide = matchMedia('(min-width: 52rem)');

/** Side reports "change" when another view shows, or none. */
export class Side extends EventTarget {
  #element = byID('side', HTMLElement);
  #title = byID('side-title', HTMLElement);
  #views;
  /** @type {View | ''} */
  #now = '';

  /** @param {Record<View, Content>} views @param {AbortSignal} signal */
  constructor(views, signal) {
    super();
    this.#views = views;
    for (const { element } of Object.values(views)) this.#element.append(element);
    byID('side-close', HTMLElement).addEventListener('click', () => this.close(), { signal });
    this.#element.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape' || e.defaultPrevented) return;
      e.preventDefault();
      this.close();
    }, { signal });
    // Where the keyboard of a phone covers the page instead of shrinking it.
    visualViewport?.addEventListener('resize', () => this.#fit(), { signal });
    signal.addEventListener('abort', () => {
      this.#show('');
      for (const { element } of Object.values(views)) element.remove();
    });
    this.#show('');
  }

  /** What shows, "" for nothing. */
  get now() {
    return this.#now;
  }

  /** Opens a view, or closes it when it shows. @param {View} view @param {boolean} [stay] */
  toggle(view, stay = false) {
    if (this.#now === view && !stay) return this.close();
    this.#show(view);
    const content = this.#views[view];
    content.shown();
    // A touch keyboard that pops up unasked hides half of what was opened.
    (matchMedia('(pointer: coarse)').matches ? this.#title : (content.focus() ?? this.#title)).focus({ preventScroll: true });
  }

  close() {
    const button = this.#now ? byID(this.#now, HTMLElement) : null;
    const inside = this.#element.contains(document.activeElement);
    this.#show('');
    if (inside) (button?.checkVisibility() ? button : byID('more', HTMLElement)).focus();
  }

  /** @param {View | ''} view */
  #show(view) {
    this.#now = view;
    this.#element.hidden = view === '';
    this.#element.dataset.shows = view;
    byID('call', HTMLElement).dataset.side = view;
    this.#title.textContent = view ? this.#views[view].title : '';
    for (const [name, { element }] of Object.entries(this.#views)) {
      element.hidden = name !== view;
      byID(name, HTMLElement).setAttribute('aria-expanded', String(name === view));
    }
    this.#fit();
    this.dispatchEvent(new Event('change'));
  }

  #fit() {
    const call = byID('call', HTMLElement);
    const hidden = this.#now && !wide.matches && visualViewport ? innerHeight - visualViewport.height : 0;
    call.style.bottom = hidden > 120 && visualViewport?.scale === 1 ? `${hidden}px` : '';
  }
}
