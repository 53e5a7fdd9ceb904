// @ts-check
/**
 * What is written in a call, from its beginning: every line once and in order,
 * however often and in whatever order the server tells of it. Lines are
 * numbered without gaps; one that is missing is fetched. A line of one's own
 * keeps its id until the server has it, so that sending again after a lost
 * answer makes no second one.
 *
 *   const chat = new Chat(call);
 *   chat.addEventListener('change', () => show(chat.lines));
 *   chat.send('Good morning');
 */
import { Keeper } from './keeper.js';
import { APIError } from './rest.js';
/** The most that a line may have, in bytes of UTF-8. */
export const LONGEST = 4_000;
/** Milliseconds after which sending is left to the writer. */
const GIVE_UP = 30_000;
/** Fetches without the missing line after which it is left out. */
const FRUITLESS = 3;

/** @typedef {import('./wire.js').ChatMessage} Message */
/**
 * A line as a page shows it; seq is 0 until the server has it.
 * @typedef {Message & { own: boolean, state: 'sending' | 'sent' | 'failed', error: unknown }} Line
 */
/**
 * What a chat needs of a call.
 * @typedef {object} Talk
 * @property {import('./api.js').API} api
 * @property {import('./rest.js').Rest} rest
 * @property {import('./api.js').Seat | null} seat
 * @property {string} userId
 * @property {string} phase
 * @property {(type: string, listener: (e: any) => void, options?: { signal: AbortSignal }) => void} addEventListener
 */

/** What of a text the server takes: no control characters but tab and line break. @param {string} text */
export const cleanText = (text) => text.replace(/\r\n?/g, '\n').replace(/[\p{Cc}\p{Cs}]/gu, (c) => (c === '\n' || c === '\t' ? c : '')).trim();

/** Chat reports "change" when its lines did, and "message" (detail: the Line) when somebody else wrote one meanwhile. */
export class Chat extends EventTarget {
  #call;
  /** @type {Line[]} */
  #said = [];
  /** @type {Line[]} */
  #unsent = [];
  /** @type {Map<number, Message>} lines whose turn has not come */
  #held = new Map();
  #last = 0;
  #fruitless = 0;
  #caughtUp = false;
  #ending = new AbortController();
  #fetch;
  #send;

  /** @param {Talk} call */
  constructor(call) {
    super();
    this.#call = call;
    const { signal } = this.#ending;
    this.#fetch = new Keeper(() => this.#fill(), signal, () => undefined);
    this.#send = new Keeper(() => this.#deliver(), signal, () => undefined);
    call.addEventListener('event', ({ detail }) => this.#hear(detail), { signal });
    call.addEventListener('phase', () => this.#wake(), { signal });
    this.#wake();
  }

  /** Every line in order, those on their way last. @returns {readonly Line[]} */
  get lines() {
    return [...this.#said, ...this.#unsent];
  }

  /** Whether what was said before this side came is here. */
  get caughtUp() {
    return this.#caughtUp;
  }

  /** Writes a line, and goes on trying. Throws a RangeError for one that nobody could take. @param {string} text */
  send(text) {
    const clean = cleanText(text);
    const bytes = new TextEncoder().encode(clean).length;
    if (bytes === 0 || bytes > LONGEST) throw new RangeError(bytes === 0 ? 'There is nothing to send.' : 'This is too long for one message.');
    /** @type {Line} */
    const line = {
      messageId: crypto.randomUUID(), conferenceId: this.#call.seat?.conferenceId ?? '', seq: 0, userId: this.#call.userId, userEndpointId: this.#call.seat?.userEndpointId ?? '', name: '',
      text: clean, timestamp: new Date(), own: true, state: 'sending', error: null,
    };
    this.#unsent.push(line);
    this.#begin(line);
    return line;
  }

  /** Sends a line again that failed; the server makes no second one of it. @param {Line} line */
  again(line) {
    if (line.state === 'failed') this.#begin(line);
  }

  /** Stops; lines on their way may have arrived. */
  close() {
    this.#ending.abort();
  }

  /** @param {Line} line */
  #begin(line) {
    line.state = 'sending';
    line.error = null;
    const timer = setTimeout(() => this.#fail(line, new APIError({ code: 'offline', message: 'The server does not answer.' })), GIVE_UP);
    this.#ending.signal.addEventListener('abort', () => clearTimeout(timer));
    this.#send.poke();
    this.#changed();
  }

  /** @param {Line} line @param {unknown} error */
  #fail(line, error) {
    if (line.state !== 'sending') return;
    line.state = 'failed';
    line.error = error;
    this.#changed();
  }

  #wake() {
    if (this.#call.phase !== 'in') return;
    this.#fetch.poke();
    this.#send.poke();
  }

  /** One line after the other, so that they arrive as they were written. */
  async #deliver() {
    for (let line; (line = this.#unsent.find((l) => l.state === 'sending')); ) {
      const { seat } = this.#call;
      if (!seat) return; // the next stay wakes us
      try {
        this.#take(await this.#call.api.sendMessage({ ...seat, messageId: line.messageId, text: line.text }));
        line.state = 'sent';
      } catch (err) {
        // While a stay is renewed, its endpoint is refused; the next one is not.
        if (err instanceof APIError && !err.temporary && this.#call.seat?.userEndpointId === seat.userEndpointId) this.#fail(line, err);
        else throw err;
      }
    }
  }

  /** @param {import('./wire.js').Event} event */
  #hear(event) {
    if (event.message) this.#take(event.message);
  }

  async #fill() {
    const { seat } = this.#call;
    if (!seat) return; // the next stay wakes us
    for (let more = true; more; ) {
      const after = this.#last;
      const page = await this.#page(seat.conferenceId, after);
      if (!page) return;
      for (const message of page.messages) this.#put(message);
      more = page.more && this.#last > after;
    }
    this.#caughtUp = true;
    this.#changed();
    if (this.#held.size === 0) {
      this.#fruitless = 0;
      return;
    }
    if (++this.#fruitless < FRUITLESS) throw new Error('a line is missing');
    // Better all lines but one than none of those after it.
    this.#last = Math.min(...this.#held.keys()) - 1;
    this.#drain();
    this.#changed();
  }

  /** @param {string} conference @param {number} after */
  async #page(conference, after) {
    try {
      return await this.#call.api.messages(conference, after);
    } catch (err) {
      if (err instanceof APIError && !err.temporary) return null; // asking again would not help; the next stay asks
      throw err;
    }
  }

  /** @param {Message} message */
  #take(message) {
    this.#put(message);
    if (this.#held.size > 0) this.#fetch.poke();
    this.#changed();
  }

  /** @param {Message} message */
  #put(message) {
    if (message.seq > this.#last) this.#held.set(message.seq, message);
    this.#drain();
  }

  #drain() {
    for (let message; (message = this.#held.get(this.#last + 1)); ) {
      this.#held.delete(++this.#last);
      const mine = this.#unsent.findIndex((l) => l.messageId === /** @type {Message} */ (message).messageId);
      const sent = mine < 0 ? null : this.#unsent.splice(mine, 1)[0];
      const own = sent !== null || message.userId === this.#call.userId;
      /** @type {Line} */
      const line = Object.assign(sent ?? {}, message, { own, state: /** @type {const} */ ('sent'), error: null });
      this.#said.push(line);
      if (!own && this.#caughtUp) this.dispatchEvent(new CustomEvent('message', { detail: line }));
    }
  }

  #changed() {
    if (!this.#ending.signal.aborted) this.dispatchEvent(new Event('change'));
  }
}
