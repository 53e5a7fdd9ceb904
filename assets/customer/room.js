// @ts-check
/**
 * The screen of a running call: people on the stage, one's own picture, the
 * buttons and keys, clock, network and hints. It shows one Call and opens and
 * closes devices as the buttons say.
 */
import { Choices } from './choices.js';
import { announce, byID, initialsOf, setIcon } from './dom.js';
import { Level } from './level.js';
import { Stage } from './stage.js';

/** @typedef {import('../lib/call.js').Call} Call */
/** @typedef {import('../lib/people.js').Person} Person */

/** Milliseconds between two looks at who speaks. */
const LOOK = 150;
/** Milliseconds that a hint stays. */
const HINT = 6_000;
/** Looks with speech, less the pauses between, after which somebody speaks rather than coughs. */
const SPOKEN = 4;
/** Milliseconds of silence of a device, such as a phone call makes, before we offer to take it back. */
const SILENCED = 3_000;

/** @typedef {import('../lib/quality.js').Grade} Grade */

const words = { good: 'Good network', fair: 'Fair network', poor: 'Poor network' };

/** Room reports "leave" when the person leaves, and "camera" when another camera is on, or none. */
export class Room extends EventTarget {
  #devices;
  #screens;
  #host;
  #name;
  #stage;
  /** @type {import('./seat.js').Seat | null} what a seat in a room allows and shows; null without one */
  seat = null;
  /** Whether somebody who waited with all devices off is to be asked for them. */
  offers = false;
  /** @type {Call | null} */
  #call = null;
  /** @type {AbortController} ends what one call began */
  #ending = new AbortController();
  /** @type {Level | null} */
  #level = null;
  /** @type {Person[]} */
  #others = [];
  #met = false;
  #since = 0;
  #loud = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hintTimer;
  #choices;
  /** @type {Promise<import('./extras.js').Extras | null> | null} chat, files, people and photos, which load while the call begins */
  #extras = null;
  #microphone = byID('microphone', HTMLButtonElement);
  #camera = byID('camera', HTMLButtonElement);

