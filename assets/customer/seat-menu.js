// @ts-check
/** What may be done to one person of the list: a button in their row, and the actions that it opens under it. */
import { Ask, action } from './ask.js';
import { icon, make } from './dom.js';

/** @typedef {{ label: string, call: string, act: () => Promise<unknown> | void, danger?: boolean }} Item */

/** What somebody may do who was made a member: all that concerns oneself, and a hand. */
const PROMOTED = [
  'audio_mute', 'audio_unmute', 'video_mute', 'video_unmute', 'deaf', 'undeaf', 'set_input_volume', 'set_output_volume', 'set_input_sensitivity',
  'screenshare', 'additional_source', 'raisehand', 'lowerhand',
].map((name) => `room.self.${name}`);

/** Menu is one for all rows; the elements of a row stay the same while it is there. */
export class Menu {
  #call;
  #members;
  #moderation;
  #act;
  #signal;
  /** @type {Map<string, { button: HTMLButtonElement, list: HTMLElement, labels: string }>} by endpoint */
  #rows = new Map();

  /**
   * @param {import('../lib/call.js').Call} call
   * @param {import('../lib/members.js').Members} members
   * @param {import('../lib/moderation.js').Moderation} moderation
   * @param {(done: Promise<unknown>) => Promise<boolean>} act tells what fails
   * @param {AbortSignal} signal
   */
  constructor(call, members, moderation, act, signal) {
    this.#call = call;
    this.#members = members;
    this.#moderation = moderation;
    this.#act = act;
    this.#signal = signal;
  }

  /** A person's seat, or null. @param {string} endpoint */
  of(endpoint) {
    return this.#members.of(endpoint);
  }

  /** Whether raised hands come first. */
  get handsFirst() {
    return this.#members.room?.prioritizeHandraise === true;
  }

  /** Adds to a row what may be done. @param {HTMLElement} row @param {import('../lib/people.js').Person} person */
  dress(row, person) {
    if (person.self) return;
    const items = this.#items(person).filter(({ call }) => this.#members.may(call, person.id));
    if (items.length === 0) return;
    const { button, list } = this.#row(person, items);
    row.append(button, list);
  }

  /** @param {import('../lib/people.js').Person} person @param {Item[]} items */
  #row(person, items) {
    const known = this.#rows.get(person.id);
    const labels = items.map((i) => i.label).join();
    if (known?.labels === labels) return known;
    const list = known?.list ?? make('div', 'acts');
    const button = known?.button ?? make('button', 'round');
    if (!known) {
      button.type = 'button';
      list.hidden = true;
      list.id = `acts-${person.id}`;
      list.setAttribute('role', 'group');
      button.setAttribute('aria-controls', list.id);
      button.onclick = () => this.#toggle(button, list, Boolean(list.hidden));
      list.onkeydown = (e) => {
        if (e.key !== 'Escape') return;
        e.preventDefault(); // or the panel would close
        this.#toggle(button, list, false);
        button.focus();
      };
      this.#toggle(button, list, false);
    }
    button.replaceChildren(icon('more', `Actions for ${person.name}`));
    button.title = `Actions for ${person.name}`;
    list.setAttribute('aria-label', `Actions for ${person.name}`);
    const at = [...list.children].findIndex((b) => b === document.activeElement);
    list.replaceChildren(...items.map(({ label, act, danger }) => {
      const b = action(danger ? 'act danger' : 'act', label, () => {
        const done = act();
        if (done) void this.#act(done);
      });
      return b;
    }));
    // Who mutes somebody goes on where the button to unmute them now stands.
    const next = list.children[Math.min(at, list.children.length - 1)];
    if (at >= 0 && next instanceof HTMLElement) queueMicrotask(() => next.focus());
    const row = { button, list, labels };
    this.#rows.set(person.id, row);
    return row;
  }

  /** @param {HTMLElement} button @param {HTMLElement} list @param {boolean} open */
  #toggle(button, list, open) {
    list.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
  }

  /** @param {import('../lib/people.js').Person} person @returns {Item[]} */
  #items({ id, name }) {
    const member = this.of(id);
    const m = this.#moderation;
    if (member?.role === 'audience') {
      return [
        { label: 'Make a member', call: 'promote', act: () => m.promote(id, { permissions: PROMOTED }) },
        ...this.#hand(id, member),
        { label: 'Remove from the room', call: 'removeMember', danger: true, act: () => this.#remove(id, name) },
      ];
    }
    return [
      member?.audioMuted
        ? { label: 'Let speak again', call: 'unmuteAudio', act: () => m.unmuteAudio(id) }
        : { label: 'Turn microphone off', call: 'muteAudio', act: () => m.muteAudio(id) },
      member?.videoMuted
        ? { label: 'Let show themselves again', call: 'unmuteVideo', act: () => m.unmuteVideo(id) }
        : { label: 'Turn camera off', call: 'muteVideo', act: () => m.muteVideo(id) },
      member?.deaf
        ? { label: 'Let hear the room again', call: 'undeaf', act: () => m.undeaf(id) }
        : { label: 'Stop them hearing the room', call: 'deaf', act: () => m.deaf(id) },
      ...this.#hand(id, member),
      { label: 'Move to the audience', call: 'demote', act: () => m.demote(id) },
      { label: 'Remove from the room', call: 'removeMember', danger: true, act: () => this.#remove(id, name) },
    ];
  }

  /** @param {string} id @param {import('../lib/members.js').Member | null} member @returns {Item[]} */
  #hand(id, member) {
    return member?.handRaisedAt ? [{ label: 'Lower hand', call: 'lowerHand', act: () => this.#moderation.lowerHand(id) }] : [];
  }

  /** Asks once, with a reason if there is one. @param {string} id @param {string} name */
  async #remove(id, name) {
    const ask = new Ask('remove', `Remove ${name} from the room?`, this.#signal);
    const label = make('label', '', 'Reason (optional; they read it)');
    const reason = make('input');
    reason.id = label.htmlFor = 'remove-reason';
    reason.maxLength = 120;
    ask.add(make('p', '', `${name} leaves at once and cannot come back with the same link while the others are here.`), label, reason);
    if ((await ask.decide('Remove', 'Cancel')) && this.#call.seat) await this.#act(this.#moderation.removeMember(id, reason.value.trim()));
  }
}
