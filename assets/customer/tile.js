// @ts-check
/** One person's stream on the stage: picture or initials, name, crossed microphone, speaking frame. */
import { icon, initialsOf, make } from './dom.js';

/** @typedef {import('../lib/people.js').Person} Person */
/** @typedef {import('../lib/people.js').PersonStream} PersonStream */

/** Loudness from which a stream counts as speaking, and how long the frame stays, in ms. */
const SPEAKING = 0.015;
const HOLD = 700;

/** Tile owns the elements of one stream, or of a person who sends none. */
export class Tile {
  element = make('div', 'tile');
  /** @type {HTMLVideoElement | null} */
  video = null;
  #initials = make('span');
  #name = make('span', 'name');
  #label = make('p', 'label');
  #muted = icon('microphone-off', 'Microphone is off');
  #network = icon('bars', 'Network');
  #news = make('span');
  #spoke = -Infinity;
  #away = '';
  #silent = false;
  #weak = false;

  /**
   * @param {Person} person @param {PersonStream | null} stream
   * @param {(video: HTMLVideoElement) => void} play starts a video as the browser allows
   */
  constructor(person, stream, play) {
    const initials = make('div', 'initials');
    initials.setAttribute('aria-hidden', 'true');
    initials.append(this.#initials);
    this.person = this.element.dataset.person = person.id;
    this.screen = stream?.type === 'SCREEN';
    this.#network.toggleAttribute('hidden', true);
    this.#label.append(this.#muted, this.#network, this.#name, this.#news);
    this.element.append(initials, this.#label);
    if (stream) {
      const video = make('video');
      video.autoplay = true;
      video.playsInline = true;
      video.dataset.stream = stream.id;
      video.dataset.participant = person.id;
      video.addEventListener('resize', () => this.#fit());
      this.element.prepend(video);
      this.video = video;
      this.play = () => play(video);
    }
  }

  /** Starts the video, if there is one. @type {() => void} */
  play = () => undefined;

  /** Shows the state of now. @param {Person} person @param {PersonStream | null} stream */
  update(person, stream) {
    const seen = (this.video?.videoWidth ?? 0) > 0;
    // While a connection is renewed, its last picture says more than none.
    const picture = stream !== null && !stream.videoMuted && (stream.connected || seen);
    const silent = stream === null || stream.audioMuted;
    this.element.dataset.video = picture ? 'on' : 'off';
    this.element.dataset.muted = [stream?.audioMuted ? 'audio' : '', stream?.videoMuted ? 'video' : ''].join(' ').trim();
    this.#initials.textContent = initialsOf(person.name);
    this.#name.textContent = this.screen ? `${person.name}’s screen` : person.name;
    this.#muted.toggleAttribute('hidden', !silent || this.screen);
    this.#away = stream && !stream.connected ? (seen ? 'Reconnecting…' : 'Connecting…') : '';
    this.#silent = silent && !this.screen;
    this.#tell();
    if (!this.video || !stream) return;
    this.video.setAttribute('aria-label', `Video of ${person.name}`);
    if (stream.media?.getTracks().length && this.video.srcObject !== stream.media) this.video.srcObject = stream.media;
    if (this.video.srcObject && this.video.paused) this.play();
  }

  /** Shows a network that is not good. @param {import('../lib/quality.js').Grade | null} grade */
  grade(grade) {
    this.element.dataset.grade = grade ?? '';
    const weak = grade === 'fair' || grade === 'poor';
    this.#network.toggleAttribute('hidden', !weak);
    this.#network.setAttribute('aria-label', grade === 'poor' ? 'Poor network' : 'Fair network');
    this.#weak = grade === 'poor';
    this.#tell();
  }

  #tell() {
    this.#news.textContent = this.#away || (this.#weak ? 'Weak network' : '');
    this.#label.toggleAttribute('data-weak', this.#away === '' && this.#weak);
    this.#label.toggleAttribute('data-news', this.#away !== '' || this.#weak || this.#silent);
  }

  /** @param {number} level 0 to 1 @param {number} now milliseconds */
  hear(level, now) {
    if (level > SPEAKING) this.#spoke = now;
    this.element.dataset.speaking = String(now - this.#spoke < HOLD);
  }

  remove() {
    if (this.video) this.video.srcObject = null;
    this.element.remove();
  }

  /** A picture in the other orientation, or a screen, is shown whole. */
  #fit() {
    if (!this.video) return;
    const { videoWidth: w, videoHeight: h } = this.video;
    const box = this.element.getBoundingClientRect();
    const off = (w / h) / (box.width / box.height);
    this.element.dataset.fit = this.screen || off > 2 || off < 0.5 ? 'contain' : 'cover';
  }

  /** The stage changed its shape. */
  resized() {
    this.#fit();
  }
}
