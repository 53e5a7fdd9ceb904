// @ts-check
/** What may be done to one person of the list: a button in their row, and the actions that it opens under it. */
import { Ask, action } from './ask.js';
import { controlsOf } from './controls.js';
import { icon, make } from './dom.js';
import { fieldOf } from './seat-fields.js';

/** The buttons, by the names of Moderation's calls. @type {Record<string, string>} */
const labels = {
  promote: 'Make a member', muteAudio: 'Turn microphone off', unmuteAudio: 'Let speak again', muteVideo: 'Turn camera off', unmuteVideo: 'Let show themselves again',
  deaf: 'Stop them hearing the room', undeaf: 'Let hear the room again', raiseHand: 'Raise their hand', lowerHand: 'Lower hand', demote: 'Move to the audience',
  removeMember: 'Remove from the room',
};

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
  /** @type {Map<string, { button: HTMLButtonElement, list: HTMLElement, more: HTMLElement, calls: string, fields: Map<string, import('./seat-fields.js').Field> }>} by endpoint */
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
    const calls = controlsOf(this.#members, person.id);
    const { button, list, fields } = this.#row(person, calls);
    for (const { update } of fields.values()) update();
    if (calls.length === 0) for (const part of [button, list]) part.remove();
    else if (button.parentElement !== row) row.append(button, list);
  }

  /** @param {import('../lib/people.js').Person} person @param {string[]} calls */
  #row(person, calls) {
    const known = this.#rows.get(person.id);
    if (known?.calls === calls.join()) return known;
    const list = known?.list ?? make('div', 'acts');
    const button = known?.button ?? make('button', 'round');
    const more = known?.more ?? make('details');
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
      more.append(make('summary', '', 'Sound and place'));
    }
    button.replaceChildren(icon('more', `Actions for ${person.name}`));
    button.title = `Actions for ${person.name}`;
    list.setAttribute('aria-label', `Actions for ${person.name}`);
    const at = [...list.children].findIndex((b) => b === document.activeElement);
    const fields = new Map(calls.filter((call) => !labels[call]).map((call) =>
      [call, known?.fields.get(call) ?? fieldOf(call, person.id, this.#members, this.#moderation, this.#act)]));
    const buttons = calls.filter((call) => labels[call]).map((call) => {
      const b = action(call === 'removeMember' ? 'act danger' : 'act', labels[call], () => this.#do(call, person));
      b.dataset.call = call;
      return b;
    });
    for (const [call, { element }] of known?.fields ?? []) if (!fields.has(call)) element.remove();
    more.append(...[...fields.values()].map((f) => f.element).filter((e) => e.parentElement !== more));
    list.replaceChildren(...buttons, ...(fields.size > 0 ? [more] : []));
    // Who mutes somebody goes on where the button to unmute them now stands.
    const next = list.children[Math.min(at, list.children.length - 1)];
    if (at >= 0 && next instanceof HTMLElement) queueMicrotask(() => next.focus());
    const row = { button, list, more, fields, calls: calls.join() };
    this.#rows.set(person.id, row);
    return row;
  }

  /** @param {HTMLElement} button @param {HTMLElement} list @param {boolean} open */
  #toggle(button, list, open) {
    list.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
  }

  /** @param {string} call @param {import('../lib/people.js').Person} person */
  #do(call, { id, name }) {
    const m = this.#moderation;
    if (call === 'removeMember') void this.#remove(id, name);
    else if (call === 'promote') void this.#act(m.promote(id, { permissions: PROMOTED }));
    else void this.#act(m[/** @type {'muteAudio'} */ (call)](id));
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
