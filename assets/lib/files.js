// @ts-check
/**
 * The files of a call: those that were sent before this side came, those that
 * come, and those that this side sends. A file that was sent is compared with
 * what arrived by its SHA-256; one that is sent again keeps its transaction id,
 * so that a lost answer makes no second one.
 *
 *   const files = new Files(call);
 *   files.addEventListener('change', () => show(files.items));
 *   files.send(input.files[0]);
 *   location.href = await files.link(files.items[0]);
 */
import { Keeper } from './keeper.js';
import { APIError } from './rest.js';
import { sha256, upload } from './upload.js';
import { EventType, date, id, list, object, optionalText, text, version } from './wire.js';

const TRANSFERS = '/rtc-api/filetransfers';
/** Bytes up to which the sum of a file is compared. */
const COMPARED = 64 << 20;

/**
 * A file as the server keeps it.
 * @typedef {object} Transfer
 * @property {string} fileId "" until the server has it
 * @property {string} filename
 * @property {number} size bytes
 * @property {string} mimeType
 * @property {string} sha256 64 hexadecimal digits, "" until the server has it
 * @property {string} userId the sender
 * @property {string} userEndpointId
 * @property {string} targetId the only user that it is for, "" for everybody
 * @property {Date} timestamp
 */
/**
 * A file as a page shows it; sent is how much of it is on its way, 0 to 1.
 * @typedef {Transfer & { own: boolean, state: 'sending' | 'sent' | 'failed' | 'cancelled', sent: number, error: unknown }} Item
 */

/** Of the list and of the event alike. @param {unknown} value @returns {Transfer} */
export function readTransfer(value) {
  const o = object(value, 'file');
  return {
    fileId: id(o.fileTransferId, 'file.fileTransferId'),
    filename: id(o.filename, 'file.filename'),
    size: version(o.size, 'file.size'),
    mimeType: optionalText(o.mimeType, 'file.mimeType'),
    sha256: optionalText(o.sha256, 'file.sha256'),
    userId: optionalText(o.userId, 'file.userId'),
    userEndpointId: optionalText(o.userEndpointId, 'file.userEndpointId'),
    targetId: optionalText(o.targetId, 'file.targetId'),
    timestamp: date(o.createdAt ?? o.timestamp, 'file.createdAt'),
  };
}

/** The address of a file, good for a while to whoever knows it. @param {unknown} value */
export const readSignedURL = (value) => text(object(value, 'link').url, 'link.url');

/** Files reports "change" when its items did, and "file" (detail: the Item) when somebody else sent one meanwhile. */
export class Files extends EventTarget {
  /** @type {Item[]} */
  #items = [];
  /** @type {WeakMap<Item, { file: File, transaction: string, targetId: string, stop: AbortController }>} */
  #sending = new WeakMap();
  #call;
  #caughtUp = false;
  #ending = new AbortController();
  #fetch;

