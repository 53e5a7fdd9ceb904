// @ts-check
/**
 * The shapes that cross the network, as platform/wire publishes them, and the
 * readers that check an answer once, at the border. Behind a reader the rest
 * of the library trusts its types. Unknown members are ignored, so that the
 * server may add some; a missing or wrong one is a WireError.
 */

/** @typedef {'ROUTER' | 'P2P'} Mode */
/** @typedef {'MIC' | 'CAM' | 'MIC_AND_CAM' | 'SCREEN' | 'UNKNOWN'} StreamType */
/** @typedef {{ id: string, type: StreamType, metadata: Record<string, unknown> }} Stream */
/** @typedef {{ id: string, metadata: Record<string, unknown>, streams: Stream[] }} Endpoint */
/** @typedef {{ id: string, endpoints: Endpoint[] }} Participant */
/**
 * The state of a conference; version is that of the NEXT event.
 * @typedef {object} Conference
 * @property {string} id
 * @property {Mode} mode
 * @property {number} version
 * @property {Record<string, string>} metadata
 * @property {Participant[]} participants
 */
/** @typedef {{ id: string, mode: Mode, version: number }} Summary */
/**
 * One message of an endpoint's topic. Members that its type does not have are
 * empty; conferenceVersion is null when the event consumes no version.
 * @typedef {object} Event
 * @property {string} type
 * @property {string} id
 * @property {Date} timestamp
 * @property {string} conferenceId
 * @property {number | null} conferenceVersion
 * @property {string} userId
 * @property {string} userEndpointId
 * @property {string} reason
 * @property {string} streamId
 * @property {StreamType} streamType
 * @property {string} key
 * @property {string} operation
 * @property {string} value
 * @property {Record<string, unknown>} metadata
 * @property {Record<string, unknown>} newMetadata the stream's
 * @property {NetworkIndicator | null} network of the conference, with those of its endpoints
 * @property {ChatMessage | null} message what was written, of messageSent
 * @property {Record<string, unknown>} body all of it, for whoever reads more
 * @property {{ viewerId: string, sdpOffer: string, iceCandidates: ICECandidate[] } | null} view relayed to this side alone, of a view in mode P2P
 */
/** @typedef {'OPTIMAL' | 'SUBOPTIMAL' | 'BAD'} NetworkGrade */
/** @typedef {{ jitter: number, rtt: number, quality: number, grade: NetworkGrade }} EndpointNetwork jitter and round trip in milliseconds (rtt 0: not known), quality 1 to 4.5 */
/** @typedef {{ quality: number, endpoints: Record<string, EndpointNetwork> }} NetworkIndicator */
/**
 * One line of a conference's chat; seq is dense within the conference, from 1.
 * @typedef {object} ChatMessage
 * @property {string} messageId
 * @property {string} conferenceId
 * @property {number} seq
 * @property {string} userId
 * @property {string} userEndpointId
 * @property {string} name
 * @property {string} text
 * @property {Date} timestamp
 */
/** @typedef {{ messages: ChatMessage[], more: boolean }} ChatMessages */
/**
 * @typedef {object} Token
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {number} expiresIn seconds
 * @property {string} userId
 * @property {string} conferenceId the conference that the ticket opens
 */
/** @typedef {{ ticketId: string, organization: string, host: string, opensAt: number | null, now: number | null }} Invitation */
/** @typedef {{ candidate: string, sdpMLineIndex?: number | null, sdpMid?: string | null }} ICECandidate */

/** WireError tells that an answer does not have the published shape. */
export class WireError extends Error {
  /** @param {string} where @param {string} want */
  constructor(where, want) {
    super(`${where}: want ${want}`);
    this.name = 'WireError';
  }
}

