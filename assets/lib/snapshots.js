// @ts-check
/**
 * Pictures that staff asks for, and what it asks of the camera. A request comes
 * with an event; whoever shows it to the person answers, once, and sends the
 * picture after a yes.
 *
 *   const snapshots = new Snapshots(call);
 *   snapshots.addEventListener('request', async ({ detail: request }) => {
 *     if (!confirm(`${request.name} asks for a photo`)) return snapshots.decline(request);
 *     await snapshots.approve(request);
 *     await snapshots.upload(request, await takePicture(camera));
 *   });
 */
import { APIError } from './rest.js';
import { upload } from './upload.js';
import { readSignedURL } from './files.js';
import { EventType, id, object, optionalText } from './wire.js';

const SNAPSHOTS = '/rtc-api/snapshots';
/** @type {Record<string, string>} the types of pictures that the server takes, and how such a file ends */
const endings = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' };

/** @type {Record<string, string>} what is told to who asked */
const outcomes = { [EventType.snapshotApproved]: 'answered', [EventType.snapshotAcquired]: 'acquired', [EventType.cameraProcessed]: 'camera-answered' };

/** @typedef {'CAMERA_SWITCH' | 'FLASH_ON' | 'FLASH_OFF'} CameraWish */
/**
 * What somebody asks for: a picture (id and kind), or something of the camera (id and wish).
 * @typedef {object} Request
 * @property {string} id
 * @property {string} kind the asker's own word for the picture
 * @property {CameraWish | ''} wish
 * @property {string} userId who asks
 * @property {string} userEndpointId
 * @property {string} name of who asks, "" when not known
 * @property {import('./api.js').Seat} seat of who is asked
 */
/** @typedef {{ id: string, succeeded: boolean, why: string, size: number, sha256: string }} Outcome */

/**
 * Snapshots reports "request" and "camera" (detail: the Request) when this side
 * is asked, and to who asked "answered", "acquired" and "camera-answered"
 * (detail: the Outcome).
 */
export class Snapshots extends EventTarget {
  #call;
  #ending = new AbortController();
  /** @type {Set<string>} events are told at least once */
  #known = new Set();

  /** @param {import('./chat.js').Talk & { people: import('./people.js').Person[] }} call */
  constructor(call) {
    super();
    this.#call = call;
    call.addEventListener('event', ({ detail }) => this.#hear(detail), { signal: this.#ending.signal });
  }

  /** Says yes to a picture; upload must follow. @param {Request} request */
  async approve(request) {
    await this.#answer(request, 'approve', '');
  }

  /** Says no. @param {Request} request @param {string} [why] */
  async decline(request, why = '') {
    await this.#answer(request, 'decline', why);
  }

  /**
   * Sends the picture of a request that was approved.
   * @param {Request} request @param {Blob} picture JPEG, PNG or WebP
   * @param {import('./upload.js').Options} [options]
   */
  async upload(request, picture, options) {
    const ending = endings[picture.type] ?? 'jpg';
    await upload(this.#call.rest, `${SNAPSHOTS}/upload`, () => {
      const data = new FormData();
      const fields = {
        relatedSnapshotId: request.id, userEndpointId: request.seat.userEndpointId, targetUserEndpointId: request.seat.userEndpointId,
        targetUserId: this.#call.userId, snapshotType: request.kind, snapshotSuffix: ending, snapshotMimeType: picture.type,
      };
      for (const [name, value] of Object.entries(fields)) data.append(name, value);
      data.append('image', picture, `snapshot.${ending}`);
      return data;
    }, options);
  }

