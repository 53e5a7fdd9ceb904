// @ts-check
/** What every screen needs: the API, what can be chosen, who is signed in, and a place to tell things. */
import { announce, byID } from './dom.js';

/** How long a sentence stands at the foot of the page, in milliseconds. */
const STANDS = 6_000;

/** @typedef {import('./api.js').API} API */
/** @typedef {import('./wire.js').Policy} Policy */

/** Desk belongs to one administrator. */
export class Desk {
  #timer = 0;
  /** @type {Map<string, string>} */
  #providers = new Map();

  /**
   * @param {object} parts
   * @param {API} parts.api
   * @param {Policy} parts.policy
   * @param {import('./session.js').Person} parts.person
   */
  constructor({ api, policy, person }) {
    this.api = api;
    this.policy = policy;
    this.person = person;
  }

  /** Says that something is done, to eyes and ears. @param {string} sentence */
  tell(sentence) {
    const toast = byID('toast', HTMLElement);
    toast.textContent = sentence;
    // Above an open dialog, where the browser can.
    if ('showPopover' in toast) {
      toast.hidePopover();
      toast.showPopover();
    }
    toast.dataset.on = '';
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      delete toast.dataset.on;
      if ('hidePopover' in toast) toast.hidePopover();
    }, STANDS);
    announce(sentence);
  }

  /** Learns what the identity providers are called; without an answer their ids serve. */
  async learnProviders() {
    try {
      this.#providers = new Map((await this.api.providers.list()).map((p) => [p.id, p.name]));
    } catch {
      // Whatever else the screen asks for tells of the trouble.
    }
  }

  /** @param {string} id */
  providerName(id) {
    return this.#providers.get(id) || id;
  }

  /** Writes an address that nothing follows: what it names is open already. @param {string} hash */
  rest(hash) {
    history.replaceState(null, '', hash);
  }
}
