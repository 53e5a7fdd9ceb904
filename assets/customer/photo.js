// @ts-check
/**
 * "Anna asks for a photo": shows what would be sent, takes the picture and sends
 * it after a yes, and shows that it was sent.
 */
import { hasLamp, setLamp, takePicture } from '../lib/picture.js';
import { Ask, action } from './ask.js';
import { announce, icon, make } from './dom.js';
import { sentenceOf } from './sentence.js';

/** @typedef {import('../lib/snapshots.js').Request} Request */

/** Photo answers the requests for pictures of one call, one after the other. */
export class Photo {
  #snapshots;
  #room;
  #signal;
  /** @type {Request[]} */
  #waiting = [];
  /** @type {Question | null} */
  #question = null;

  /** @param {import('../lib/snapshots.js').Snapshots} snapshots @param {import('./room.js').Room} room @param {AbortSignal} signal */
  constructor(snapshots, room, signal) {
    this.#snapshots = snapshots;
    this.#room = room;
    this.#signal = signal;
    snapshots.addEventListener('request', (e) => {
      this.#waiting.push(/** @type {CustomEvent} */ (e).detail);
      this.#next();
    });
  }

  close() {
    this.#waiting = [];
    this.#question?.close();
  }

  #next() {
    const request = this.#question ? undefined : this.#waiting.shift();
    if (!request || this.#signal.aborted) return;
    this.#question = new Question(request, this.#snapshots, this.#room, this.#signal, () => {
      this.#question = null;
      this.#next();
    });
  }
}

/** Question is one request, from asking to sent. */
class Question {
  #request;
  #snapshots;
  #room;
  #over;
  #who;
  #ask;
  #video = Object.assign(make('video'), { autoplay: true, playsInline: true, muted: true });
  #frame = make('div', 'frame');
  #words = make('p', 'words');
  #bar = make('progress');
  #ending = new AbortController();
  /** @type {MediaStreamTrack | null} a camera that is open for this picture only */
  #own = null;
  #light = false;

  /**
   * @param {Request} request @param {import('../lib/snapshots.js').Snapshots} snapshots
   * @param {import('./room.js').Room} room @param {AbortSignal} signal @param {() => void} over
   */
  constructor(request, snapshots, room, signal, over) {
    this.#request = request;
    this.#snapshots = snapshots;
    this.#room = room;
    this.#over = over;
    this.#who = request.name || 'The other side';
    this.#ask = new Ask('photo', `${this.#who} asks for a photo`, signal);
    this.#video.setAttribute('aria-label', 'What is sent');
    this.#frame.append(this.#video);
    this.#words.setAttribute('role', 'status');
    this.#bar.max = 1;
    this.#bar.hidden = true;
    this.#bar.setAttribute('aria-label', 'Sending the photo');
    if (request.kind) this.#ask.add(make('p', 'quiet', `For: ${request.kind}`));
    this.#ask.add(this.#frame, this.#words, this.#bar);
    this.#ask.element.addEventListener('cancel', (e) => {
      e.preventDefault();
      void this.#decline();
    });
    room.addEventListener('camera', () => void this.#offer(), { signal: this.#ending.signal });
    announce(`${this.#who} asks for a photo.`);
    void this.#offer();
    this.#ask.show();
  }

  get #camera() {
    return this.#own ?? this.#room.camera;
  }

  close() {
    this.#ending.abort();
    this.#own?.stop();
    this.#video.srcObject = null;
    if (this.#light && this.#room.camera) void setLamp(this.#room.camera, false).catch(() => undefined);
    this.#ask.close();
    this.#over();
  }

  /** Shows what would be sent and what can be done. */
  async #offer() {
    const camera = this.#camera;
    this.#video.srcObject = camera ? new MediaStream([camera]) : null;
    this.#frame.dataset.empty = String(!camera);
    this.#words.textContent = camera
      ? 'This is what is sent, once. Hold still and press “Send photo”.'
      : 'Your camera is off. It can be turned on for this photo only; the others do not see it.';
    const decline = action('secondary', 'Decline', () => void this.#decline());
    if (!camera) return this.#ask.offer(action('primary', 'Turn camera on', () => void this.#open()), decline);
    const send = action('primary', 'Send photo', () => void this.#take(camera));
    send.id = 'photo-send';
    const more = [];
    if (!this.#own && (await this.#room.canSwitch())) more.push(action('plain', 'Switch camera', () => void this.#room.switchCamera()));
    if (hasLamp(camera)) more.push(this.#lamp(camera));
    this.#ask.offer(send, decline, ...more);
  }

  /** @param {MediaStreamTrack} camera */
  #lamp(camera) {
    const button = action('plain', this.#light ? 'Light off' : 'Light on', async () => {
      this.#light = await setLamp(camera, !this.#light).then(() => !this.#light, () => this.#light);
      button.textContent = this.#light ? 'Light off' : 'Light on';
    });
    return button;
  }

  async #open() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
      this.#own = stream.getVideoTracks()[0] ?? null;
      if (this.#ending.signal.aborted) this.#own?.stop();
      else await this.#offer();
    } catch {
      this.#words.textContent = 'Your camera does not start. Another program may be using it, or it is blocked for this page.';
    }
  }

  /** @param {MediaStreamTrack} camera */
  async #take(camera) {
    this.#ask.offer();
    this.#words.textContent = 'Taking the photo…';
    try {
      const picture = await takePicture(camera);
      this.#video.srcObject = null;
      this.#own?.stop();
      this.#own = null;
      this.#show(picture);
      await this.#send(picture);
    } catch {
      if (this.#ending.signal.aborted) return;
      await this.#offer();
      this.#words.textContent = 'Your camera gave no picture. Try again.';
    }
  }

  /** @param {Blob} picture */
  #show(picture) {
    const image = make('img');
    image.alt = 'The photo';
    image.src = URL.createObjectURL(picture);
    image.onload = () => URL.revokeObjectURL(image.src);
    this.#frame.replaceChildren(image);
  }

  /** @param {Blob} picture */
  async #send(picture) {
    const { signal } = this.#ending;
    this.#words.textContent = 'Sending the photo…';
    this.#bar.hidden = false;
    try {
      await this.#snapshots.approve(this.#request);
      await this.#snapshots.upload(this.#request, picture, { signal, progress: (part) => { this.#bar.value = part; } });
    } catch (err) {
      if (signal.aborted) return;
      this.#bar.hidden = true;
      this.#words.textContent = `The photo was not sent. ${sentenceOf(err)}`;
      this.#ask.offer(action('primary', 'Try again', () => void this.#again(picture)), action('secondary', 'Close', () => this.close()));
      return;
    }
    this.#bar.hidden = true;
    this.#ask.rename('Photo sent');
    this.#words.textContent = '';
    const done = make('span', 'done');
    done.append(icon('check'), `The photo was sent to ${this.#who}.`);
    this.#words.append(done);
    const close = action('primary', 'Done', () => this.close());
    this.#ask.offer(close);
    close.focus();
  }

  /** @param {Blob} picture */
  async #again(picture) {
    this.#ask.offer();
    await this.#send(picture);
  }

  async #decline() {
    this.close();
    await this.#snapshots.decline(this.#request).catch(() => undefined); // it stays unanswered then
  }
}