  /** @param {import('./chat.js').Talk} call */
  constructor(call) {
    super();
    this.#call = call;
    const { signal } = this.#ending;
    this.#fetch = new Keeper(() => this.#fill(), signal, () => undefined);
    call.addEventListener('event', ({ detail }) => this.#hear(detail), { signal });
    call.addEventListener('phase', () => this.#wake(), { signal });
    this.#wake();
  }

  /** Every file, the oldest first. @returns {readonly Item[]} */
  get items() {
    return this.#items;
  }

  /** Sends a file to everybody, or to one user. @param {File} file @param {string} [targetId] */
  send(file, targetId = '') {
    /** @type {Item} */
    const item = {
      fileId: '', filename: file.name, size: file.size, mimeType: file.type, sha256: '', userId: this.#call.userId,
      userEndpointId: '', targetId, timestamp: new Date(), own: true, state: 'sending', sent: 0, error: null,
    };
    this.#items.push(item);
    this.#sending.set(item, { file, transaction: crypto.randomUUID(), targetId, stop: new AbortController() });
    void this.#upload(item);
    return item;
  }

  /** Stops sending. @param {Item} item */
  cancel(item) {
    this.#sending.get(item)?.stop.abort();
  }

  /** Sends a file again that failed or was stopped. @param {Item} item */
  again(item) {
    const task = this.#sending.get(item);
    if (!task || item.state === 'sending' || item.state === 'sent') return;
    task.stop = new AbortController();
    void this.#upload(item);
  }

  /** Takes a file that did not go off the list. @param {Item} item */
  forget(item) {
    if (item.state !== 'sent') this.cancel(item);
    this.#items = this.#items.filter((i) => i !== item || i.state === 'sent');
    this.#changed();
  }

  /** An address that serves a file for a short time. @param {Item} item */
  async link(item) {
    return readSignedURL(await this.#call.rest.post(`${TRANSFERS}/${encodeURIComponent(item.fileId)}/signedUrl`, {}));
  }

  /** Stops; files on their way are dropped. */
  close() {
    this.#ending.abort();
    for (const item of this.#items) this.cancel(item);
  }

  /** @param {Item} item */
  async #upload(item) {
    const task = this.#sending.get(item);
    if (!task) return;
    const { file, transaction, targetId, stop } = task;
    Object.assign(item, { state: 'sending', sent: 0, error: null });
    this.#changed();
    try {
      const sum = file.size <= COMPARED ? await sha256(file) : '';
      const { seat } = this.#call;
      if (!seat) throw new APIError({ code: 'offline', message: 'The connection was lost.' });
      const form = () => {
        const fields = { ...seat, ...(targetId ? { targetId } : {}) };
        const data = new FormData();
        for (const [name, value] of Object.entries(fields)) data.append(name, value);
        data.append('file', file, file.name);
        return data;
      };
      const transfer = readTransfer(await upload(this.#call.rest, `${TRANSFERS}?targetType=user`, form, {
        headers: { 'X-Auvious-TransactionId': transaction },
        signal: stop.signal,
        progress: (part) => {
          item.sent = part;
          this.#changed();
        },
      }));
      if (sum && transfer.sha256 && sum !== transfer.sha256) throw new APIError({ code: 'damaged', message: 'The file arrived damaged.' });
      this.#take(transfer, item);
    } catch (error) {
      Object.assign(item, { state: stop.signal.aborted ? 'cancelled' : 'failed', error });
      this.#fetch.poke(); // it may have arrived all the same
      if (error instanceof APIError && error.code === 'damaged') task.transaction = crypto.randomUUID();
      this.#changed();
    }
  }

  #wake() {
    if (this.#call.phase === 'in') this.#fetch.poke();
  }

  async #fill() {
    const { seat } = this.#call;
    if (!seat) return; // the next stay wakes us
    try {
      const all = list(await this.#call.rest.get(`${TRANSFERS}?conferenceId=${encodeURIComponent(seat.conferenceId)}`), 'files').map(readTransfer);
      for (const transfer of all) this.#take(transfer);
    } catch (err) {
      if (!(err instanceof APIError) || err.temporary) throw err;
    }
    this.#caughtUp = true;
    this.#changed();
  }

  /** @param {import('./wire.js').Event} event */
  #hear(event) {
    if (event.type !== EventType.fileTransferred) return;
    let transfer;
    try {
      transfer = readTransfer(event.body);
    } catch {
      return; // the list has it when this side comes back
    }
    // The answer to an upload of our own tells of it better.
    if (transfer.userEndpointId === this.#call.seat?.userEndpointId && this.#items.some((i) => i.state === 'sending')) return;
    if (transfer.targetId === '' || [transfer.targetId, transfer.userId].includes(this.#call.userId)) this.#take(transfer);
  }

  /** @param {Transfer} transfer @param {Item} [item] the one that it became of */
  #take(transfer, item) {
    const known = this.#items.find((i) => i.fileId === transfer.fileId);
    const own = transfer.userId === this.#call.userId;
    const at = item ?? known;
    if (item && known && known !== item) this.#items = this.#items.filter((i) => i !== known);
    const done = { ...transfer, own, state: /** @type {const} */ ('sent'), sent: 1, error: null };
    if (at) {
      Object.assign(at, done);
    } else {
      this.#items.push(done);
      if (!own && this.#caughtUp) this.dispatchEvent(new CustomEvent('file', { detail: done }));
    }
    this.#items.sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime());
    this.#changed();
  }

  #changed() {
    if (!this.#ending.signal.aborted) this.dispatchEvent(new Event('change'));
  }
}