/** The events of an endpoint's topic. */
export const EventType = Object.freeze({
  joined: 'ConferenceJoinedEvent',
  left: 'ConferenceLeftEvent',
  ended: 'ConferenceEndedEvent',
  streamPublished: 'ConferenceStreamPublishedEvent',
  streamUnpublished: 'ConferenceStreamUnpublishedEvent',
  metadataUpdated: 'ConferenceMetadataUpdatedEvent',
  streamMetadataUpdated: 'ConferenceStreamMetadataUpdatedEvent',
  networkIndicatorUpdated: 'ConferenceNetworkIndicatorUpdatedEvent',
  keepAliveReminder: 'UserEndpointKeepAliveReminderEvent',
  messageSent: 'ConferenceMessageSentEvent',
  fileTransferred: 'FileTransferredEvent',
  snapshotRequested: 'SnapshotRequestedEvent',
  snapshotApproved: 'SnapshotApprovedEvent',
  snapshotAcquired: 'SnapshotAcquiredEvent',
  cameraRequested: 'SnapshotCameraRequestedEvent',
  cameraProcessed: 'SnapshotCameraRequestProcessedEvent',
  streamViewRequested: 'ConferenceStreamViewRequestedEvent',
  streamViewStopped: 'ConferenceStreamViewStoppedEvent',
  streamCandidatesFound: 'ConferenceStreamIceCandidatesFoundEvent',
});

/** The reasons of a departure that the server gives by itself; any other was said by somebody. */
export const LeftReason = Object.freeze({ silent: 'keep-alive missed', unregistered: 'unregistered', accessEnded: 'access ended', removed: 'removed by another', timeUp: 'time is up' });

/** The metadata key that holds a conference while its value is "true". */
export const ON_HOLD = 'ON_HOLD';

/**
 * The metadata key that tells that a track of a stream is muted.
 * @param {'audio' | 'video'} kind
 * @param {string} stream
 */
export const trackMuted = (kind, stream) => `TRACK_MUTED/${kind}/${stream}`;

/** @param {string} endpoint */
export const endpointTopic = (endpoint) => `users/endpoints/${endpoint}`;

/** @param {unknown} value @param {string} where @returns {Record<string, unknown>} */
export function object(value, where) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WireError(where, 'an object');
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value @param {string} where @returns {unknown[]} */
export function list(value, where) {
  if (!Array.isArray(value)) throw new WireError(where, 'a list');
  return value;
}

/** @param {unknown} value @param {string} where */
export function text(value, where) {
  if (typeof value !== 'string') throw new WireError(where, 'a string');
  return value;
}

/** @param {unknown} value @param {string} where */
export function optionalText(value, where) {
  return value === undefined || value === null ? '' : text(value, where);
}

/** @param {unknown} value @param {string} where */
export function id(value, where) {
  const s = text(value, where);
  if (s === '') throw new WireError(where, 'an id');
  return s;
}

/**
 * A stream id is a plain string, or the older object form.
 * @param {unknown} value @param {string} where
 */
function streamID(value, where) {
  return typeof value === 'object' ? id(object(value, where).id, where) : id(value, where);
}

/** @param {unknown} value @param {string} where */
export function version(value, where) {
  if (!Number.isSafeInteger(value) || /** @type {number} */ (value) < 0) throw new WireError(where, 'a version');
  return /** @type {number} */ (value);
}

/** @param {unknown} value @param {string} where */
function number(value, where) {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new WireError(where, 'a number');
  return value;
}

/**
 * What people wrote about themselves or their stream; nobody promises its shape.
 * @param {unknown} value @returns {Record<string, unknown>}
 */
function metadata(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? /** @type {Record<string, unknown>} */ (value)
    : {};
}

const streamTypes = ['MIC', 'CAM', 'MIC_AND_CAM', 'SCREEN'];

/** @param {unknown} value @returns {StreamType} */
function streamType(value) {
  return /** @type {StreamType} */ (streamTypes.includes(/** @type {string} */ (value)) ? value : 'UNKNOWN');
}

/** @param {unknown} value @returns {Mode} */
function mode(value) {
  return value === 'P2P' ? 'P2P' : 'ROUTER';
}

/** @param {unknown} value @returns {Summary} */
export function readSummary(value) {
  const o = object(value, 'summary');
  return { id: id(o.id, 'summary.id'), mode: mode(o.mode), version: version(o.version, 'summary.version') };
}

