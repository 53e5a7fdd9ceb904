// @ts-check
/** How loud each person is played: quieter by the element itself, louder by an amplifier behind it. */

/** A volume of -100 to 100 as a factor: 0 is as it comes, each 50 ten times. @param {number} volume */
export const factor = (volume) => (volume <= -100 ? 0 : 10 ** (volume / 50));

/** Loudness owns the amplifiers. */
export class Loudness {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Map<HTMLMediaElement, { stream: MediaStream, source: AudioNode, gain: GainNode }>} */
  #louder = new Map();

  /** @param {HTMLMediaElement} element @param {number} volume -100 to 100 */
  set(element, volume) {
    const by = factor(volume);
    const stream = element.srcObject;
    let amplifier = this.#louder.get(element);
    if (amplifier && (by <= 1 || amplifier.stream !== stream)) {
      this.#drop(element);
      amplifier = undefined;
    }
    if (by > 1 && stream instanceof MediaStream && stream.getAudioTracks().length > 0) {
      amplifier ??= this.#amplify(element, stream);
      amplifier.gain.gain.value = by;
      const sink = /** @type {any} */ (this.#context);
      if (sink.sinkId !== element.sinkId) void sink.setSinkId?.(element.sinkId).catch(() => undefined); // the speaker that was chosen
      return;
    }
    element.volume = Math.min(1, by);
  }

  /** Plays everybody as they come. */
  close() {
    for (const element of [...this.#louder.keys()]) this.#drop(element);
    void this.#context?.close();
    this.#context = null;
  }

  /** @param {HTMLMediaElement} element @param {MediaStream} stream */
  #amplify(element, stream) {
    this.#context ??= new AudioContext();
    void this.#context.resume();
    const source = this.#context.createMediaStreamSource(stream);
    const gain = this.#context.createGain();
    source.connect(gain).connect(this.#context.destination);
    element.muted = true;
    const amplifier = { stream, source, gain };
    this.#louder.set(element, amplifier);
    return amplifier;
  }

  /** @param {HTMLMediaElement} element */
  #drop(element) {
    const amplifier = this.#louder.get(element);
    amplifier?.source.disconnect();
    amplifier?.gain.disconnect();
    this.#louder.delete(element);
    element.muted = false;
    element.volume = 1;
  }
}
