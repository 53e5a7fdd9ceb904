// @ts-check
/** The people of a conference as a page shows them, drawn from its state; pure. */
import { trackMuted } from './wire.js';

/**
 * @typedef {object} PersonStream
 * @property {string} id
 * @property {import('./wire.js').StreamType} type
 * @property {MediaStream | null} media null until viewed
 * @property {boolean} connected
 * @property {boolean} audioMuted no sound comes
 * @property {boolean} videoMuted no picture comes
 */
/** @typedef {{ id: string, userId: string, name: string, self: boolean, customer: boolean, streams: PersonStream[] }} Person id: the endpoint's */

const LONGEST_NAME = 80;

/**
 * Everybody in the conference with what they send.
 * @param {import('./wire.js').Conference} state
 * @param {string} self our own endpoint
 * @param {(stream: string) => { media: MediaStream, connected: boolean } | null} viewer
 * @returns {Person[]}
 */
export function peopleOf(state, self, viewer) {
  const marked = (/** @type {'audio' | 'video'} */ kind, /** @type {string} */ id) => state.metadata[trackMuted(kind, id)] === 'true';
  return state.participants.flatMap((participant) =>
    participant.endpoints.map((endpoint) => ({
      id: endpoint.id,
      userId: participant.id,
      name: nameOf(endpoint.metadata, participant.id),
      self: endpoint.id === self,
      customer: isCustomer(endpoint.metadata),
      streams: endpoint.streams.map(({ id, type }) => ({
        id,
        type,
        media: viewer(id)?.media ?? null,
        connected: viewer(id)?.connected ?? false,
        audioMuted: type === 'CAM' || marked('audio', id),
        videoMuted: type === 'MIC' || marked('video', id),
      })),
    })),
  );
}

/** @param {Record<string, unknown>} metadata @param {string} userId */
function nameOf(metadata, userId) {
  const name = typeof metadata.name === 'string' ? metadata.name.trim() : '';
  return (name || (isCustomer(metadata) ? 'Guest' : userId)).slice(0, LONGEST_NAME);
}

/** @param {Record<string, unknown>} metadata */
function isCustomer(metadata) {
  return Array.isArray(metadata.roles) && metadata.roles.includes('CUSTOMER');
}
