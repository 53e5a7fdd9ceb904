// @ts-check
/**
 * Follows a conference as a Visit does, by the library's own Follower, at the
 * hand of a program that plays the network: app/client's tests of faults. Each
 * line of standard input is one thing that happens; each is answered with one
 * line, once all that follows from it has been done. No waits are real.
 */
import { createInterface } from 'node:readline';
import { Follower } from '../lib/conference.js';
import { readMember, readRoom } from '../lib/members.js';
import { APIError } from '../lib/rest.js';
import { EventType, readConference, readEvent } from '../lib/wire.js';

// The library's waits end as soon as nothing else is left to do.
// @ts-ignore: its callers use no more of it
globalThis.setTimeout = (/** @type {() => void} */ then) => setImmediate(then);
// @ts-ignore: likewise
globalThis.clearTimeout = clearImmediate;

/** @typedef {{ does: string, conference: string, endpoint: string, event: unknown, state: unknown, refused: string }} Happening */

/** What a Visit is to its follower: it joins, and fetches when it is asked to. */
class Stay {
  over = false;
  joined = false;
  /** @type {'' | 'join' | 'state'} what to ask the server for */
  wants = 'join';
  /** @type {{ resolve: (s: import('../lib/wire.js').Conference) => void, reject: (err: Error) => void } | null} */
  #fetch = null;

  /** @param {string} conference @param {string} endpoint */
  constructor(conference, endpoint) {
    this.endpoint = endpoint;
    this.follower = new Follower({
      id: conference,
      fetchState: () => new Promise((resolve, reject) => {
        this.#fetch = { resolve, reject };
        this.wants = 'state';
      }),
    });
    this.follower.addEventListener('change', (e) => {
      this.over ||= /** @type {CustomEvent} */ (e).detail?.type === EventType.ended;
    });
    this.follower.addEventListener('lost', () => {
      this.over = true;
    });
  }

  /** @param {string} refused */
  join(refused) {
    this.over ||= refused === 'gone';
    this.joined = refused === '';
    if (this.joined) void this.follower.refresh();
    else if (!this.over) this.wants = 'join';
  }

  /** @param {unknown} state @param {string} refused */
  fetched(state, refused) {
    const fetch = this.#fetch;
    this.#fetch = null;
    if (refused) fetch?.reject(new APIError({ status: refused === 'gone' ? 410 : 503, code: refused }));
    else fetch?.resolve(readConference(state));
  }
}

/** @type {Map<string, Stay>} by the line's name */
const stays = new Map();

/** @param {string} name @param {Happening} h */
function happen(name, h) {
  const stay = stays.get(name);
  switch (h.does) {
    case 'online':
      if (stay?.endpoint !== h.endpoint) {
        stay?.follower.close();
        stays.set(name, new Stay(h.conference, h.endpoint));
      } else if (stay.joined) void stay.follower.refresh();
      break;
    case 'event':
      stay?.follower.receive(readEvent(h.event));
      break;
    case 'joined':
      if (stay?.endpoint === h.endpoint) stay.join(h.refused);
      break;
    case 'fetched':
      stay?.fetched(h.state, h.refused);
      break;
    case 'close':
      stay?.follower.close();
      stays.delete(name);
  }
}

/**
 * Equal states have equal texts, here and in Go.
 * @param {import('../lib/wire.js').Conference} state
 */
function text(state) {
  const lines = [`${state.id} ${state.version}`];
  for (const k of Object.keys(state.metadata).sort()) lines.push(`${k}=${state.metadata[k]}`);
  lines.push(...room(state.metadata.ROOM));
  const byId = (/** @type {{ id: string }} */ a, /** @type {{ id: string }} */ b) => (a.id < b.id ? -1 : 1);
  for (const p of [...state.participants].sort(byId)) {
    lines.push(p.id);
    for (const e of [...p.endpoints].sort(byId)) {
      lines.push(` ${e.id} ${JSON.stringify(e.metadata)}`, ...seat(state.metadata[`MEMBER/${e.id}`]));
      for (const s of e.streams) lines.push(`  ${s.id} ${s.type} ${JSON.stringify(s.metadata)}`);
    }
  }
  return lines.join('\n');
}

/** A seat as the library reads it. @param {string} [value] */
function seat(value) {
  const m = value === undefined ? null : readMember(value);
  if (!m) return [];
  return [`  seat ${[m.id, m.name, m.role, m.permissions.join(','), m.audioMuted, m.videoMuted, m.deaf, m.inputVolume, m.outputVolume, m.sensitivity,
    m.position, m.handRaisedAt?.getTime() ?? 0, m.mediaAllowed, Object.keys(m.meta).sort().join(',')].join(' ')}`];
}

/** A room's settings as the library reads them. @param {string} [value] */
function room(value) {
  const r = value === undefined ? null : readRoom(value);
  if (!r) return [];
  const places = Object.keys(r.positions).sort().map((e) => `${e}:${r.positions[e]}`).join(',');
  return [`room ${[r.name, r.displayName, r.sessionId, r.locked, r.layout, places, r.hideVideoMuted, r.prioritizeHandraise, r.syncAudioVideo, r.previews,
    r.maxMembers, Object.keys(r.meta).sort().join(',')].join(' ')}`];
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

for await (const line of createInterface({ input: process.stdin })) {
  const h = JSON.parse(line);
  happen(h.name, h);
  for (let turns = 0; turns < 4; turns++) await turn();
  const stay = stays.get(h.name);
  const wants = stay?.wants ?? '';
  if (stay && h.does === 'asked') stay.wants = '';
  const state = stay?.follower.state;
  process.stdout.write(`${JSON.stringify({
    wants: h.does === 'asked' ? '' : wants,
    over: stay?.over ?? true,
    version: state?.version ?? 0,
    text: h.does === 'view' && state ? text(state) : '',
  })}\n`);
}
