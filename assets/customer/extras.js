// @ts-check
/**
 * What a running call has besides pictures and sound: chat and files, the list
 * of people, questions for photos and about the camera, the network of all. The
 * room loads it while the call begins, so that the invitation shows sooner.
 */
import { Chat } from '../lib/chat.js';
import { Files } from '../lib/files.js';
import { Network } from '../lib/network.js';
import { Snapshots } from '../lib/snapshots.js';
import { CameraAsk } from './camera-ask.js';
import { announce, byID } from './dom.js';
import { Note } from './note.js';
import { PeopleList } from './people-list.js';
import { Photo } from './photo.js';
import { Side } from './side.js';
import { Talk } from './talk.js';
import { Weak } from './weak.js';

/** Loads the look of it; resolves when it is there. @returns {Promise<void>} */
export function dress() {
  const href = '/assets/customer/side.css';
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href });
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error('the style does not load'));
    };
    document.head.append(link);
  });
}

/** Extras belongs to one call. */
export class Extras {
  #talk;

  /**
   * @param {import('../lib/call.js').Call} call
   * @param {import('./room.js').Room} room
   * @param {AbortSignal} signal ends it with the call
   */
  constructor(call, room, signal) {
    const chat = new Chat(call);
    const files = new Files(call);
    const network = new Network(call);
    const snapshots = new Snapshots(call);
    const note = new Note(signal);
    const people = new PeopleList(call, network);
    this.#talk = new Talk(chat, files);
    /** What stands beside the stage. */
    this.side = new Side({ chat: this.#talk, people }, signal);
    this.#count(chat, files, note, signal);
    const photo = new Photo(snapshots, room, signal);
    new CameraAsk(snapshots, room, note, signal);
    const weak = new Weak(room, note, signal);
    const sit = () => {
      const seats = Object.keys(call.metadata).some((key) => key === 'ROOM' || key.startsWith('MEMBER/'));
      if (!seats && !call.people.some((p) => p.self && !p.customer)) return;
      call.removeEventListener('people', sit);
      import('./seat.js').then(({ takeSeat }) => takeSeat(call, room, note, people, signal)).then(() => people.update()).catch(() => {
        if (!signal.aborted) call.addEventListener('people', sit, { signal }); // with the next news
      });
    };
    call.addEventListener('people', sit, { signal });
    sit();
    const showNetwork = () => {
      this.#talk.learn(call.people);
      room.showNetwork(network.own);
      room.showNetworks((endpoint) => network.of(endpoint));
      weak.now(network.own);
      people.update();
    };
    network.addEventListener('change', showNetwork);
    call.addEventListener('people', showNetwork, { signal });
    showNetwork();
    call.replay(); // what was said while this was loading
    signal.addEventListener('abort', () => {
      for (const part of [chat, files, network, snapshots, photo]) part.close();
    });
  }

  /** Asks for files and sends them. */
  chooseFiles() {
    this.side.toggle('chat', true);
    this.#talk.chooseFiles();
  }

  /**
   * Counts what came while nobody looked, and tells of it.
   * @param {Chat} chat @param {Files} files @param {Note} note @param {AbortSignal} signal
   */
  #count(chat, files, note, signal) {
    let unread = 0;
    let counted = false;
    const button = byID('chat', HTMLElement);
    const show = () => {
      const looking = this.side.now === 'chat' && !document.hidden;
      if (looking) unread = 0;
      const badge = byID('unread', HTMLElement);
      badge.hidden = unread === 0;
      badge.textContent = unread > 99 ? '99+' : String(unread || '');
      const name = button.querySelector('.unseen');
      if (name) name.textContent = unread > 0 ? `Chat, unread messages:` : 'Chat';
    };
    const hear = (/** @type {string} */ name, /** @type {string} */ what, /** @type {string} */ spoken) => {
      unread++;
      show();
      announce(spoken);
      if (this.side.now !== 'chat') note.show(`${name}: ${what}`, { label: 'Read', act: () => this.side.toggle('chat', true) });
    };
    chat.addEventListener('change', () => {
      if (counted || !chat.caughtUp) return;
      counted = true; // what was said before this side came
      unread += chat.lines.filter((l) => !l.own).length;
      show();
    });
    chat.addEventListener('message', (e) => {
      const { name, text } = /** @type {CustomEvent} */ (e).detail;
      const who = name || 'Somebody';
      hear(who, text.length > 90 ? `${text.slice(0, 90)}…` : text, `${who} writes: ${text}`);
    });
    files.addEventListener('file', (e) => {
      const { filename, userEndpointId } = /** @type {CustomEvent} */ (e).detail;
      const who = this.#talk.nameOf(userEndpointId);
      hear(who, filename, `${who} sends the file ${filename}`);
    });
    this.side.addEventListener('change', () => {
      if (this.side.now === 'chat') note.hide();
      show();
    });
    document.addEventListener('visibilitychange', show, { signal });
    signal.addEventListener('abort', () => {
      unread = 0;
      show();
    });
  }
}
