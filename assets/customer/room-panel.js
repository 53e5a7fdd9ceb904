// @ts-check
/** What a room adds to the panel of More: the own hand, screen and volume, and the controls of the room. */
import { Share } from '../lib/share.js';
import { Ask } from './ask.js';
import { ownControls } from './controls.js';
import { announce, byID, icon, make } from './dom.js';
import { choice, field, fieldOf } from './seat-fields.js';

/** The layouts by their names here; what this page does not know looks like the grid. @type {Record<string, string>} */
const LAYOUTS = { 'grid-responsive': 'Grid', 'highlight-1-responsive': 'One large' };

/** RoomPanel owns what it adds and the streams that are shared. */
export class RoomPanel {
  #call;
  #room;
  #members;
  #moderation;
  #act;
  #signal;
  /** @type {Share | null} */
  #screen = null;
  /** @type {Share | null} */
  #second = null;
  /** @type {{ element: HTMLElement, calls: string[], may: () => boolean, on: () => boolean, label: () => string }[]} */
  #buttons = [];
  /** @type {{ call: string, element: HTMLElement, update: () => void }[]} */
  #fields = [];
  #layout = choice(LAYOUTS);
  #listed = false;
  #cameras = 0;

  /**
   * @param {import('../lib/call.js').Call} call
   * @param {import('./room.js').Room} room
   * @param {import('../lib/members.js').Members} members
   * @param {import('../lib/moderation.js').Moderation} moderation
   * @param {(done: Promise<unknown>) => Promise<boolean>} act tells what fails
   * @param {AbortSignal} signal
   */
  constructor(call, room, members, moderation, act, signal) {
    this.#call = call;
    this.#room = room;
    this.#members = members;
    this.#moderation = moderation;
    this.#act = act;
    this.#signal = signal;
    const m = moderation;
    const hand = () => members.own?.handRaisedAt != null;
    this.#add('panel-hand', 'hand', 'raiseHand lowerHand', hand, () => (hand() ? 'Lower your hand' : 'Raise your hand'), () => room.seat?.raise());
    this.#add('share-screen', 'screen', 'screenshare', () => this.#screen !== null, () => (this.#screen ? 'Stop sharing your screen' : 'Share your screen'),
      () => void this.#shareScreen(), () => 'getDisplayMedia' in navigator.mediaDevices);
    this.#add('second-camera', 'camera', 'additionalSource', () => this.#second !== null, () => (this.#second ? 'Turn the second camera off' : 'Add a second camera'),
      () => void this.#shareCamera(), () => this.#second !== null || this.#cameras > 1);
    const deaf = () => members.own?.deaf === true;
    this.#add('deaf', 'deaf', 'deaf undeaf', deaf, () => (deaf() ? 'Hear the room again' : 'Stop hearing the room'), () => act(deaf() ? m.undeaf() : m.deaf()));
    const locked = () => members.room?.locked === true;
    this.#add('lock', 'lock', 'lock unlock', locked, () => (locked() ? 'Unlock the room' : 'Lock the room'), () => act(locked() ? m.unlock() : m.lock()));
    const hides = () => members.room?.hideVideoMuted === true;
    this.#add('hide-muted', 'camera-off', 'hideVideoMuted showVideoMuted', hides, () => (hides() ? 'Show people without a picture' : 'Hide people without a picture'),
      () => act(hides() ? m.showVideoMuted() : m.hideVideoMuted()));
    const first = () => members.room?.prioritizeHandraise === true;
    this.#add('hands-first', 'hand', 'setPrioritizeHandraise', first, () => (first() ? 'Raised hands stand in line' : 'Raised hands come first'),
      () => act(m.setPrioritizeHandraise(!first())));
    this.#add('remove-all', 'leave', 'removeAllMembers', () => false, () => 'Remove everybody else', () => void this.#removeAll());
    this.#layout.onchange = () => void act(m.setLayout(this.#layout.value));
    this.#fields = ['setOutputVolume', 'setInputVolume', 'setInputSensitivity', 'setMemberPosition', 'setPositions'].map((call) => ({ call, ...fieldOf(call, '', members, m, act) }));
    this.#fields.push({ call: 'setLayout', ...field('room-layout', 'Layout of the room, for everybody', this.#layout, () => this.#showLayout()) });
    byID('panel-actions', HTMLElement).after(...this.#fields.map((f) => f.element));
    signal.addEventListener('abort', () => {
      this.stopSharing();
      for (const { element } of [...this.#buttons, ...this.#fields]) element.remove();
    });
    const count = async () => {
      this.#cameras = (await navigator.mediaDevices.enumerateDevices().catch(() => [])).filter((d) => d.kind === 'videoinput').length;
      if (!signal.aborted) this.update();
    };
    navigator.mediaDevices.addEventListener?.('devicechange', () => void count(), { signal });
    void count();
  }

  /** Brings the controls in line with what may be done now. */
  update() {
    const shows = ownControls(this.#members);
    for (const { element, calls, may, on, label } of this.#buttons) {
      element.hidden = !may() || !calls.some((call) => shows.includes(call));
      element.dataset.state = on() ? 'on' : 'off';
      const words = element.querySelector('span');
      if (words) words.textContent = label();
    }
    for (const { call, element, update } of this.#fields) {
      element.hidden = !shows.includes(call);
      if (!element.hidden) update();
    }
    // What is shared ends with the right to it.
    if (!shows.includes('screenshare')) this.#screen?.stop();
    if (!shows.includes('additionalSource')) this.#second?.stop();
    if (!shows.includes('layouts') || this.#listed) return;
    this.#listed = true;
    this.#moderation.layouts().then((names) => {
      const known = [...this.#layout.options].map((o) => o.value);
      this.#layout.append(...names.filter((name) => !known.includes(name)).map((name) => new Option(name, name)));
      this.update();
    }, () => undefined);
  }

  /** Ends what is shared. */
  stopSharing() {
    this.#screen?.stop();
    this.#second?.stop();
  }

  /**
   * @param {string} id @param {string} picture @param {string} calls what the button does, one or the other
   * @param {() => boolean} on @param {() => string} label @param {() => unknown} press @param {() => boolean} [may] what else it takes
   */
  #add(id, picture, calls, on, label, press, may = () => true) {
    const element = make('button');
    element.id = id;
    element.type = 'button';
    element.append(icon(picture), make('span'));
    element.onclick = () => {
      byID('panel', HTMLDialogElement).close();
      press();
    };
    byID('panel-actions', HTMLElement).append(element);
    this.#buttons.push({ element, calls: calls.split(' '), may, on, label });
  }

  #showLayout() {
    const now = this.#members.room?.layout ?? '';
    const known = [...this.#layout.options].some((o) => o.value === now);
    this.#layout.value = known ? now : 'grid-responsive';
  }

  async #shareScreen() {
    if (this.#screen) return this.#screen.stop();
    const media = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true }).catch(() => null);
    if (!media) return; // the person chose nothing
    const share = this.#begin(media, true, 'screen');
    if (share) this.#screen = share;
    this.update();
  }

  async #shareCamera() {
    if (this.#second) return this.#second.stop();
    const first = this.#room.camera?.getSettings().deviceId;
    const other = (await navigator.mediaDevices.enumerateDevices()).find((d) => d.kind === 'videoinput' && d.deviceId !== first);
    const media = await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: other?.deviceId ?? '' } } }).catch(() => null);
    if (!media) return this.#room.hint('The second camera does not start.');
    const share = this.#begin(media, false, 'second camera');
    if (share) this.#second = share;
    this.update();
  }

  /** @param {MediaStream} media @param {boolean} screen @param {string} what @returns {Share | null} */
  #begin(media, screen, what) {
    if (this.#signal.aborted || this.#members.own?.role !== 'member') {
      for (const track of media.getTracks()) track.stop();
      return null;
    }
    const share = new Share(this.#call, media, screen);
    announce(`The others see your ${what} now.`);
    share.addEventListener('end', (e) => {
      if (this.#screen === share) this.#screen = null;
      if (this.#second === share) this.#second = null;
      if (this.#signal.aborted) return;
      announce(`Your ${what} is not shared any more.`);
      if (/** @type {CustomEvent} */ (e).detail) this.#room.hint(`The room does not let you share your ${what}.`);
      this.update();
    });
    return share;
  }

  async #removeAll() {
    const ask = new Ask('remove', 'Remove everybody else from the room?', this.#signal);
    ask.add(make('p', '', 'All others leave at once and cannot come back with the same links while you are here.'));
    if (await ask.decide('Remove everybody', 'Cancel')) await this.#act(this.#moderation.removeAllMembers());
  }
}
