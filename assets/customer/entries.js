// @ts-check
/** One entry of the chat: a line that was written, or a card of a file. */
import { icon, make } from './dom.js';
import { parts } from './links.js';
import { sentenceOf, sizeOf } from './sentence.js';

/** Milliseconds within which lines of one person stand under one name. */
const TOGETHER = 120_000;

/** Entry has what both have in common: who, when, and what to do about it. */
export class Entry {
  element = make('li');
  by = '';
  time = 0;
  #head = make('p', 'by');
  #name = make('bdi');
  #time = make('time');
  state = make('p', 'state');

  constructor() {
    this.#head.append(this.#name, ' ', this.#time);
    this.element.append(this.#head);
  }

  /** Shows the state of now. @param {Entry | null} before the entry above @param {(endpoint: string) => string} _nameOf */
  update(before, _nameOf) {
    this.#head.hidden = before !== null && before.by === this.by && this.time - before.time < TOGETHER;
  }

  /**
   * @param {{ own: boolean, userId: string, timestamp: Date, state: string }} of @param {string} name
   */
  head({ own, userId, timestamp, state }, name) {
    this.by = userId;
    this.time = timestamp.getTime();
    this.element.classList.toggle('own', own);
    this.element.dataset.state = state;
    this.#name.textContent = own ? 'You' : name;
    this.#time.dateTime = timestamp.toISOString();
    const sameDay = timestamp.toDateString() === new Date().toDateString();
    this.#time.textContent = new Intl.DateTimeFormat(undefined, { timeStyle: 'short', ...(sameDay ? {} : { dateStyle: 'medium' }) }).format(timestamp);
  }

  /** @param {string} sentence @param {...HTMLElement} buttons */
  tell(sentence, ...buttons) {
    this.state.replaceChildren(...(sentence ? [make('span', '', sentence)] : []), ...buttons);
    this.state.hidden = this.state.childNodes.length === 0;
  }
}

/** @param {string} label @param {() => void} act */
function button(label, act) {
  const element = make('button', 'small', label);
  element.type = 'button';
  element.onclick = act;
  return element;
}

/** LineEntry shows a line. */
export class LineEntry extends Entry {
  #line;
  #again;

  /** @param {import('../lib/chat.js').Line} line @param {import('../lib/chat.js').Chat} chat */
  constructor(line, chat) {
    super();
    this.#line = line;
    this.#again = button('Try again', () => chat.again(line));
    const text = make('p', 'text');
    text.dir = 'auto';
    text.append(...parts(line.text).map(({ text: words, href }) => {
      if (!href) return words;
      const link = make('a', '', words);
      return Object.assign(link, { href, target: '_blank', rel: 'noopener noreferrer nofollow' });
    }));
    this.element.append(text, this.state);
  }

  /** @override @param {Entry | null} before @param {(endpoint: string) => string} nameOf */
  update(before, nameOf) {
    const { state, error, name, userEndpointId } = this.#line;
    this.head(this.#line, name || nameOf(userEndpointId));
    if (state === 'failed') this.tell(`Not sent. ${sentenceOf(error)}`, this.#again);
    else this.tell(state === 'sending' ? 'Sending…' : '');
    super.update(before, nameOf);
  }
}

/** FileEntry shows a file as a card. */
export class FileEntry extends Entry {
  #item;
  #files;
  #about = make('span', 'about');
  #bar = make('progress');
  #buttons;

  /** @param {import('../lib/files.js').Item} item @param {import('../lib/files.js').Files} files */
  constructor(item, files) {
    super();
    this.#item = item;
    this.#files = files;
    this.element.classList.add('file');
    const card = make('div', 'card');
    const words = make('div', 'words');
    words.append(make('bdi', 'filename', item.filename), this.#about, this.#bar);
    this.#bar.max = 1;
    this.#bar.setAttribute('aria-label', `Sending ${item.filename}`);
    card.append(icon('file'), words);
    this.element.append(card, this.state);
    this.#buttons = {
      save: button('Download', () => void this.#save()),
      cancel: button('Cancel', () => files.cancel(item)),
      again: button('Try again', () => files.again(item)),
      remove: button('Remove', () => files.forget(item)),
    };
    this.#buttons.save.setAttribute('aria-label', `Download ${item.filename}`);
  }

  /** @override @param {Entry | null} before @param {(endpoint: string) => string} nameOf */
  update(before, nameOf) {
    const { state, sent, size, error, sha256, userEndpointId } = this.#item;
    const was = this.element.dataset.state;
    this.head(this.#item, nameOf(userEndpointId));
    this.#about.textContent = state === 'sending' ? `${Math.floor(sent * 100)} % of ${sizeOf(size)}` : sizeOf(size);
    this.#about.title = sha256 ? `SHA-256 ${sha256}` : '';
    this.#bar.hidden = state !== 'sending';
    this.#bar.value = sent;
    if (was !== state) this.#act(state, error);
    super.update(before, nameOf);
  }

  /** @param {import('../lib/files.js').Item['state']} state @param {unknown} error */
  #act(state, error) {
    const { save, cancel, again, remove } = this.#buttons;
    switch (state) {
      case 'sending': return this.tell('', cancel);
      case 'sent': return this.tell('', save);
      case 'cancelled': return this.tell('Not sent: you stopped it.', again, remove);
      default: return this.tell(`Not sent. ${sentenceOf(error)}`, again, remove);
    }
  }

  async #save() {
    const { save } = this.#buttons;
    save.disabled = true;
    try {
      // A page of its own, so that a link that fails does not end the call.
      const link = Object.assign(make('a'), { href: await this.#files.link(this.#item), download: '', target: '_blank', rel: 'noopener' });
      document.body.append(link);
      link.click();
      link.remove();
      this.tell('', save);
    } catch (err) {
      this.tell(sentenceOf(err), save);
    }
    save.disabled = false;
  }
}
