// @ts-check
/** The settings page from its opening: who is signed in, whether they are an administrator, then the screens. */
import { APIError } from '../lib/rest.js';
import { API, sentenceOf } from './api.js';
import { Desk } from './desk.js';
import { byID, button, fill } from './dom.js';
import { Session, SignedOut, SignInError } from './session.js';
import { Shell } from './shell.js';

/** @typedef {'loading' | 'signed-out' | 'stranger' | 'failed' | 'desk'} Showing */

/** Page is the one that the browser shows. */
class Page {
  #session = new Session();
  /** @type {Shell | null} */
  #shell = null;

  constructor() {
    this.#session.addEventListener('ended', () => this.#out('Your session has ended. Sign in again to go on where you were.'));
  }

  async begin() {
    this.#show('loading');
    try {
      if (!(await this.#session.begin())) return this.#out('');
      await this.#enter();
    } catch (err) {
      this.#failed(err);
    }
    return undefined;
  }

  async #enter() {
    const api = new API(this.#session);
    const session = this.#session;
    try {
      const [policy] = await Promise.all([api.policy(), session.introduce()]);
      const desk = new Desk({ api, policy, person: session.person });
      this.#show('desk');
      this.#shell = new Shell(desk, () => void this.#signOut());
    } catch (err) {
      if (!(err instanceof APIError) || err.status !== 403) throw err;
      await session.introduce();
      this.#stranger(session.person.name || session.person.id);
    }
  }

  async #signOut() {
    const known = await this.#session.signOut();
    this.#out(known ? 'You are signed out.' : 'You are signed out here. The server could not be told; the session ends by itself.');
  }

  /** @param {string} sentence why nobody is signed in */
  #out(sentence) {
    this.#notice('signed-out', 'Guichet settings', sentence || 'For administrators: applications, people, identity providers, keys and the audit log.', [
      button('Sign in', () => void this.#signIn(), { look: 'primary', id: 'sign-in' }),
    ]);
  }

  /** @param {string} name */
  #stranger(name) {
    this.#notice('stranger', 'This page is for administrators', `You are signed in as ${name}, who is no administrator. Ask one to give you the role, or sign in as somebody else.`, [
      button('Sign in as somebody else', () => void this.#session.signOut().then(() => this.#signIn(true)), { look: 'primary', id: 'sign-in' }),
      button('Sign out', () => void this.#signOut(), { id: 'leave' }),
    ]);
  }

  /** @param {unknown} err */
  #failed(err) {
    if (err instanceof SignedOut) return;
    if (err instanceof SignInError) return this.#out(err.message);
    this.#notice('failed', 'The settings could not be loaded', sentenceOf(err), [button('Try again', () => void this.begin(), { look: 'primary', id: 'retry' })]);
  }

  /** @param {boolean} [other] */
  async #signIn(other) {
    try {
      await this.#session.signIn(other);
    } catch (err) {
      this.#failed(err);
    }
  }

  /** @param {Showing} showing @param {string} title @param {string} text @param {HTMLElement[]} buttons */
  #notice(showing, title, text, buttons) {
    this.#show(showing);
    const heading = byID('notice-title', HTMLElement);
    heading.textContent = title;
    byID('notice-text', HTMLElement).textContent = text;
    fill(byID('notice-actions', HTMLElement), ...buttons);
    document.title = title.includes('settings') ? title : `${title} – Guichet settings`;
    heading.focus();
  }

  /** @param {Showing} showing */
  #show(showing) {
    this.#shell?.close();
    this.#shell = null;
    document.body.dataset.screen = showing;
    for (const part of document.querySelectorAll('[data-on]')) {
      part.toggleAttribute('hidden', !(part.getAttribute('data-on') ?? '').split(' ').includes(showing));
    }
  }
}

void new Page().begin();
