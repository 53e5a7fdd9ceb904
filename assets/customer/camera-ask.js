// @ts-check
/**
 * What an agent asks of the camera. Another camera shows another part of the
 * room, so that the person is asked first, once in a call; the lamp is told of.
 */
import { hasLamp, setLamp } from '../lib/picture.js';
import { Ask } from './ask.js';
import { announce, make } from './dom.js';

/** @typedef {import('../lib/snapshots.js').Request} Request */

/** CameraAsk answers requests to the camera of one call. */
export class CameraAsk {
  #snapshots;
  #room;
  #note;
  #signal;
  #allowed = false;
  /** @type {Promise<void>} one request after the other */
  #last = Promise.resolve();

  /**
   * @param {import('../lib/snapshots.js').Snapshots} snapshots @param {import('./room.js').Room} room
   * @param {import('./note.js').Note} note @param {AbortSignal} signal
   */
  constructor(snapshots, room, note, signal) {
    this.#snapshots = snapshots;
    this.#room = room;
    this.#note = note;
    this.#signal = signal;
    snapshots.addEventListener('camera', (e) => {
      const request = /** @type {CustomEvent} */ (e).detail;
      this.#last = this.#last.then(() => this.#answer(request)).catch(() => undefined);
    });
  }

  /** @param {Request} request */
  async #answer(request) {
    if (this.#signal.aborted) return;
    const why = request.wish === 'CAMERA_SWITCH' ? await this.#switch(request) : await this.#light(request, request.wish === 'FLASH_ON');
    await this.#snapshots.answerCamera(request, why === '', why);
  }

  /** @param {Request} request @returns {Promise<string>} why not */
  async #switch({ name }) {
    if (!this.#room.camera) return 'the camera is off';
    if (!(await this.#room.canSwitch())) return 'there is one camera';
    const who = name || 'The other side';
    if (!this.#allowed) {
      this.#allowed = await this.#ask(who);
      if (!this.#allowed) return 'not allowed now';
    }
    if (!(await this.#room.switchCamera())) return 'the other camera does not open';
    announce(`${who} switched your camera.`);
    this.#note.show(`${who} switched your camera.`, { label: 'Switch back', act: () => void this.#room.switchCamera() });
    return '';
  }

  /** @param {string} who */
  #ask(who) {
    const ask = new Ask('camera-ask', `${who} asks to switch your camera`, this.#signal);
    ask.add(make('p', '', 'Your other camera shows another part of your room. If you allow it, you are not asked again in this call.'));
    return ask.decide('Allow', 'Not now');
  }

  /** @param {Request} request @param {boolean} on @returns {Promise<string>} why not */
  async #light({ name }, on) {
    const { camera } = this.#room;
    if (!camera) return 'the camera is off';
    if (!hasLamp(camera)) return 'this camera has no light';
    try {
      await setLamp(camera, on);
    } catch {
      return 'the light does not go';
    }
    const sentence = `${name || 'The other side'} turned the light of your camera ${on ? 'on' : 'off'}.`;
    announce(sentence);
    this.#note.show(sentence, on ? { label: 'Turn it off', act: () => void setLamp(camera, false).catch(() => undefined) } : undefined);
    return '';
  }
}
