// @ts-check
/** What a room adds to the panel of More: the own hand, screen and volume, and the controls of the room. */
import { Share } from '../lib/share.js';
import { Ask } from './ask.js';
import { announce, byID, icon, make } from './dom.js';

/** The layouts that this page shows; every other looks like the grid. */
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
  /** @type {{ element: HTMLElement, may: () => boolean, on: () => boolean, label: () => string }[]} */
  #buttons = [];
  #volume = make('div', 'field');
  #layout = make('div', 'field');

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
    const may = (/** @type {string} */ name) => members.may(name);
    const isRoom = () => members.room !== null;
    const m = moderation;
    const hand = () => members.own?.handRaisedAt != null;
    this.#add('panel-hand', 'hand', () => members.own !== null && may(hand() ? 'lowerHand' : 'raiseHand'), hand, () => (hand() ? 'Lower your hand' : 'Raise your hand'),
      () => room.seat?.raise());
    const canShare = 'getDisplayMedia' in navigator.mediaDevices;
    const speaks = () => members.own?.role === 'member';
    this.#add('share-screen', 'screen', () => canShare && speaks() && may('screenshare'), () => this.#screen !== null, () => (this.#screen ? 'Stop sharing your screen' : 'Share your screen'),
      () => void this.#shareScreen());
    this.#add('second-camera', 'camera', () => speaks() && may('additionalSource') && (this.#second !== null || this.#cameras > 1), () => this.#second !== null,
      () => (this.#second ? 'Turn the second camera off' : 'Add a second camera'), () => void this.#shareCamera());
    const deaf = () => members.own?.deaf === true;
    this.#add('deaf', 'deaf', () => members.own !== null && may(deaf() ? 'undeaf' : 'deaf'), deaf, () => (deaf() ? 'Hear the room again' : 'Stop hearing the room'),
      () => act(deaf() ? m.undeaf() : m.deaf()));
    const locked = () => members.room?.locked === true;
    this.#add('lock', 'lock', () => isRoom() && may(locked() ? 'unlock' : 'lock'), locked, () => (locked() ? 'Unlock the room' : 'Lock the room'),
      () => act(locked() ? m.unlock() : m.lock()));
    const hides = () => members.room?.hideVideoMuted === true;
    this.#add('hide-muted', 'camera-off', () => isRoom() && may(hides() ? 'showVideoMuted' : 'hideVideoMuted'), hides,
      () => (hides() ? 'Show people without a picture' : 'Hide people without a picture'), () => act(hides() ? m.showVideoMuted() : m.hideVideoMuted()));
    const first = () => members.room?.prioritizeHandraise === true;
    this.#add('hands-first', 'hand', () => isRoom() && may('setPrioritizeHandraise'), first, () => (first() ? 'Raised hands stand in line' : 'Raised hands come first'),
      () => act(m.setPrioritizeHandraise(!first())));
    this.#add('remove-all', 'leave', () => isRoom() && may('removeAllMembers'), () => false, () => 'Remove everybody else', () => void this.#removeAll());
    this.#addVolume();
    this.#addLayout();
    signal.addEventListener('abort', () => {
      this.stopSharing();
      for (const { element } of this.#buttons) element.remove();
      this.#volume.remove();
      this.#layout.remove();
    });
    const count = async () => {
      this.#cameras = (await navigator.mediaDevices.enumerateDevices().catch(() => [])).filter((d) => d.kind === 'videoinput').length;
      if (!signal.aborted) this.update();
    };
    navigator.mediaDevices.addEventListener?.('devicechange', () => void count(), { signal });
    void count();
  }

  #cameras = 0;

  /** Brings the buttons in line with what may be done now. */
  update() {
    for (const { element, may, on, label } of this.#buttons) {
      element.hidden = !may();
      element.dataset.state = on() ? 'on' : 'off';
      const words = element.querySelector('span');
      if (words) words.textContent = label();
    }
    const { own, room } = this.#members;
    this.#volume.hidden = !own || !this.#members.may('setOutputVolume');
    const volume = this.#volume.querySelector('input');
    if (volume && volume !== document.activeElement) volume.value = String(own?.outputVolume ?? 0);
    this.#layout.hidden = !room || !this.#members.may('setLayout');
    const layout = this.#layout.querySelector('select');
    if (layout) layout.value = room && room.layout in LAYOUTS ? room.layout : 'grid-responsive';
  }

  /** Ends what is shared. */
  stopSharing() {
    this.#screen?.stop();
    this.#second?.stop();
  }

  /** @param {string} id @param {string} picture @param {() => boolean} may @param {() => boolean} on @param {() => string} label @param {() => unknown} press */
  #add(id, picture, may, on, label, press) {
    const element = make('button');
    element.id = id;
    element.type = 'button';
    element.append(icon(picture), make('span'));
    element.onclick = () => {
      byID('panel', HTMLDialogElement).close();
      press();
    };
    byID('panel-actions', HTMLElement).append(element);
    this.#buttons.push({ element, may, on, label });
  }

  #addVolume() {
    const label = make('label', '', 'How loud you hear the others');
    const range = make('input');
    Object.assign(range, { id: 'output-volume', type: 'range', min: '-50', max: '50', step: '5' });
    label.htmlFor = range.id;
    range.onchange = () => void this.#act(this.#moderation.setOutputVolume(Number(range.value)));
    this.#volume.append(label, range);
    byID('panel-actions', HTMLElement).after(this.#volume);
  }

  #addLayout() {
    const label = make('label', '', 'Layout of the room, for everybody');
    const select = make('select');
    select.id = label.htmlFor = 'room-layout';
    select.append(...Object.entries(LAYOUTS).map(([value, text]) => new Option(text, value)));
    select.onchange = () => void this.#act(this.#moderation.setLayout(select.value));
    this.#layout.append(label, select);
    this.#volume.after(this.#layout);
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
