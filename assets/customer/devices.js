// @ts-check
/**
 * Camera and microphone of this browser: opening them, choosing among them,
 * saying in plain words what stands in the way. It holds at most one track of
 * each kind and remembers the choice.
 */
import { openStorage } from './ticket.js';

/** @typedef {'audio' | 'video'} Kind */
/** @typedef {{ audioinput: MediaDeviceInfo[], videoinput: MediaDeviceInfo[], audiooutput: MediaDeviceInfo[] }} Lists */

const SLOT = 'guichet.devices';

/** @type {Record<Kind, MediaTrackConstraints>} */
const wishes = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};

/** @type {Record<Kind, Record<string, string>>} what to say by the error's name (W3C Media Capture, section 10.2.1) */
const sentences = {
  audio: {
    NotFoundError: 'No microphone was found. You can join, but the others will not hear you.',
    NotReadableError: 'Your microphone is used by another program. Close it, then try again.',
    NotAllowedError: 'Your microphone is blocked for this page.',
    '': 'Your microphone does not start. Unplug it, plug it in again, then try again.',
  },
  video: {
    NotFoundError: 'No camera was found. You can join with sound only.',
    NotReadableError: 'Your camera is used by another program. Close it, then try again.',
    NotAllowedError: 'Your camera is blocked for this page.',
    '': 'Your camera does not start. Unplug it, plug it in again, then try again.',
  },
};

/** Devices owns the open tracks; "change" tells that devices came or went. */
export class Devices extends EventTarget {
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  tracks = { audio: null, video: null };
  /** @type {Record<Kind, string>} the sentence about each kind, "" when all is well */
  problems = { audio: '', video: '' };
  /** The speaker chosen, "" for the system's. */
  speaker = '';
  /** @type {Record<string, string>} */
  #chosen;

  constructor() {
    super();
    this.#chosen = remembered();
    this.speaker = this.#chosen.audiooutput ?? '';
    navigator.mediaDevices.addEventListener?.('devicechange', () => this.dispatchEvent(new Event('change')));
  }

  /** Whether the speaker can be chosen here. */
  get speakerChoice() {
    return 'setSinkId' in HTMLMediaElement.prototype;
  }

  /**
   * Opens camera and microphone, with one question to the person where the
   * browser allows that. Resolves to false when the person or a policy said
   * no; whatever else failed is in problems.
   */
  async openAll() {
    this.stop();
    this.problems = { audio: '', video: '' };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: this.#wish('audio'), video: this.#wish('video') });
      this.tracks = { audio: stream.getAudioTracks()[0] ?? null, video: stream.getVideoTracks()[0] ?? null };
      return true;
    } catch (err) {
      if (nameOf(err) === 'NotAllowedError') return this.#openAllowed(err);
    }
    // One of them is missing or busy: each by itself.
    await this.open('audio').catch(() => undefined);
    await this.open('video').catch(() => undefined);
    return true;
  }

  /** What was refused together may be allowed in part. @param {unknown} refusal */
  async #openAllowed(refusal) {
    let any = false;
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      if ((await permission(kind)) !== 'granted') this.problems[kind] = sentence(kind, refusal);
      else any = (await this.open(kind).catch(() => null)) !== null || any;
    }
    return any;
  }

  /**
   * Opens one kind in place of what was open; throws an Error with a sentence
   * for people.
   * @param {Kind} kind @param {MediaTrackConstraints} [wish]
   */
  async open(kind, wish = {}) {
    this.close(kind);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: { ...this.#wish(kind), ...wish } });
      this.problems[kind] = '';
      this.tracks[kind] = stream.getTracks()[0] ?? null;
      return this.tracks[kind];
    } catch (cause) {
      this.problems[kind] = sentence(kind, cause);
      throw new Error(this.problems[kind], { cause });
    }
  }

  /** Opens the device with this id and remembers it. @param {Kind} kind @param {string} deviceId */
  async choose(kind, deviceId) {
    this.#remember(kind === 'audio' ? 'audioinput' : 'videoinput', deviceId);
    return this.open(kind, { deviceId: { exact: deviceId } });
  }

  /** @param {string} deviceId */
  chooseSpeaker(deviceId) {
    this.speaker = deviceId;
    this.#remember('audiooutput', deviceId);
  }

  /** What to say about both kinds. */
  sentences() {
    const { audio, video } = this.problems;
    if (audio === sentences.audio.NotFoundError && video === sentences.video.NotFoundError) {
      return ['No camera and no microphone were found. You can join to watch and listen.'];
    }
    return [audio, video].filter(Boolean);
  }

  /** The devices that this browser shows, by kind. @returns {Promise<Lists>} */
  async list() {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const of = (/** @type {MediaDeviceKind} */ kind) => all.filter((d) => d.kind === kind && d.deviceId !== '');
    return { audioinput: of('audioinput'), videoinput: of('videoinput'), audiooutput: this.speakerChoice ? of('audiooutput') : [] };
  }

  /** Closes one kind, so that its light goes out. @param {Kind} kind */
  close(kind) {
    this.tracks[kind]?.stop();
    this.tracks[kind] = null;
  }

  /** Closes both. */
  stop() {
    this.close('audio');
    this.close('video');
  }

  /** @param {Kind} kind @returns {MediaTrackConstraints} */
  #wish(kind) {
    const deviceId = this.#chosen[kind === 'audio' ? 'audioinput' : 'videoinput'];
    return deviceId ? { ...wishes[kind], deviceId: { ideal: deviceId } } : { ...wishes[kind], ...(kind === 'video' ? { facingMode: 'user' } : {}) };
  }

  /** @param {string} kind @param {string} deviceId */
  #remember(kind, deviceId) {
    this.#chosen[kind] = deviceId;
    try {
      openStorage()?.setItem(SLOT, JSON.stringify(this.#chosen));
    } catch {
      // A choice that is not kept is made again.
    }
  }
}

/** @returns {Record<string, string>} */
function remembered() {
  try {
    const value = JSON.parse(openStorage()?.getItem(SLOT) ?? '{}');
    return Object.fromEntries(Object.entries(value).filter(([, id]) => typeof id === 'string'));
  } catch {
    return {};
  }
}

/** @param {Kind} kind @returns {Promise<string>} */
async function permission(kind) {
  try {
    const name = /** @type {PermissionName} */ (kind === 'audio' ? 'microphone' : 'camera');
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return 'prompt'; // a browser that does not tell
  }
}

/** @param {unknown} err */
const nameOf = (err) => (err instanceof DOMException ? err.name : '');

/** @param {Kind} kind @param {unknown} err */
const sentence = (kind, err) => sentences[kind][nameOf(err)] ?? sentences[kind][''] ?? '';