  /**
   * @param {import('./devices.js').Devices} devices
   * @param {import('./screens.js').Screens} screens
   */
  constructor(devices, screens) {
    super();
    this.#devices = devices;
    this.#screens = screens;
    this.#host = '';
    this.#name = '';
    this.#stage = new Stage();
    const panel = byID('panel', HTMLDialogElement);
    this.#choices = new Choices(panel, devices, (kind, id) => void this.#choose(kind, id));
    this.#microphone.onclick = () => void this.#toggleMicrophone();
    this.#camera.onclick = () => void this.#toggleCamera();
    byID('leave', HTMLElement).onclick = () => this.dispatchEvent(new Event('leave'));
    byID('more', HTMLElement).onclick = async () => {
      byID('switch-camera', HTMLElement).hidden = !devices.tracks.video || (await devices.list()).videoinput.length < 2;
      byID('panel-none', HTMLElement).hidden = (await this.#choices.refresh()) > 0;
      panel.showModal();
    };
    const button = (/** @type {string} */ id, /** @type {() => unknown} */ press) => {
      byID(id, HTMLElement).onclick = () => {
        panel.close();
        press();
      };
    };
    button('switch-camera', () => this.switchCamera());
    button('chat', () => this.#open('chat'));
    button('people', () => this.#open('people'));
    button('show-people', () => this.#open('people', true));
    button('send-file', async () => (await this.#load())?.chooseFiles());
    const hear = byID('hear', HTMLElement);
    hear.onclick = () => {
      hear.hidden = true;
      this.#stage.hear();
    };
    this.#stage.addEventListener('blocked', () => {
      hear.hidden = false;
    });
    addEventListener('keydown', (e) => this.#key(e));
  }

  /**
   * Shows a call that was joined.
   * @param {Call} call @param {{ host: string, name: string, offers?: boolean }} who offers: whether to ask for the devices now
   */
  open(call, { host, name, offers = false }) {
    this.close();
    this.offers = offers;
    this.#call = call;
    this.#host = host;
    this.#name = name;
    const ending = new AbortController();
    this.#ending = ending;
    const { signal } = ending;
    call.addEventListener('people', () => this.#people(), { signal });
    call.addEventListener('phase', () => this.#phase(), { signal });
    call.addEventListener('quality', () => this.showNetwork(call.quality), { signal });
    const timer = setInterval(() => this.#look(), LOOK);
    signal.addEventListener('abort', () => clearInterval(timer));
    this.#stage.speaker(this.#devices.speaker);
    this.#local();
    this.#people();
    void keepAwake(signal);
    void this.#load();
  }

  /** The camera that is on, or null. */
  get camera() {
    return this.#devices.tracks.video;
  }

  get stage() {
    return this.#stage;
  }

  /** Turns the camera off or on. */
  toggleCamera() {
    return this.#toggleCamera();
  }

  /** Turns the microphone off or on. */
  toggleMicrophone() {
    return this.#toggleMicrophone();
  }

  /** Turns the camera off, whatever a seat allows. */
  closeCamera() {
    this.#call?.setCamera(null);
    this.#devices.close('video');
    this.#local();
  }

  /** Closes the devices and sends nothing. */
  silence() {
    this.#call?.stopSending();
    this.#devices.stop();
    this.#local();
  }

  /** Whether there is another camera. */
  async canSwitch() {
    return (await this.#devices.list()).videoinput.length > 1;
  }

  /** Takes the next camera, or keeps this one where there is none that opens; resolves to whether it is another. */
  async switchCamera() {
    const { video } = this.#devices.tracks;
    if (!video) return false;
    const { deviceId, facingMode } = video.getSettings();
    const cameras = (await this.#devices.list()).videoinput;
    const at = cameras.findIndex((d) => d.deviceId === deviceId);
    const next = cameras[(at + 1) % cameras.length];
    if (cameras.length < 2 || !next) return false;
    // A phone has several cameras behind: the other side is meant.
    const other = facingMode ? { facingMode: { exact: facingMode === 'environment' ? 'user' : 'environment' } } : { deviceId: { exact: next.deviceId } };
    if (!(await this.#reopen('video', { deviceId: undefined, ...other }))) {
      await this.#reopen('video', { deviceId: { exact: deviceId ?? '' } });
      return false;
    }
    return this.camera?.getSettings().deviceId !== deviceId;
  }

  /** Shows how good this side's network is. @param {Grade | null} grade */
  showNetwork(grade) {
    const network = byID('network', HTMLElement);
    network.hidden = grade === null;
    if (!grade) return;
    network.dataset.grade = grade;
    const word = network.querySelector('span');
    if (word) word.textContent = words[grade];
  }

  /** Shows how good the others' network is. @param {(endpoint: string) => Grade | null} grade */
  showNetworks(grade) {
    this.#stage.grade(grade);
  }

  /** Stops showing the call. */
  close() {
    this.#ending.abort();
    this.#call = null;
    this.#level?.close();
    this.#level = null;
    this.#others = [];
    this.#met = false;
    this.#since = 0;
    this.#stage.clear();
    this.#extras = this.seat = null;
    byID('self', HTMLVideoElement).srcObject = null;
    byID('panel', HTMLDialogElement).close();
    for (const id of ['banner', 'held', 'hint', 'hear', 'resume', 'network']) byID(id, HTMLElement).hidden = true;
    byID('clock', HTMLElement).textContent = '';
  }

  #people() {
    const call = this.#call;
    if (!call || call.phase === 'ended') return;
    const others = call.people.filter((p) => !p.self);
    // While the connection is away, the last picture says more than none.
    if (others.length === 0 && call.phase === 'reconnecting') return;
    const before = this.#others;
    this.#others = others;
    this.#stage.show(others);
    for (const p of others) if (!before.some((o) => o.id === p.id)) announce(`${p.name} is in the call.`);
    for (const p of before) if (!others.some((o) => o.id === p.id)) announce(`${p.name} left the call.`);
    if (others.length > 0 && !this.#met) {
      this.#met = true;
      this.#since = performance.now();
    }
    const names = others.map((p) => p.name);
    byID('who', HTMLElement).textContent = names.length > 1 ? `${names.length + 1} people` : (names[0] ?? '');
    byID('call-title', HTMLElement).textContent = names.length > 0 ? `Call with ${names.join(', ')}` : 'Waiting';
    byID('lobby-busy', HTMLElement).hidden = this.#met;
    byID('lobby-title', HTMLElement).textContent = this.#met
      ? 'You are alone in the call.'
      : `You are in. ${this.#host || 'Somebody'} will be with you in a moment.`;
    byID('lobby-text', HTMLElement).textContent = this.#met
      ? 'The others may come back. Stay, or leave with the red button.'
      : 'Stay on this page; the call begins by itself.';
    const held = byID('held', HTMLElement);
    if (held.hidden === call.onHold) announce(call.onHold ? 'The call is on hold. Nobody hears or sees you.' : 'The call goes on.');
    held.hidden = !call.onHold;
    this.#screens.show(others.length > 0 ? 'call' : 'waiting');
    this.#title();
    this.#buttons();
  }

  #phase() {
    const call = this.#call;
    if (!call) return;
    const banner = byID('banner', HTMLElement);
    const away = call.phase === 'reconnecting';
    if (banner.hidden === away) announce(away ? 'Connection lost. Reconnecting.' : 'Connected again.');
    banner.hidden = !away;
    this.#title();
    if (call.phase === 'in') this.#people();
  }

  #title() {
    const away = this.#call?.phase === 'reconnecting';
    const muted = this.#call?.muted && this.#devices.tracks.audio ? ' (muted)' : '';
    this.#screens.title(away ? 'Reconnecting…' : this.#others.length > 0 ? `In the call${muted}` : 'Waiting');
  }

  /**
   * What a running call has besides pictures and sound; null when the call is
   * over or the network is away.
   */
  #load() {
    const call = this.#call;
    const { signal } = this.#ending;
    if (!call) return null;
    this.#extras ??= import('./extras.js')
      .then(async ({ Extras, dress }) => {
        await dress();
        signal.throwIfAborted();
        return new Extras(call, this, signal);
      })
      .catch(() => {
        if (!signal.aborted) this.#extras = null;
        return null;
      });
    return this.#extras;
  }

  /** @param {'chat' | 'people'} what @param {boolean} [stay] leaves it open when it is open */
  async #open(what, stay = false) {
    const extras = await this.#load();
    if (extras) extras.side.toggle(what, stay);
    else this.hint('This does not load. Check your connection, then try again.');
  }

  /** Shows this side's own devices after one of them changed. */
  #local() {
    const { audio, video } = this.#devices.tracks;
    this.dispatchEvent(new Event('camera'));
    const self = byID('self', HTMLVideoElement);
    self.srcObject = video ? new MediaStream([video]) : null;
    self.classList.toggle('mirrored', video?.getSettings().facingMode !== 'environment');
    byID('self-view', HTMLElement).dataset.video = video ? 'on' : 'off';
    const initials = document.createElement('span');
    initials.textContent = initialsOf(this.#name || 'You');
    byID('self-none', HTMLElement).replaceChildren(initials);
    this.#level?.close();
    this.#level = audio ? new Level(audio) : null;
    this.#guard('audio', audio, 'Use the microphone again');
    this.#guard('video', video, 'Use the camera again');
    this.#buttons();
  }

  /**
   * A device that ends or falls silent by itself, such as by an incoming phone
   * call, is offered back; it is never swapped for another unasked.
   * @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track @param {string} label
   */
  #guard(kind, track, label) {
    if (!track) return;
    const resume = byID('resume', HTMLElement);
    const { signal } = this.#ending;
    const offer = () => {
      if (this.#devices.tracks[kind] !== track || signal.aborted) return;
      resume.textContent = label;
      resume.hidden = false;
      resume.onclick = () => {
        resume.hidden = true;
        void this.#reopen(kind);
      };
      announce(kind === 'audio' ? 'Your microphone stopped.' : 'Your camera stopped.');
    };
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    track.addEventListener('ended', offer, { signal });
    track.addEventListener('mute', () => { timer = setTimeout(offer, SILENCED); }, { signal });
    track.addEventListener('unmute', () => {
      clearTimeout(timer);
      resume.hidden = true;
    }, { signal });
  }

  #buttons() {
    const call = this.#call;
    if (!call) return;
    const { audio, video } = this.#devices.tracks;
    const speaking = audio !== null && !call.muted;
    press(this.#microphone, speaking, 'microphone', speaking ? 'Turn microphone off (Ctrl+D)' : 'Turn microphone on (Ctrl+D)');
    press(this.#camera, video !== null, 'camera', video ? 'Turn camera off (Ctrl+E)' : 'Turn camera on (Ctrl+E)');
    byID('self-muted', SVGElement).toggleAttribute('hidden', speaking);
    this.seat?.dress();
  }

  async #toggleMicrophone() {
    const call = this.#call;
    if (!call || (await this.seat?.forbids('audio', this.#devices.tracks.audio === null || call.muted))) return;
    if (!this.#devices.tracks.audio) {
      if (!(await this.#reopen('audio'))) return;
      call.setMuted(false);
    } else {
      call.setMuted(!call.muted);
    }
    byID('hint', HTMLElement).hidden = true;
    this.#buttons();
    this.#title();
    announce(call.muted ? 'Your microphone is off.' : 'Your microphone is on.');
  }

  async #toggleCamera() {
    if (!this.#call || (await this.seat?.forbids('video', !this.camera))) return;
    if (this.camera) {
      this.closeCamera();
      announce('Your camera is off.');
    } else if (await this.#reopen('video')) {
      announce('Your camera is on.');
    }
  }

  /** @param {'audioinput' | 'videoinput' | 'audiooutput'} kind @param {string} deviceId */
  async #choose(kind, deviceId) {
    if (kind === 'audiooutput') {
      this.#devices.chooseSpeaker(deviceId);
      return this.#stage.speaker(deviceId);
    }
    await this.#reopen(kind === 'audioinput' ? 'audio' : 'video', { deviceId: { exact: deviceId } });
  }

  /** @param {'audio' | 'video'} kind @param {MediaTrackConstraints} [wish] @returns {Promise<boolean>} whether it is open now */
  async #reopen(kind, wish) {
    const call = this.#call;
    /** @type {MediaStreamTrack | null} */
    let track = null;
    try {
      track = await this.#devices.open(kind, wish);
    } catch (err) {
      this.hint(err instanceof Error ? err.message : '');
    }
    if (this.#call !== call || !call) {
      track?.stop();
      return false;
    }
    if (kind === 'audio') call.setMicrophone(track);
    else call.setCamera(track);
    this.#local();
    return track !== null;
  }

  /** Looks who speaks, and whether somebody speaks into a muted microphone. */
  #look() {
    const call = this.#call;
    if (!call) return;
    const now = performance.now();
    this.#stage.listen((stream) => call.level(stream), now);
    if (this.#since > 0) byID('clock', HTMLElement).textContent = clock(now - this.#since);
    if (!call.muted) this.#loud = 0;
    else this.#loud = Math.max(0, this.#loud + (this.#level?.speech ? 1 : -0.1));
    if (this.#loud < SPOKEN) return;
    this.#loud = 0;
    this.hint(this.seat?.muted || 'You are muted. Turn your microphone on to be heard.');
  }

  /** Shows a sentence for a few seconds. @param {string} sentence */
  hint(sentence) {
    const hint = byID('hint', HTMLElement);
    if (hint.hidden || hint.textContent !== sentence) announce(sentence);
    hint.textContent = sentence;
    hint.hidden = false;
    clearTimeout(this.#hintTimer);
    this.#hintTimer = setTimeout(() => {
      hint.hidden = true;
    }, HINT);
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    if (!this.#call || !(e.ctrlKey || e.metaKey) || e.altKey || e.repeat) return;
    const key = e.key.toLowerCase();
    if (key === 'd' && !e.shiftKey) void this.#toggleMicrophone();
    else if (key === 'e' && !e.shiftKey) void this.#toggleCamera();
    else if (key === 'h' && e.shiftKey) this.dispatchEvent(new Event('leave'));
    else return;
    e.preventDefault();
  }
}

/** @param {HTMLButtonElement} button @param {boolean} on @param {string} name @param {string} title */
function press(button, on, name, title) {
  button.setAttribute('aria-pressed', String(on));
  button.title = title;
  const svg = button.querySelector('svg');
  if (svg) setIcon(svg, on ? name : `${name}-off`);
}

/** @param {number} ms */
function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Keeps the screen on, as far as the browser lets us. @param {AbortSignal} signal */
async function keepAwake(signal) {
  const hold = async () => {
    if (document.hidden || signal.aborted) return;
    const lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
    if (signal.aborted) void lock?.release();
    else signal.addEventListener('abort', () => void lock?.release());
  };
  document.addEventListener('visibilitychange', () => void hold(), { signal });
  await hold();
}
