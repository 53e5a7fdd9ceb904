// @ts-check
/** How loud a microphone is now. */

/** The quietest sound that the meter shows, in dB of full scale. */
const FLOOR = -60;
/** From here on somebody speaks, in dB of full scale. */
const SPEECH = -36;

/** Level listens to its own copy of a track, so that muting the track does not deafen it. */
export class Level {
  #track;
  #context;
  #analyser;
  #samples;

  /** @param {MediaStreamTrack} track */
  constructor(track) {
    this.#track = track.clone();
    this.#track.enabled = true;
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 4096;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(new MediaStream([this.#track])).connect(this.#analyser);
    void this.#context.resume().catch(() => undefined);
  }

  /** 0 for silence to 1 for as loud as it gets. */
  get value() {
    return Math.min(1, Math.max(0, 1 - this.#decibels() / FLOOR));
  }

  /** Whether somebody speaks. */
  get speech() {
    return this.#decibels() > SPEECH;
  }

  close() {
    this.#track.stop();
    void this.#context.close().catch(() => undefined);
  }

  #decibels() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const s of this.#samples) sum += s * s;
    return sum === 0 ? FLOOR : 10 * Math.log10(sum / this.#samples.length);
  }
}
