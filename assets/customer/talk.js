// @ts-check
/** The chat of a call: what was written and which files were sent, in order, and the field to write in. */
import { LONGEST } from '../lib/chat.js';
import { icon, make } from './dom.js';
import { Entry, FileEntry, LineEntry } from './entries.js';
import { sentenceOf } from './sentence.js';

/** Pixels from the end within which new lines are followed. */
const NEAR = 60;

/** Talk is a view of the panel. */
export class Talk {
  title = 'Chat';
  element = make('div', 'talk');
  #chat;
  #files;
  #list = make('ol');
  #empty = make('p', 'quiet', 'Nothing is written yet. What you write here, everybody in the call can read.');
  #newer = make('button', 'newer', 'Newer messages');
  #field = make('textarea');
  #problem = make('p', 'problem');
  #choose = make('input');
  /** @type {Map<object, Entry>} by line or item */
  #entries = new Map();
  /** @type {Map<string, string>} names by endpoint, also of those who left */
  #names = new Map();
  #follows = true;

  /** @param {import('../lib/chat.js').Chat} chat @param {import('../lib/files.js').Files} files */
  constructor(chat, files) {
    this.#chat = chat;
    this.#files = files;
    this.#list.id = 'messages';
    this.#list.tabIndex = 0; // or the keyboard could not scroll it
    this.#list.setAttribute('aria-label', 'Messages');
    this.#list.onscroll = () => this.#scrolled();
    this.#newer.type = 'button';
    this.#newer.hidden = true;
    this.#newer.onclick = () => this.#end();
    const middle = make('div', 'middle');
    middle.append(this.#list, this.#empty, this.#newer);
    this.element.append(middle, this.#compose());
    this.element.addEventListener('dragover', (e) => e.preventDefault());
    this.element.addEventListener('drop', (e) => {
      e.preventDefault();
      this.#send([...(e.dataTransfer?.files ?? [])]);
    });
    chat.addEventListener('change', () => this.#update());
    files.addEventListener('change', () => this.#update());
    this.#update();
  }

  focus() {
    return this.#field;
  }

  shown() {
    this.#end();
  }

  /** Asks which files to send. */
  chooseFiles() {
    this.#choose.click();
  }

  /** @param {string} endpoint */
  nameOf(endpoint) {
    return this.#names.get(endpoint) ?? 'Somebody';
  }

  /** Learns who is who. @param {import('../lib/people.js').Person[]} people */
  learn(people) {
    for (const { id, name } of people) this.#names.set(id, name);
  }

  #compose() {
    const form = make('form', 'compose');
    const attach = make('button', 'round');
    attach.id = 'attach';
    attach.type = 'button';
    attach.title = 'Send a file';
    attach.append(icon('clip', 'Send a file'));
    attach.onclick = () => this.chooseFiles();
    this.#choose.type = 'file';
    this.#choose.multiple = true;
    this.#choose.hidden = true;
    this.#choose.onchange = () => {
      this.#send([...(this.#choose.files ?? [])]);
      this.#choose.value = '';
    };
    Object.assign(this.#field, { id: 'write', rows: 1, placeholder: 'Write a message', enterKeyHint: 'send', maxLength: LONGEST });
    this.#field.setAttribute('aria-label', 'Message');
    this.#field.dir = 'auto';
    this.#field.oninput = () => {
      this.#problem.hidden = true;
      this.#grow();
    };
    this.#field.onkeydown = (e) => {
      if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
      e.preventDefault();
      form.requestSubmit();
    };
    const send = make('button', 'round send');
    send.type = 'submit';
    send.title = 'Send';
    send.append(icon('send', 'Send'));
    this.#problem.setAttribute('role', 'alert');
    this.#problem.hidden = true;
    form.append(this.#problem, attach, this.#field, this.#choose, send);
    form.onsubmit = (e) => {
      e.preventDefault();
      this.#say();
    };
    return form;
  }

  #say() {
    if (this.#field.value.trim() === '') return;
    try {
      this.#chat.send(this.#field.value);
    } catch (err) {
      this.#problem.textContent = sentenceOf(err);
      this.#problem.hidden = false;
      return;
    }
    this.#field.value = '';
    this.#grow();
    this.#end();
  }

  /** @param {File[]} files */
  #send(files) {
    for (const file of files) this.#files.send(file);
    this.#end();
  }

  #update() {
    const { lines } = this.#chat;
    // What is on its way stands at the end; the rest by the server's clock.
    const late = (/** @type {{ state: string }} */ e) => Number(e.state !== 'sent');
    const all = [...lines, ...this.#files.items].sort((a, b) => late(a) - late(b) || a.timestamp.getTime() - b.timestamp.getTime());
    const entries = all.map((item) => {
      let entry = this.#entries.get(item);
      if (!entry) {
        entry = 'filename' in item ? new FileEntry(item, this.#files) : new LineEntry(item, this.#chat);
        this.#entries.set(item, entry);
      }
      return entry;
    });
    for (const [item, entry] of this.#entries) {
      if (entries.includes(entry)) continue;
      entry.element.remove();
      this.#entries.delete(item);
    }
    entries.forEach((entry, i) => {
      entry.update(entries[i - 1] ?? null, (endpoint) => this.nameOf(endpoint));
      if (this.#list.children[i] !== entry.element) this.#list.insertBefore(entry.element, this.#list.children[i] ?? null);
    });
    this.#list.setAttribute('aria-busy', String(!this.#chat.caughtUp));
    this.#empty.hidden = entries.length > 0 || !this.#chat.caughtUp;
    this.#list.hidden = entries.length === 0;
    if (this.#follows) this.#end();
    else this.#newer.hidden = false;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.#follows = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#follows) this.#newer.hidden = true;
  }

  #end() {
    this.#follows = true;
    this.#newer.hidden = true;
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** Makes the field as high as its text, up to what the style allows. */
  #grow() {
    this.#field.style.height = '';
    if (this.#field.value) this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
  }
}
