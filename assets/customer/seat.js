// @ts-check
/**
 * One's own seat in a call: what it allows the buttons to do, and what happens
 * when somebody changes it. Loaded only where there are seats.
 */
import { Members } from '../lib/members.js';
import { Moderation } from '../lib/moderation.js';
import { action } from './ask.js';
import { announce, byID, icon, make } from './dom.js';
import { Cast } from './cast.js';
import { Menu } from './seat-menu.js';
import { RoomPanel } from './room-panel.js';
import { sentenceOf } from './sentence.js';
import { clothe } from './seat-style.js';

/** @typedef {'audio' | 'video'} Kind */

const words = {
  audio: { device: 'microphone', label: 'Turn microphone on', mute: 'muteAudio', unmute: 'unmuteAudio', property: 'audioMuted' },
  video: { device: 'camera', label: 'Turn camera on', mute: 'muteVideo', unmute: 'unmuteVideo', property: 'videoMuted' },
};

const kinds = /** @type {const} */ (['audio', 'video']);

/** Waits for the look of it. @param {ConstructorParameters<typeof Seat>} args */
export async function takeSeat(...args) {
  await clothe();
  args[4].throwIfAborted();
  return new Seat(...args);
}

/** Seat belongs to one call. */
export class Seat {
  #call;
  #room;
  #note;
  #signal;
  #moderation;
  #cast;
  #panel;
  /** @type {Record<Kind, boolean | null>} the mute that this side asked for last, until the server tells of it */
  #asked = { audio: null, video: null };
  #hand;
  #watching = make('p', '', 'You are watching');
  #raised = make('span', 'hand');
  #offer = make('dialog');