  /** Tells what became of a request to the camera. @param {Request} request @param {boolean} succeeded @param {string} [why] */
  async answerCamera(request, succeeded, why = '') {
    await this.#call.rest.post(`${SNAPSHOTS}/cameraRequestRespond`, {
      snapshotCameraRequestId: request.id, userEndpointId: request.seat.userEndpointId, userId: this.#call.userId, succeeded,
      ...(why ? { additionalInformation: why } : {}),
    });
  }

  /** Asks somebody for a picture; staff only. Resolves to the request's id. @param {string} endpoint @param {string} [kind] */
  async ask(endpoint, kind) {
    const answer = await this.#call.rest.post(`${SNAPSHOTS}/request`, { ...this.#call.seat, targetUserEndpointId: endpoint, ...(kind ? { snapshotType: kind } : {}) });
    return id(object(answer, 'snapshot').snapshotId, 'snapshot.snapshotId');
  }

  /** Asks somebody's camera to do something; staff only. Resolves to the request's id. @param {string} endpoint @param {CameraWish} wish */
  async askCamera(endpoint, wish) {
    const answer = await this.#call.rest.post(`${SNAPSHOTS}/cameraRequest`, { ...this.#call.seat, targetUserEndpointId: endpoint, cameraRequestType: wish });
    return id(object(answer, 'request').snapshotCameraRequestId, 'request.snapshotCameraRequestId');
  }

  /** An address that serves a picture for a short time; staff only. @param {string} snapshot */
  async link(snapshot) {
    return readSignedURL(await this.#call.rest.post(`${SNAPSHOTS}/${encodeURIComponent(snapshot)}/signedUrl`, {}));
  }

  /** Stops listening. */
  close() {
    this.#ending.abort();
  }

  /** @param {Request} request @param {'approve' | 'decline'} answer @param {string} why */
  async #answer(request, answer, why) {
    try {
      await this.#call.rest.post(`${SNAPSHOTS}/${encodeURIComponent(request.id)}/${answer}`, {
        userEndpointId: request.seat.userEndpointId, ...(why ? { additionalInformation: why } : {}),
      });
    } catch (err) {
      // An answer that was lost on its way back stands.
      if (!(err instanceof APIError) || err.status !== 409) throw err;
    }
  }

  /** @param {import('./wire.js').Event} event */
  #hear(event) {
    const { type, body, userId, userEndpointId } = event;
    const { seat } = this.#call;
    if (!seat || !/^Snapshot/.test(type) || this.#known.has(event.id)) return;
    this.#known.add(event.id);
    const asked = body.targetUserEndpointId === seat.userEndpointId;
    if (asked && (type === EventType.snapshotRequested || type === EventType.cameraRequested)) {
      const picture = type === EventType.snapshotRequested;
      const name = this.#call.people.find((p) => p.id === userEndpointId)?.name ?? '';
      const request = readRequest(body, { userId, userEndpointId, name, seat });
      if (request) this.dispatchEvent(new CustomEvent(picture ? 'request' : 'camera', { detail: request }));
    } else if (!asked) {
      const name = outcomes[type];
      if (name) this.dispatchEvent(new CustomEvent(name, { detail: readOutcome(body) }));
    }
  }
}

/**
 * @param {Record<string, unknown>} body
 * @param {Pick<Request, 'userId' | 'userEndpointId' | 'name' | 'seat'>} who
 * @returns {Request | null} null for what this library does not know
 */
export function readRequest(body, who) {
  const key = optionalText(body.snapshotId, 'event.snapshotId') || optionalText(body.snapshotCameraRequestId, 'event.snapshotCameraRequestId');
  const wish = optionalText(body.cameraRequestType, 'event.cameraRequestType');
  if (!key || (wish && !['CAMERA_SWITCH', 'FLASH_ON', 'FLASH_OFF'].includes(wish))) return null;
  return { ...who, id: key, kind: optionalText(body.snapshotType, 'event.snapshotType'), wish: /** @type {Request['wish']} */ (wish) };
}

/** @param {Record<string, unknown>} body @returns {Outcome} */
export function readOutcome(body) {
  return {
    id: optionalText(body.snapshotId, 'event.snapshotId') || optionalText(body.snapshotCameraRequestId, 'event.snapshotCameraRequestId'),
    succeeded: body.succeeded !== false,
    why: optionalText(body.additionalInformation, 'event.additionalInformation'),
    size: typeof body.size === 'number' ? body.size : 0,
    sha256: optionalText(body.sha256, 'event.sha256'),
  };
}