/** @param {unknown} value @returns {Conference} */
export function readConference(value) {
  const o = object(value, 'conference');
  const names = object(o.metadata ?? {}, 'conference.metadata');
  return {
    ...readSummary(o),
    metadata: Object.fromEntries(Object.entries(names).map(([k, v]) => [k, text(v, `conference.metadata.${k}`)])),
    participants: list(o.participants ?? [], 'conference.participants').map((p) => {
      const participant = object(p, 'participant');
      return {
        id: id(participant.id, 'participant.id'),
        endpoints: list(participant.endpoints ?? [], 'participant.endpoints').map(readEndpoint),
      };
    }),
  };
}

/** @param {unknown} value @returns {Endpoint} */
function readEndpoint(value) {
  const o = object(value, 'endpoint');
  return {
    id: id(o.id, 'endpoint.id'),
    metadata: metadata(o.metadata),
    streams: list(o.streams ?? [], 'endpoint.streams').map((s) => {
      const stream = object(s, 'stream');
      return { id: streamID(stream.id, 'stream.id'), type: streamType(stream.type), metadata: metadata(stream.metadata) };
    }),
  };
}

/** @param {unknown} value @returns {Event} */
export function readEvent(value) {
  const o = object(value, 'event');
  const timestamp = date(o.timestamp, 'event.timestamp');
  return {
    type: id(o.type, 'event.type'),
    id: id(o.id, 'event.id'),
    timestamp,
    conferenceId: optionalText(o.conferenceId, 'event.conferenceId'),
    conferenceVersion:
      o.conferenceVersion === undefined || o.conferenceVersion === null
        ? null
        : version(o.conferenceVersion, 'event.conferenceVersion'),
    userId: optionalText(o.userId, 'event.userId'),
    userEndpointId: optionalText(o.userEndpointId, 'event.userEndpointId'),
    reason: optionalText(o.reason, 'event.reason'),
    streamId: o.streamId === undefined ? '' : streamID(o.streamId, 'event.streamId'),
    streamType: streamType(o.streamType),
    key: optionalText(o.key, 'event.key'),
    operation: optionalText(o.operation, 'event.operation'),
    value: optionalText(o.value, 'event.value'),
    metadata: metadata(o.metadata),
    newMetadata: metadata(o.newMetadata),
    network: o.participantIndicatorMap === undefined ? null : network(o),
    message: o.type === EventType.messageSent ? readChatMessage(o) : null,
    body: o,
    view: o.viewerId === undefined ? null : view(o),
  };
}

/** @param {Record<string, unknown>} o */
function view(o) {
  return {
    viewerId: id(o.viewerId, 'event.viewerId'),
    sdpOffer: optionalText(o.sdpOffer, 'event.sdpOffer'),
    iceCandidates: list(o.iceCandidates ?? [], 'event.iceCandidates').map((c) => {
      const { candidate, sdpMLineIndex, sdpMid } = object(c, 'candidate');
      return {
        candidate: optionalText(candidate, 'candidate'),
        sdpMLineIndex: typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null,
        sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
      };
    }),
  };
}

/** @param {Record<string, unknown>} o @returns {NetworkIndicator} */
function network(o) {
  const map = object(o.participantIndicatorMap, 'event.participantIndicatorMap');
  return {
    quality: number(o.averageNetworkQuality, 'event.averageNetworkQuality'),
    endpoints: Object.fromEntries(Object.entries(map).map(([endpoint, value]) => {
      const indicator = object(value, 'indicator');
      return [endpoint, {
        jitter: number(indicator.averageJitter, 'indicator.averageJitter'),
        rtt: number(indicator.averageRtt, 'indicator.averageRtt'),
        quality: number(indicator.averageNetworkQuality, 'indicator.averageNetworkQuality'),
        grade: grade(indicator.grade),
      }];
    })),
  };
}

/** @param {unknown} value @returns {NetworkGrade} */
function grade(value) {
  if (value !== 'OPTIMAL' && value !== 'SUBOPTIMAL' && value !== 'BAD') throw new WireError('indicator.grade', 'a grade');
  return value;
}

/**
 * A line of the chat, from an answer or from its event.
 * @param {unknown} value @returns {ChatMessage}
 */