  /**
   * @param {import('../lib/call.js').Call} call
   * @param {import('./room.js').Room} room
   * @param {import('./note.js').Note} note
   * @param {import('./people-list.js').PeopleList} people
   * @param {AbortSignal} signal ends it with the call
   */
  constructor(call, room, note, people, signal) {
    this.#call = call;
    this.#room = room;
    this.#note = note;
    this.#signal = signal;
    this.members = new Members(call);
    this.#moderation = new Moderation(call);
    const act = (/** @type {Promise<unknown>} */ done) => this.act(done);
    this.#cast = new Cast(room.stage, this.members);
    this.#panel = new RoomPanel(call, room, this.members, this.#moderation, act, signal);
    people.menu = new Menu(call, this.members, this.#moderation, act, signal);
    this.#hand = make('button');
    this.#hand.id = 'hand';
    this.#hand.type = 'button';
    this.#hand.append(icon('hand'), make('span', 'unseen'));
    this.#hand.onclick = () => this.raise();
    byID('chat', HTMLElement).before(this.#hand);
    this.#watching.id = 'watching';
    this.#watching.prepend(icon('eye'));
    byID('call-top', HTMLElement).append(this.#watching);
    this.#raised.append(icon('hand', 'Your hand is raised'));
    byID('self-view', HTMLElement).append(this.#raised);
    this.#offer.id = 'promoted';
    byID('hints', HTMLElement).prepend(this.#offer);
    this.members.addEventListener('change', (e) => {
      const { before, by } = /** @type {CustomEvent} */ (e).detail;
      this.#changed(before, by);
    }, { signal });
    signal.addEventListener('abort', () => {
      for (const part of [this.members, this.#cast]) part.close();
      for (const element of [this.#hand, this.#watching, this.#raised, this.#offer]) element.remove();
    });
    room.seat = this;
    this.#changed(null, '');
    // What was shown before came without the seats.
    call.dispatchEvent(new CustomEvent('people', { detail: null }));
  }

  /** The hint for who speaks into a microphone that is muted for good, "" for the usual one. */
  get muted() {
    const { own } = this.members;
    return own?.audioMuted && !this.members.may('unmuteAudio') ? 'You are muted, and only somebody who leads the room can change that.' : '';
  }

  /**
   * Asks the seat, and the server where it must know, before a device goes on or
   * off. What is forbidden is told.
   * @param {Kind} kind @param {boolean} on
   */
  async forbids(kind, on) {
    const { own } = this.members;
    if (!own) return false;
    const { device, mute, unmute } = words[kind];
    if (own.role === 'audience') {
      this.#room.hint('You are watching. Only members speak and show themselves.');
      return true;
    }
    const muted = this.#asked[kind] ?? this.#mutedIn(own, kind);
    if (!on) {
      if (!this.members.may(mute)) {
        this.#room.hint(`In this room you cannot turn your ${device} off.`);
        return true;
      }
      if (!muted) void this.#tell(kind, true);
      return false;
    }
    if (!muted) return false;
    if (!this.members.may(unmute)) {
      this.#room.hint(`Somebody turned your ${device} off. You cannot turn it on yourself; only somebody who leads the room can.`);
      return true;
    }
    return !(await this.#tell(kind, false));
  }

  /** Brings the buttons in line with the seat. */
  dress() {
    const { own } = this.members;
    const watches = own?.role === 'audience';
    document.body.dataset.seat = own?.role ?? '';
    this.#watching.hidden = !watches;
    for (const kind of kinds) {
      const { device, mute, unmute, property } = words[kind];
      const button = byID(device, HTMLButtonElement);
      const muted = own !== null && own[/** @type {'audioMuted'} */ (property)];
      const on = button.getAttribute('aria-pressed') === 'true';
      const stuck = own !== null && (on ? !this.members.may(mute) : muted && !this.members.may(unmute));
      button.toggleAttribute('data-stuck', stuck);
      button.setAttribute('aria-disabled', String(stuck));
      if (stuck) button.title = on ? `You cannot turn your ${device} off here` : `Somebody turned your ${device} off`;
    }
    const up = own?.handRaisedAt != null;
    this.#hand.hidden = !own || !this.members.may(up ? 'lowerHand' : 'raiseHand');
    this.#hand.setAttribute('aria-pressed', String(up));
    this.#raised.hidden = !up;
    if (kinds.some((kind) => byID(words[kind].device, HTMLElement).getAttribute('aria-pressed') === 'true')) this.#settle();
    this.#hand.title = up ? 'Lower your hand' : 'Raise your hand';
    const name = this.#hand.querySelector('span');
    if (name) name.textContent = 'Raise hand';
    this.#panel.update();
  }

  /** Raises or lowers one's own hand. */
  raise() {
    const up = this.members.own?.handRaisedAt != null;
    this.act(up ? this.#moderation.lowerHand() : this.#moderation.raiseHand());
  }

  /** Waits for a call and says so when it fails. @param {Promise<unknown>} done */
  async act(done) {
    try {
      await done;
      return true;
    } catch (err) {
      if (!this.#signal.aborted) this.#room.hint(sentenceOf(err));
      return false;
    }
  }

  /** @param {import('../lib/members.js').Member} seat @param {Kind} kind */
  #mutedIn(seat, kind) {
    return kind === 'audio' ? seat.audioMuted : seat.videoMuted;
  }

  /** @param {Kind} kind @param {boolean} muted @returns {Promise<boolean>} */
  async #tell(kind, muted) {
    this.#asked[kind] = muted;
    const { mute, unmute } = words[kind];
    const done = await this.act(this.#moderation[/** @type {'muteAudio'} */ (muted ? mute : unmute)]());
    if (!done) this.#asked[kind] = null;
    return done;
  }

  /** @param {import('../lib/members.js').Member | null} before @param {string} by */
  #changed(before, by) {
    const { own } = this.members;
    this.#room.stage.arrange();
    if (own) this.#adopt(before, own, by);
    this.dress();
  }

  /** @param {import('../lib/members.js').Member | null} before @param {import('../lib/members.js').Member} own @param {string} by */
  #adopt(before, own, by) {
    const who = by || 'Somebody';
    if (own.role === 'audience') {
      this.#settle();
      this.#panel.stopSharing();
      if (before?.role === 'audience') return;
      this.#room.silence();
      if (before) this.#say(`${who} made you one of the audience. Your camera and microphone are off.`);
      return;
    }
    if (before?.role === 'audience') return this.#ask(`${who} made you a member of the room: you may speak now.`, own);
    if (!before && this.#room.offers) this.#ask('You are in. Nobody hears or sees you yet.', own);
    const off = kinds.filter((kind) => this.#follow(kind, before, own, who));
    if (off.length > 0) this.#sayOff(off, before ? who : '');
    if (before && own.deaf !== before.deaf) this.#say(own.deaf ? 'You do not hear the room now.' : 'You hear the room again.');
    if (before?.handRaisedAt && !own.handRaisedAt && by) this.#say(`${by} lowered your hand.`);
  }

  /** @param {Kind[]} off @param {string} who "" when it was so from the beginning */
  #sayOff(off, who) {
    const devices = off.map((kind) => words[kind].device).join(' and ');
    const free = off.every((kind) => this.members.may(words[kind].unmute));
    const until = free ? 'You can turn that on again.' : 'You cannot turn that on yourself; somebody who leads the room can let you.';
    this.#say(`${who ? `${who} turned your ${devices} off.` : `Your ${devices} ${off.length > 1 ? 'are' : 'is'} off now.`} ${until}`);
  }

  /**
   * Follows one mute of the server.
   * @param {Kind} kind @param {import('../lib/members.js').Member | null} before @param {import('../lib/members.js').Member} own @param {string} who
   * @returns {boolean} whether it is news that it is off
   */
  #follow(kind, before, own, who) {
    const { device, label } = words[kind];
    const was = before !== null && this.#mutedIn(before, kind);
    const is = this.#mutedIn(own, kind);
    const mine = this.#asked[kind] === is;
    this.#asked[kind] = null;
    if (was === is || mine) return false;
    const on = kind === 'audio' ? !this.#call.muted : this.#room.camera !== null;
    if (is) {
      if (kind === 'audio') this.#call.setMuted(true);
      else if (on) this.#room.closeCamera();
    } else if (!on) {
      this.#say(`${who} lets you use your ${device} again.`, { label, act: () => void (kind === 'audio' ? this.#room.toggleMicrophone() : this.#room.toggleCamera()) });
    }
    return is;
  }

  /**
   * Offers to turn on what the seat allows: a sentence and one button, beside the
   * call and not before it. It goes with the first device that is turned on.
   * @param {string} sentence @param {import('../lib/members.js').Member} own
   */
  #ask(sentence, own) {
    const off = kinds.filter((kind) => !this.#mutedIn(own, kind) || this.members.may(words[kind].unmute));
    if (off.length === 0) return this.#say(sentence);
    const text = make('p', '', sentence);
    text.id = 'promoted-text';
    this.#offer.setAttribute('aria-labelledby', text.id);
    const later = action('round', '', () => this.#settle());
    later.append(icon('close', 'Not now'));
    later.title = 'Not now';
    this.#offer.replaceChildren(text, action('primary', `Turn on ${off.map((kind) => words[kind].device).join(' and ')}`, async () => {
      this.#settle();
      if (off.includes('audio')) await this.#room.toggleMicrophone();
      if (off.includes('video')) await this.#room.toggleCamera();
    }), later);
    this.#offer.open = true; // which takes no focus, unlike show
    announce(sentence);
  }

  /** Takes the offer back; a focus in it goes on to the first thing offered. */
  #settle() {
    const inside = this.#offer.contains(document.activeElement);
    this.#offer.close();
    if (inside) byID('microphone', HTMLElement).focus();
  }

  /** @param {string} sentence @param {{ label: string, act: () => void }} [what] */
  #say(sentence, what) {
    this.#note.show(sentence, what);
    announce(sentence);
  }
}
