// @ts-check
/** The preview: one's own picture, the microphone's level, the devices, the name. */
import { Choices } from './choices.js';
import { byID, make } from './dom.js';
import { Level } from './level.js';
import { openStorage } from './ticket.js';

const NAME = 'guichet.name';

/** Preview shows the open devices and reports "join" (detail: { camera: boolean, name: string }). */
export class Preview extends EventTarget {
  #devices;
  #choices;
  #video = byID('preview', HTMLVideoElement);
  #none = byID('preview-none', HTMLElement);
  #name = byID('name', HTMLInputElement);
  /** @type {Level | null} */
  #level = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {import('./devices.js').Devices} devices */
  constructor(devices) {
    super();
    this.#devices = devices;
    this.#choices = new Choices(byID('preview-form', HTMLFormElement), devices, (kind, id) => void this.#choose(kind, id));
    this.#name.value = recall();
    byID('preview-form', HTMLFormElement).addEventListener('submit', (e) => {
      e.preventDefault();
      this.#join(true);
    });
    byID('retry', HTMLButtonElement).addEventListener('click', () => void this.#retry());
    byID('join-audio', HTMLButtonElement).addEventListener('click', () => this.#join(false));
  }

  /** Shows what is open now. */
  async open() {
    this.close();
    const { audio, video } = this.#devices.tracks;
    this.#video.srcObject = video ? new MediaStream([video]) : null;
    this.#video.hidden = !video;
    this.#video.classList.toggle('mirrored', video?.getSettings().facingMode !== 'environment');
    this.#none.hidden = video !== null;
    this.#none.textContent = audio ? 'Your camera is off. The others will hear you.' : 'Camera and microphone are off.';
    byID('join-audio', HTMLElement).hidden = !video;
    byID('join-note', HTMLElement).textContent = note(audio !== null, video !== null);
    const sentences = this.#devices.sentences();
    const problems = byID('problems', HTMLElement);
    problems.hidden = sentences.length === 0;
    problems.firstElementChild?.replaceChildren(...sentences.map((sentence) => make('p', '', sentence)));
    byID('meter-row', HTMLElement).hidden = !audio;
    if (audio) this.#listen(audio);
    await this.#choices.refresh();
  }

  /** Stops showing; the devices stay open. */
  close() {
    clearInterval(this.#timer);
    this.#level?.close();
    this.#level = null;
    this.#video.srcObject = null;
  }

  /** @param {MediaStreamTrack} track */
  #listen(track) {
    const meter = byID('meter', HTMLElement);
    const word = byID('meter-word', HTMLElement);
    const level = new Level(track);
    this.#level = level;
    let heard = false;
    word.textContent = 'Say something';
    this.#timer = setInterval(() => {
      const value = level.value;
      meter.style.setProperty('--level', value.toFixed(2));
      meter.setAttribute('aria-valuenow', String(Math.round(value * 100)));
      if (level.speech && !heard) {
        heard = true;
        word.textContent = 'We hear you';
      }
    }, 80);
  }

  /** @param {'audioinput' | 'videoinput' | 'audiooutput'} kind @param {string} deviceId */
  async #choose(kind, deviceId) {
    if (kind === 'audiooutput') return this.#devices.chooseSpeaker(deviceId);
    // A device that does not open has its sentence in problems.
    await this.#devices.choose(kind === 'audioinput' ? 'audio' : 'video', deviceId).catch(() => undefined);
    return this.open();
  }

  async #retry() {
    await this.#devices.openAll();
    await this.open();
  }

  /** @param {boolean} camera */
  #join(camera) {
    const name = this.#name.value.trim();
    try {
      openStorage()?.setItem(NAME, name);
    } catch {
      // A name that is not kept is typed again.
    }
    this.dispatchEvent(new CustomEvent('join', { detail: { camera, name } }));
  }
}

/** @param {boolean} audio @param {boolean} video */
function note(audio, video) {
  if (audio) return video ? 'You can turn both off at any time.' : 'You can turn your microphone off at any time.';
  return video ? 'The others will see you, but not hear you.' : 'You will see and hear the others; they will not see or hear you.';
}

function recall() {
  try {
    return openStorage()?.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}