export function readChatMessage(value) {
  const o = object(value, 'message');
  return {
    messageId: id(o.messageId, 'message.messageId'),
    conferenceId: id(o.conferenceId, 'message.conferenceId'),
    seq: version(o.seq, 'message.seq'),
    userId: id(o.userId, 'message.userId'),
    userEndpointId: id(o.userEndpointId, 'message.userEndpointId'),
    name: optionalText(o.name, 'message.name'),
    text: text(o.text, 'message.text'),
    timestamp: date(o.timestamp, 'message.timestamp'),
  };
}

/** @param {unknown} value @returns {ChatMessages} */
export function readChatMessages(value) {
  const o = object(value, 'messages');
  return { messages: list(o.messages, 'messages').map(readChatMessage), more: o.more === true };
}

/** @param {unknown} value @returns {Token} */
export function readToken(value) {
  const o = object(value, 'token');
  const expiresIn = o.expires_in;
  if (typeof expiresIn !== 'number' || !(expiresIn > 0)) throw new WireError('token.expires_in', 'seconds');
  return {
    accessToken: id(o.access_token, 'token.access_token'),
    refreshToken: optionalText(o.refresh_token, 'token.refresh_token'),
    expiresIn,
    userId: optionalText(o.sub, 'token.sub'),
    conferenceId: optionalText(o.conference_id, 'token.conference_id'),
  };
}

/** @param {unknown} value @returns {Invitation} */
export function readInvitation(value) {
  const o = object(value, 'invitation');
  return {
    ticketId: id(o.ticketId, 'invitation.ticketId'),
    organization: optionalText(o.organization, 'invitation.organization'),
    host: optionalText(o.host, 'invitation.host'),
    opensAt: instant(o.opensAt, 'invitation.opensAt'),
    now: instant(o.now, 'invitation.now'),
  };
}

/** @param {unknown} value @param {string} where */
export function date(value, where) {
  const at = new Date(text(value, where));
  if (Number.isNaN(at.getTime())) throw new WireError(where, 'an instant');
  return at;
}

/** @param {unknown} value @param {string} where @returns {number | null} milliseconds */
function instant(value, where) {
  if (value === undefined || value === null) return null;
  const at = Date.parse(text(value, where));
  if (Number.isNaN(at)) throw new WireError(where, 'an instant');
  return at;
}

/**
 * The id of a registered endpoint: a bare string, or the older object form.
 * @param {unknown} value
 */
export const readEndpointID = (value) => streamID(value, 'endpoint id');

/** @param {unknown} value @returns {RTCIceServer[]} */
export function readICEServers(value) {
  return list(object(value, 'iceServers').iceServers, 'iceServers').map((s) => {
    const o = object(s, 'iceServer');
    /** @type {RTCIceServer} */
    const server = { urls: list(o.urls, 'iceServer.urls').map((u) => id(u, 'iceServer.urls')) };
    if (o.username !== undefined) server.username = text(o.username, 'iceServer.username');
    if (o.credential !== undefined) server.credential = text(o.credential, 'iceServer.credential');
    return server;
  });
}

/**
 * The SDP answer to a publication, where it is empty in mode P2P, or a view.
 * @param {unknown} value
 */
export const readSDPAnswer = (value) => text(object(value, 'answer').sdpAnswer, 'answer.sdpAnswer');

/**
 * The body of a refusal: an API error {code, message} or a token error (RFC
 * 6749, section 5.2). Anything else, such as a proxy's page, reads as empty.
 * @param {unknown} value
 * @returns {{ code: string, message: string, reason: string, notBefore: number | null, now: number | null }} the times in milliseconds
 */
export function readError(value) {
  const o = metadata(value);
  const member = (/** @type {string} */ name) => (typeof o[name] === 'string' ? /** @type {string} */ (o[name]) : '');
  const time = (/** @type {string} */ name) => Date.parse(member(name)) || null;
  return {
    code: member('code') || member('error'),
    message: member('message') || member('error_description'),
    reason: member('reason'),
    notBefore: time('notBefore'),
    now: time('now'),
  };
}
