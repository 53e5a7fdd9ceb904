// @ts-check
/**
 * A stream in mode P2P: who views it makes an offer, which the server relays,
 * and is answered with a connection of its own. All of them send the same local
 * tracks.
 */
import { VIDEO_RATE } from './media.js';
import { Peer } from './peer.js';
import { EventType } from './wire.js';

/** More viewers at a time are not served. */
const MOST = 32;

/** @typedef {{ audio: MediaStreamTrack | null, video: MediaStreamTrack | null }} Tracks */

/** DirectPublisher has the ways of a Publisher, and a connection for every viewer. */
export class DirectPublisher extends EventTarget {
  #config;
  /** @type {Tracks} */
  #tracks;
  /** @type {Map<string, Outlet>} by viewer */
  #outlets = new Map();
  #over = false;

  /**
   * @param {import('./media.js').Config & Tracks & {
   *   wants: { audio: boolean, video: boolean },
   *   watch: (peer: Peer) => void,
   * }} config
   */
  constructor(config) {
    super();
    this.#config = config;
    this.#tracks = { audio: config.audio, video: config.video };
    this.streamId = config.streamId;
  }

  /** The connections of now. */
  get peers() {
    return [...this.#outlets.values()];
  }

  /** Whether the stream has room for a track of this kind. @param {'audio' | 'video'} kind */
  carries(kind) {
    return this.#config.wants[kind];
  }

  /** Publishes; throws the server's refusal. */
  async connect() {
    const { api, seat, wants } = this.#config;
    const conferenceStreamType = !wants.video ? 'MIC' : wants.audio ? 'MIC_AND_CAM' : 'CAM';
    await api.publishStream({ ...seat, streamId: this.streamId, conferenceStreamType, sdpOffer: '' });
  }

  /** Sends another track to everybody, or none. @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    if (this.#tracks[kind] === track) return;
    this.#tracks[kind] = track;
    await Promise.all(this.peers.map((outlet) => outlet.replace(kind, track)));
  }

  /** Takes what a viewer sends to us alone; it may be told again. @param {import('./wire.js').Event} event */
  relayed({ type, view }) {
    if (!view || this.#over) return;
    const outlet = this.#outlets.get(view.viewerId);
    if (type === EventType.streamViewRequested && !outlet) this.#serve(view);
    else if (type === EventType.streamViewStopped) outlet?.close();
    else outlet?.hear(view.iceCandidates);
  }

  /** Gives up and says so. */
  fail() {
    if (this.#over) return;
    this.close();
    this.dispatchEvent(new Event('failed'));
  }

  /** Ends all connections. */
  close() {
    this.#over = true;
    for (const outlet of this.peers) outlet.close();
  }

  /** Takes the stream back. */
  async unpublish() {
    this.close();
    const { api, seat } = this.#config;
    await api.unpublishStream({ ...seat, streamId: this.streamId });
  }

  /** @param {{ viewerId: string, sdpOffer: string }} view */
  #serve({ viewerId, sdpOffer }) {
    if (this.#outlets.size >= MOST) return; // unanswered, it is told so
    const outlet = new Outlet({ ...this.#config, viewerId });
    this.#outlets.set(viewerId, outlet);
    outlet.addEventListener('closed', () => this.#outlets.delete(viewerId));
    this.#config.watch(outlet);
    // A viewer that is not served asks again.
    outlet.answer(sdpOffer, this.#tracks).catch(() => outlet.close());
  }
}

/** Outlet sends to one viewer. */
class Outlet extends Peer {
  /** @type {Partial<Record<'audio' | 'video', RTCRtpSender>>} */
  #senders = {};

  /** @param {import('./media.js').Config & { viewerId: string }} config */
  constructor({ api, seat, iceServers, streamId, viewerId }) {
    const ref = { ...seat, streamId, viewerId };
    super({
      iceServers,
      exchange: (sdpAnswer) => api.answerViewStream({ ...ref, sdpAnswer }),
      sendCandidates: (iceCandidates) => api.addPublishStreamIceCandidates({ ...ref, iceCandidates }),
    });
  }

  /** @param {string} offer @param {Tracks} tracks as they are now; of whoever owns them */
  async answer(offer, tracks) {
    await this.pc.setRemoteDescription({ type: 'offer', sdp: offer });
    const group = new MediaStream();
    for (const transceiver of this.pc.getTransceivers()) {
      const kind = /** @type {'audio' | 'video'} */ (transceiver.receiver.track.kind);
      if (this.#senders[kind]) continue;
      transceiver.direction = 'sendonly';
      transceiver.sender.setStreams?.(group);
      this.#senders[kind] = transceiver.sender;
    }
    await Promise.all(/** @type {const} */ (['audio', 'video']).map((kind) => this.replace(kind, tracks[kind])));
    await this.connect();
    const parameters = this.#senders.video?.getParameters();
    if (!parameters?.encodings?.[0]) return;
    parameters.encodings[0].maxBitrate = VIDEO_RATE;
    await this.#senders.video?.setParameters(parameters).catch(() => undefined); // closed meanwhile
  }

  /** @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    await this.#senders[kind]?.replaceTrack(track);
  }
}
