// @ts-check
/**
 * The calls of the REST API that a participant makes, by name: bodies out as
 * published, answers read and checked. No state, no retries.
 */
import { readChatMessage, readChatMessages, readConference, readEndpointID, readICEServers, readSDPAnswer, readSummary } from './wire.js';

const CONFERENCES = '/rtc-api/conferences';
/** Milliseconds for a request that another participant may have to answer. */
const OTHERS = 15_000;
const ENDPOINTS = '/rtc-api/users/endpoints';

/** @typedef {{ conferenceId: string, userEndpointId: string }} Seat an endpoint in a conference */
/** @typedef {import('./wire.js').ICECandidate} ICECandidate */

/** API speaks to one server in the name of one token's holder. */
export class API {
  #rest;

  /** @param {import('./rest.js').Rest} rest */
  constructor(rest) {
    this.#rest = rest;
  }

  /**
   * Registers an endpoint and returns its id.
   * @param {{ keepAliveSeconds: number, serverKeepAliveReminderOn?: boolean, userEndpointId?: string }} body
   */
  async registerEndpoint(body) {
    return readEndpointID(await this.#rest.post(ENDPOINTS, body));
  }

  /** @param {{ userEndpointId: string, userId?: string }} body */
  async keepAlive(body) {
    await this.#rest.post(`${ENDPOINTS}/keepalive`, body);
  }

  /** @param {{ userEndpointId: string, reason?: string, userId?: string }} body */
  async unregisterEndpoint(body) {
    await this.#rest.post(`${ENDPOINTS}/unregister`, body);
  }

  async iceServers() {
    return readICEServers(await this.#rest.get('/rtc-api/iceServers'));
  }

  /** The state of a conference. @param {string} conferenceId */
  async conference(conferenceId) {
    return readConference(await this.#rest.get(`${CONFERENCES}/${encodeURIComponent(conferenceId)}/simpleView`));
  }

  /** @param {Seat & { userId?: string, metadata?: Record<string, unknown> }} body */
  async join(body) {
    return readSummary(await this.#rest.post(`${CONFERENCES}/join`, body));
  }

  /** @param {Seat & { reason?: string, userId?: string }} body */
  async leave(body) {
    await this.#rest.post(`${CONFERENCES}/leave`, body);
  }

  /** Leaves although the page is closing. @param {string} token @param {Seat & { reason?: string }} body */
  leaveOnClose(token, body) {
    this.#rest.beacon(token, `${CONFERENCES}/leave`, body);
  }

  /**
   * Publishes a stream and returns the SDP answer.
   * @param {Seat & { streamId: string, conferenceStreamType: import('./wire.js').StreamType, sdpOffer: string, metadata?: Record<string, unknown> }} body
   */
  async publishStream(body) {
    return readSDPAnswer(await this.#rest.post(`${CONFERENCES}/publishStream`, body));
  }

  /** @param {Seat & { streamId: string, viewerId?: string, iceCandidates: ICECandidate[] }} body viewerId: in mode P2P */
  async addPublishStreamIceCandidates(body) {
    await this.#rest.post(`${CONFERENCES}/addPublishStreamIceCandidates`, body);
  }

  /** @param {Seat & { streamId: string }} body */
  async unpublishStream(body) {
    await this.#rest.post(`${CONFERENCES}/unpublishStream`, body);
  }

  /**
   * Asks to receive a stream and returns the SDP answer.
   * @param {Seat & { streamId: string, viewerId: string, sdpOffer: string, metadata?: Record<string, unknown> }} body
   */
  async viewStream(body) {
    return readSDPAnswer(await this.#rest.post(`${CONFERENCES}/viewStream`, body, OTHERS));
  }

  /** Answers a viewer of our stream. @param {Seat & { streamId: string, viewerId: string, sdpAnswer: string }} body */
  async answerViewStream(body) {
    await this.#rest.post(`${CONFERENCES}/answerViewStream`, body);
  }

  /** @param {Seat & { streamId: string, viewerId: string, iceCandidates: ICECandidate[] }} body */
  async addViewStreamIceCandidates(body) {
    await this.#rest.post(`${CONFERENCES}/addViewStreamIceCandidates`, body);
  }

  /** @param {Seat & { streamId: string, viewerId: string }} body */
  async stopViewStream(body) {
    await this.#rest.post(`${CONFERENCES}/stopViewStream`, body);
  }

  /** @param {Seat & { operation: 'SET' | 'REMOVE', key: string, value?: string }} body */
  async updateMetadata(body) {
    await this.#rest.post(`${CONFERENCES}/updateMetadata`, body);
  }

  /**
   * Writes a line of the chat; the same messageId may be sent again.
   * @param {Seat & { messageId: string, text: string }} body
   */
  async sendMessage(body) {
    return readChatMessage(await this.#rest.post(`${CONFERENCES}/sendMessage`, body));
  }

  /** The chat past a message's seq. @param {string} conferenceId @param {number} after */
  async messages(conferenceId, after) {
    return readChatMessages(await this.#rest.get(`${CONFERENCES}/${encodeURIComponent(conferenceId)}/messages?after=${after}`));
  }
}
