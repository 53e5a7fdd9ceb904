// @ts-check
/**
 * The client library of a Guichet server for pages of one's own: import it from
 * the server, whatever origin the page has.
 *
 *   import { join } from 'https://calls.example.org/assets/lib/guichet.js';
 *   const { call, chat } = await join({ ticket: 'nwi-ssh', name: 'Maria', media });
 *   call.addEventListener('people', () => show(call.people));
 *   chat.addEventListener('change', () => list(chat.lines));
 *
 * What it hides: the ticket becomes a token, which is renewed; an endpoint is
 * registered and kept alive; news come over MQTT and are held back, ordered and
 * fetched where some are missing; one's own media is published, everybody
 * else's viewed; and all of that comes back by itself after the network, the
 * server or the machine was away. It opens no devices and touches no element.
 */
import { Call } from './call.js';
import { Chat } from './chat.js';
import { Files } from './files.js';
import { Members } from './members.js';
import { Moderation } from './moderation.js';
import { Network } from './network.js';
import { APIError } from './rest.js';
import { RoomTokens, claimsOf } from './room-token.js';
import { Share } from './share.js';
import { Snapshots } from './snapshots.js';

export { hasLamp, setLamp, takePicture } from './picture.js';
export { APIError } from './rest.js';
export { Call, Chat, Files, Members, Moderation, Network, Share, Snapshots };

/** Where what is kept about a ticket stands in the browser's storage. */
const SLOT = 'guichet.key.';

/**
 * A call that was joined. Read call.people, call.phase, call.end, call.onHold
 * and call.muted, chat.lines, files.items, network.own; each reports its changes
 * by events, which its class names. call.leave ends all of it.
 * @typedef {object} Meeting
 * @property {Call} call who is there, with their media; one's own microphone and camera
 * @property {Chat} chat what is written
 * @property {Files} files what is sent
 * @property {Snapshots} snapshots the photos that an agent asks for
 * @property {Network} network how good everybody's network is
 * @property {Members} members the seats of a room, and what this side may do; empty in an ordinary call
 * @property {Moderation} moderation does it
 */

/**
 * Joins the call behind a ticket, or the room of a room token; resolves once in
 * it. Throws an APIError when that cannot be: its code is "gone" for a ticket that
 * is over, "not_found" for one that never was, "invalid_grant" for one that
 * another browser used up; "forbidden" for a room, whose reason is early (until
 * notBefore, as the server's clock shows now), late, locked or removed, and
 * "conflict" for one that is full. Of the audience no media
 * is sent.
 * @param {object} options
 * @param {string} [options.ticket] its id, or its link
 * @param {string} [options.roomToken] in place of a ticket: a room token, or a room's link
 * @param {string} [options.name] what the others see; in a room the token's name counts
 * @param {MediaStream | null} [options.media] the microphone and camera to send; without one, this side only watches
 * @param {string} [options.base] the server's address; where this library came from when left out
 * @param {string} [options.browserKey] this browser's secret for a ticket that is good for one browser; one is made and kept when left out
 * @returns {Promise<Meeting>}
 */
export async function join({ ticket = '', roomToken = '', name = '', media = null, base = new URL(import.meta.url).origin, browserKey }) {
  const { call, watches } = roomToken ? roomCall(roomToken, name, base) : { call: ticketCall(ticket, name, base, browserKey), watches: false };
  const meeting = {
    call, chat: new Chat(call), files: new Files(call), snapshots: new Snapshots(call), network: new Network(call), members: new Members(call),
    moderation: new Moderation(call),
  };
  call.addEventListener('phase', () => {
    if (call.phase === 'ended') for (const part of [meeting.chat, meeting.files, meeting.snapshots, meeting.network, meeting.members]) part.close();
  });
  const audio = (!watches && media?.getAudioTracks()[0]) || null;
  const video = (!watches && media?.getVideoTracks()[0]) || null;
  await call.join({ audio, video, wants: { audio: audio !== null, video: video !== null } });
  return meeting;
}

/** @param {string} ticket @param {string} name @param {string} base @param {string} [browserKey] */
function ticketCall(ticket, name, base, browserKey) {
  const id = ticketID(ticket);
  return new Call({ ticket: id, browserKey: browserKey ?? keyFor(id), name, base });
}

/** @param {string} link a room's, or the token alone @param {string} name @param {string} base */
function roomCall(link, name, base) {
  const token = link.slice(link.indexOf('#') + 1);
  const claims = claimsOf(token);
  if (!claims) throw new APIError({ code: 'invalid_request', message: 'This is no room token.' });
  return { call: new Call({ tokens: new RoomTokens(token, claims), name: name || claims.name, base }), watches: claims.role === 'audience' };
}

/** The id in a ticket's link; an id is one itself. @param {string} ticket */
export function ticketID(ticket) {
  return decodeURIComponent(/\/t\/([^/?#]+)/.exec(ticket)?.[1] ?? ticket).trim();
}

/** @param {string} ticket */
function keyFor(ticket) {
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
  try {
    const slot = SLOT + ticket.toLowerCase().replaceAll('-', '');
    const kept = localStorage.getItem(slot);
    if (!kept) localStorage.setItem(slot, key);
    return kept ?? key;
  } catch {
    return key; // a browser that keeps nothing cannot come back to such a ticket
  }
}
