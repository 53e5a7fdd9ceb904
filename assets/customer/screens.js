// @ts-check
/**
 * Which screen shows. Each is a part of index.html with the names it stands
 * for in data-on; body[data-screen] has the name of now.
 */

/** @typedef {'loading' | 'early' | 'invite' | 'permission' | 'denied' | 'preview' | 'joining' | 'waiting' | 'call' | Notice} Screen */
/** @typedef {'ended' | 'expired' | 'revoked' | 'used' | 'elsewhere' | 'unknown' | 'failed' | 'old' | import('./refusal.js').Refusal} Notice */

/** @type {Partial<Record<Screen, string>>} */
const titles = {
  early: 'You are early',
  invite: 'Invitation',
  permission: 'Allow camera and microphone',
  denied: 'Camera and microphone are blocked',
  preview: 'Ready to join',
  joining: 'Joining…',
  waiting: 'Waiting',
  call: 'In the call',
};

/** Screens knows what shows and gives each screen the focus and the window its title. */
export class Screens {
  /** Who invites; stands in the window's title. */
  organization = '';

  /** @returns {Screen} */
  get now() {
    return /** @type {Screen} */ (document.body.dataset.screen);
  }

  /** @param {Screen} screen */
  show(screen) {
    if (this.now === screen) return;
    const inCall = (/** @type {string} */ s) => s === 'waiting' || s === 'call';
    const sameCall = inCall(this.now) && inCall(screen);
    document.body.dataset.screen = screen;
    for (const part of document.querySelectorAll('[data-on]')) {
      const on = (part.getAttribute('data-on') ?? '').split(' ').includes(screen);
      part.toggleAttribute('hidden', !on);
      const heading = part.querySelector('h1');
      // The heading takes the focus, so that a screen reader reads what is new.
      if (on && !sameCall && heading) heading.focus({ preventScroll: true });
    }
    if (!sameCall) scrollTo(0, 0);
    const title = titles[screen];
    if (title) this.title(title);
  }

  /** @param {string} state */
  title(state) {
    document.title = this.organization ? `${state} – ${this.organization}` : state;
  }
}
