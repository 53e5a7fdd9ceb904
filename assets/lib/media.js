// @ts-check
/**
 * The two ends of a stream: a Publisher sends microphone and camera on one
 * connection, a Viewer receives one stream of somebody else. Both live for one
 * connection; whoever owns them makes a new one when it failed.
 */
import { Peer } from './peer.js';

/** @typedef {import('./api.js').Seat} Seat */
/**
 * @typedef {object} Config
 * @property {import('./api.js').API} api
 * @property {Seat} seat
 * @property {RTCIceServer[]} iceServers
 * @property {string} streamId
 */

/** The upper bound of the camera's bit rate, in bit/s. */
export const VIDEO_RATE = 1_700_000;

/** An id that no other stream or viewer has. */
export const newID = () => crypto.randomUUID();

/** Publisher sends one stream. A kind of track that is not wanted at the start cannot be added later. */
export class Publisher extends Peer {
  #seat;
  #api;
  /** @type {Partial<Record<'audio' | 'video', RTCRtpSender>>} */
  #senders = {};

  /**
   * @param {Config & {
   *   audio: MediaStreamTrack | null, video: MediaStreamTrack | null,
   *   wants: { audio: boolean, video: boolean },
   * }} config wants: what the stream has, even if its track comes later
   */
  constructor({ api, seat, iceServers, streamId, audio, video, wants }) {
    const ref = { ...seat, streamId };
    super({
      iceServers,
      exchange: (sdpOffer) => api.publishStream({ ...ref, conferenceStreamType: this.type, sdpOffer }),
      sendCandidates: (iceCandidates) => api.addPublishStreamIceCandidates({ ...ref, iceCandidates }),
    });
    this.#api = api;
    this.#seat = seat;
    this.streamId = streamId;
    const group = new MediaStream();
    if (wants.audio) {
      this.#senders.audio = this.pc.addTransceiver(audio ?? 'audio', { direction: 'sendonly', streams: [group] }).sender;
    }
    if (wants.video) {
      const transceiver = this.pc.addTransceiver(video ?? 'video', {
        direction: 'sendonly',
        streams: [group],
        sendEncodings: [{ maxBitrate: VIDEO_RATE }],
      });
      preferVP8(transceiver);
      this.#senders.video = transceiver.sender;
    }
  }

  /** @returns {import('./wire.js').StreamType} */
  get type() {
    if (!this.#senders.video) return 'MIC';
    return this.#senders.audio ? 'MIC_AND_CAM' : 'CAM';
  }

  /** Whether the stream has room for a track of this kind. @param {'audio' | 'video'} kind */
  carries(kind) {
    return this.#senders[kind] !== undefined;
  }

  /** Sends another track, or none. @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    await this.#senders[kind]?.replaceTrack(track);
  }

  /** The connections that it sends on. */
  get peers() {
    return [this];
  }

  /** Takes the stream back. */
  async unpublish() {
    this.close();
    await this.#api.unpublishStream({ ...this.#seat, streamId: this.streamId });
  }
}

/**
 * The desktop program reads VP8 only, so that every browser sends it first.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferVP8(transceiver) {
  const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs ?? [];
  const rank = (/** @type {{ mimeType: string }} */ c) => (c.mimeType.toLowerCase() === 'video/vp8' ? 0 : 1);
  if (codecs.length > 0) transceiver.setCodecPreferences?.([...codecs].sort((a, b) => rank(a) - rank(b)));
}

/** Viewer receives one stream; media fills as tracks arrive ("track"). */
export class Viewer extends Peer {
  /** What arrived so far; ready to be shown. */
  media = new MediaStream();
  #api;
  #ref;
  #silent = false;

  /** @param {Config & { type: import('./wire.js').StreamType }} config */
  constructor({ api, seat, iceServers, streamId, type }) {
    const ref = { ...seat, streamId, viewerId: newID() };
    super({
      iceServers,
      exchange: (sdpOffer) => api.viewStream({ ...ref, sdpOffer }),
      sendCandidates: (iceCandidates) => api.addViewStreamIceCandidates({ ...ref, iceCandidates }),
    });
    this.#api = api;
    this.#ref = ref;
    this.pc.ontrack = ({ track }) => {
      track.enabled = !this.#silent;
      this.media.addTrack(track);
      this.dispatchEvent(new Event('track'));
    };
    if (type !== 'CAM') this.pc.addTransceiver('audio', { direction: 'recvonly' });
    if (type !== 'MIC') this.pc.addTransceiver('video', { direction: 'recvonly' });
  }

  /** How loud the stream is now, 0 to 1 (W3C WebRTC, section 5.3.1). */
  get level() {
    for (const receiver of this.pc.getReceivers()) {
      if (receiver.track.kind !== 'audio') continue;
      for (const source of receiver.getSynchronizationSources?.() ?? []) return source.audioLevel ?? 0;
    }
    return 0;
  }

  /** Whose view it is, for what the publisher sends to it alone. */
  get viewerId() {
    return this.#ref.viewerId;
  }

  /** Plays nothing, or goes on. @param {boolean} silent */
  silence(silent) {
    this.#silent = silent;
    for (const track of this.media.getTracks()) track.enabled = !silent;
  }

  /** Stops receiving. */
  async stop() {
    this.close();
    await this.#api.stopViewStream(this.#ref);
  }
}
