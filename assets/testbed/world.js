// @ts-check
/**
 * A small world around the page: a browser, and the server's endpoints played
 * by hand, MQTT included. Media connections are faked inside the page (see
 * fake-rtc.js), so that every screen can be shown without a media server.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const ORIGIN = 'https://guichet.test';

const root = new URL('../', import.meta.url);
const rtc = fileURLToPath(new URL('fake-rtc.js', import.meta.url));
/** As platform/page sends it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
  `connect-src 'self' wss://guichet.test; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
/** @type {Record<string, string>} */
const kinds = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };

/** Starts Chromium with a camera and a microphone that need no hardware. */
export function launch() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find((p) => existsSync(p));
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // Few pictures a second: software draws and encodes them all.
      '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=fps=10',
    ],
  });
}

/** @typedef {{ id: string, name: string, userId?: string, type?: string, muted?: ('audio' | 'video')[], streams?: boolean }} Guest */

/** World is one visitor's browser tab and the server that it sees. */
export class World {
  /** @type {any} what GET /t/{id} answers: [status, body] */
  invitation = [200, { ticketId: 'nwi-ssh', organization: 'Alpine Bank', host: 'Anna Meier' }];
  /** @type {any} what the token endpoint answers */
  token = [200, { access_token: 'a.b.c', token_type: 'bearer', expires_in: 600, scope: 'any', jti: 'j', sub: 'guest-1', conference_id: 'c1' }];
  /** @type {any} what joining answers */
  joined = null;
  /** @type {any} what the next beat of the endpoint answers, once */
  beat = null;
  /** @type {any[]} what was written */
  messages = [];
  /** @type {any[]} the files that were sent */
  files = [];
  /** @type {any} what writing a line answers, once it is set */
  refusal = null;
  /** @type {any} what sending a file answers, once it is set; "wait" for no answer at all */
  upload = null;
  /** @type {any} what sending a photo answers, once it is set */
  photo = null;
  /** Whether requests get any answer. */
  online = true;
  /** Milliseconds by which the server's clock is ahead of the browser's. */
  ahead = 0;
  /** @type {string[]} what the page complained of in its console */
  complaints = [];
  /** @type {{ path: string, body: any }[]} */
  requests = [];
  /** @type {any} */
  state = { id: 'c1', mode: 'ROUTER', version: 1, metadata: {}, participants: [] };
  /** @type {any} one's own seat on joining; null in a call that knows nothing of rooms */
  ownSeat = null;
  /** @type {any} the seats, by endpoint */
  seats = {};
  /** @type {any} the room's settings */
  room = null;
  /** @type {Set<import('playwright-core').WebSocketRoute>} */
  #sockets = new Set();
  #packet = 0;

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {import('playwright-core').BrowserContextOptions & { init?: string }} [options] init: a script to run before the page's own
   */
  static async open(browser, { init = '', ...options } = {}) {
    const world = new World();
    const context = await browser.newContext({ serviceWorkers: 'block', ...options });
    await context.addInitScript({ path: rtc });
    if (init) await context.addInitScript(init);
    await context.route('**/*', (route) => world.#answer(route));
    await context.routeWebSocket(/\/ws$/, (socket) => world.#broker(socket));
    const page = await context.newPage();
    page.on('console', (m) => m.type() === 'error' && !/status of 4\d\d/.test(m.text()) && world.complaints.push(m.text()));
    page.on('pageerror', (err) => world.complaints.push(String(err)));
    return Object.assign(world, { page, context });
  }

  /** @type {import('playwright-core').Page} */
  page = /** @type {any} */ (undefined);
  /** @type {import('playwright-core').BrowserContext} */
  context = /** @type {any} */ (undefined);

  visit() {
    return this.page.goto(`${ORIGIN}/t/nwi-ssh`);
  }

  /** Opens a room's link. @param {object} claims of its token, besides the usual ones */
  visitRoom(claims = {}) {
    const own = { jti: 'room-token-1', sub: 'guest-1', user_name: 'Maria Rossi', join_as: 'member', media_allowed: 'all', exp: 4e9, ...claims };
    const room = { name: 'standup', display_name: 'Monday stand-up', scopes: [] };
    const text = Buffer.from(JSON.stringify({ type: 'video', room, ...own })).toString('base64url');
    return this.page.goto(`${ORIGIN}/r/standup#e30.${text}.c2ln`);
  }

  /** Changes somebody's seat. @param {string} id @param {object} [change] @param {string} [by] */
  seat(id, change = {}, by = id) {
    const usual = { id, name: '', role: 'member', permissions: [], audioMuted: false, videoMuted: false, deaf: false, inputVolume: 0, outputVolume: 0, sensitivity: 30, meta: {}, mediaAllowed: 'all' };
    this.seats[id] = { ...(this.seats[id] ?? usual), ...change };
    this.#set(`MEMBER/${id}`, JSON.stringify(this.seats[id]), by);
  }

  /** Changes the room. @param {object} change */
  changeRoom(change) {
    const usual = { name: 'standup', displayName: 'Monday stand-up', sessionId: 'c1', meta: {}, locked: false, layout: 'grid-responsive', hideVideoMuted: false, prioritizeHandraise: false };
    this.room = { ...(this.room ?? usual), ...change };
    this.#set('ROOM', JSON.stringify(this.room), 'anna');
  }

  /** @param {string} key @param {string} value @param {string} by */
  #set(key, value, by) {
    this.#event({ type: 'ConferenceMetadataUpdatedEvent', userId: by === 'me' ? 'guest-1' : by, userEndpointId: by, key, operation: 'SET', value });
    this.state.metadata[key] = value;
  }

  /** The visitor is taken out, and not let in again. @param {string} reason */
  remove(reason) {
    this.joined = [403, { code: 'forbidden', message: 'you were removed from this room, or your time in it is over', reason: 'removed' }];
    this.#event({ type: 'ConferenceLeftEvent', userId: 'guest-1', userEndpointId: 'me', reason });
  }

  /** What was asked of the server, as path and body. @param {string} name the end of the path */
  asked(name) {
    return this.requests.filter((r) => r.path.endsWith(`/${name}`)).map((r) => JSON.parse(r.body ?? 'null'));
  }

  /** Waits for a screen. @param {string} screen */
  shows(screen) {
    return this.page.waitForSelector(`body[data-screen="${screen}"]`, { timeout: 10_000 });
  }

  /** Somebody joins, with a stream unless told otherwise. @param {Guest} guest */
  enter({ id, name, userId = id, type = 'MIC_AND_CAM', muted = [], streams = true }) {
    const common = { userId, userEndpointId: id };
    this.#event({ type: 'ConferenceJoinedEvent', ...common, metadata: { name } });
    this.state.participants.push({ id: userId, endpoints: [{ id, metadata: { name }, streams: [] }] });
    if (!streams) return;
    const streamId = `s-${id}`;
    this.#event({ type: 'ConferenceStreamPublishedEvent', ...common, streamId, streamType: type });
    this.state.participants.at(-1).endpoints[0].streams.push({ id: streamId, type });
    for (const kind of muted) this.mute(id, kind);
  }

  /** Somebody who is there shares a screen. @param {string} id */
  share(id) {
    const streamId = `screen-${id}`;
    const person = this.state.participants.find((/** @type {any} */ p) => p.endpoints[0].id === id);
    this.#event({ type: 'ConferenceStreamPublishedEvent', userId: person.id, userEndpointId: id, streamId, streamType: 'SCREEN' });
    person.endpoints[0].streams.push({ id: streamId, type: 'SCREEN' });
  }

  /** @param {string} id @param {'audio' | 'video'} kind */
  mute(id, kind) {
    const key = `TRACK_MUTED/${kind}/s-${id}`;
    this.#event({ type: 'ConferenceMetadataUpdatedEvent', userId: id, userEndpointId: id, key, operation: 'SET', value: 'true' });
    this.state.metadata[key] = 'true';
  }

  hold(on = true) {
    this.#event({ type: 'ConferenceMetadataUpdatedEvent', userId: 'anna', userEndpointId: 'anna', key: 'ON_HOLD', operation: on ? 'SET' : 'REMOVE', value: on ? 'true' : '' });
    if (on) this.state.metadata.ON_HOLD = 'true';
    else delete this.state.metadata.ON_HOLD;
  }

  /** Somebody writes a line. @param {string} id @param {string} name @param {string} text @param {string} [at] @param {string} [messageId] */
  say(id, name, text, at = new Date().toISOString(), messageId = `m${this.messages.length + 1}`) {
    const message = {
      messageId, conferenceId: 'c1', seq: this.messages.length + 1, userId: id === 'me' ? 'guest-1' : id, userEndpointId: id, name, text, timestamp: at,
    };
    this.messages.push(message);
    this.tell({ type: 'ConferenceMessageSentEvent', ...message });
    return message;
  }

  /** Somebody sends a file. @param {string} id @param {string} filename @param {number} size @param {string} [at] */
  file(id, filename, size, at = new Date().toISOString()) {
    const sum = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
    const file = {
      fileTransferId: `f${this.files.length + 1}`, filename, size, mimeType: 'application/pdf', sha256: sum, conferenceId: 'c1',
      userId: id === 'me' ? 'guest-1' : id, userEndpointId: id, createdAt: at,
    };
    this.files.push(file);
    this.tell({ type: 'FileTransferredEvent', ...file, timestamp: at });
    return file;
  }

  /** Anna asks for a picture, or something of the camera. @param {object} what */
  ask(what) {
    const picture = 'snapshotId' in what;
    this.tell({
      type: picture ? 'SnapshotRequestedEvent' : 'SnapshotCameraRequestedEvent', userId: 'anna', userEndpointId: 'anna', targetUserId: 'guest-1', targetUserEndpointId: 'me', ...what,
    });
  }

  /** The server tells how good the networks are. @param {Record<string, 'OPTIMAL' | 'SUBOPTIMAL' | 'BAD'>} grades by endpoint */
  networks(grades) {
    const map = Object.entries(grades).map(([id, grade]) => [id, { averageJitter: 3, averageRtt: 20, averageNetworkQuality: 4, grade }]);
    this.tell({ type: 'ConferenceNetworkIndicatorUpdatedEvent', averageNetworkQuality: 4, participantIndicatorMap: Object.fromEntries(map) });
  }

  /** @param {string} id */
  exit(id) {
    this.#event({ type: 'ConferenceLeftEvent', userId: id, userEndpointId: id, reason: 'hung up' });
    this.state.participants = this.state.participants.filter((/** @type {any} */ p) => p.id !== id);
  }

  /** @param {string} by */
  end(by) {
    this.#event({ type: 'ConferenceEndedEvent', userId: by, userEndpointId: by, reason: 'done' });
  }

  /** Cuts every connection and lets none up again. */
  async cut() {
    this.online = false;
    for (const socket of this.#sockets) await socket.close();
  }

  /** @param {any} event */
  #event(event) {
    this.tell({ conferenceVersion: this.state.version++, ...event });
  }

  /** Sends an event as it is. @param {any} event */
  tell(event) {
    const id = ++this.#packet;
    const body = JSON.stringify({ id: `v${id}`, timestamp: '2026-01-02T03:04:05.060Z', conferenceId: 'c1', ...event });
    const topic = [...Buffer.from('t')];
    const rest = [0, topic.length, ...topic, id >> 8, id & 255, ...Buffer.from(body)];
    const length = [];
    for (let n = rest.length; n > 0; n >>= 7) length.push(n < 128 ? n : (n & 127) | 128);
    for (const socket of this.#sockets) socket.send(Buffer.from([0x32, ...length, ...rest]));
  }

  /** @param {import('playwright-core').WebSocketRoute} socket */
  #broker(socket) {
    if (!this.online) return void socket.close();
    socket.onMessage((message) => {
      const type = /** @type {Buffer} */ (message)[0] ?? 0;
      if (type >> 4 === 1) socket.send(Buffer.from([0x20, 2, 0, 0]));
      if (type >> 4 === 8) {
        this.#sockets.add(socket);
        socket.send(Buffer.from([0x90, 3, 0, 1, 1]));
      }
      if (type >> 4 === 12) socket.send(Buffer.from([0xd0, 0]));
    });
    socket.onClose(() => this.#sockets.delete(socket));
  }

  /** @param {import('playwright-core').Route} route */
  async #answer(route) {
    const request = route.request();
    const path = new URL(request.url()).pathname;
    if (path === '/t/nwi-ssh' && !(request.headers().accept ?? '').includes('json')) return this.#file(route, 'customer/index.html', this.invitation[0]);
    if (path.startsWith('/r/')) return this.#file(route, 'customer/index.html', 200);
    if (path.startsWith('/assets/')) return this.#file(route, path.slice('/assets/'.length), 200);
    if (path === '/favicon.ico') return route.fulfill({ status: 404 });
    if (!this.online) return route.abort('internetdisconnected');
    this.requests.push({ path, body: request.postData() });
    if (path.endsWith('/filetransfers') && request.method() === 'POST' && this.upload === 'wait') return;
    const [status, body] = this.#call(request.method() === 'GET' ? `${path}/get` : path, request.postData() ?? '');
    return route.fulfill({ status, ...(body === undefined ? {} : { json: body }) });
  }

  /** @param {string} path @param {string} sent @returns {[number, any?]} */
  #call(path, sent) {
    const parts = path.split('/');
    if (parts.at(-1) === 'get') {
      switch (parts.at(-2)) {
        case 'messages': return [200, { messages: this.messages, more: false }];
        case 'filetransfers': return [200, this.files];
        case 'layouts': return [200, { layouts: ['grid-responsive', 'highlight-1-responsive', '3x3'] }];
        default: return this.#call(parts.slice(0, -1).join('/'), sent);
      }
    }
    switch (parts.at(-1)) {
      case 'nwi-ssh': return this.invitation;
      case 'token': return this.token;
      case 'endpoints': return [200, 'me'];
      case 'sendMessage': {
        if (this.refusal) return this.refusal;
        const { text, messageId } = JSON.parse(sent);
        return [200, this.messages.find((m) => m.messageId === messageId) ?? this.say('me', 'Maria Rossi', text, undefined, messageId)];
      }
      case 'signedUrl': return [200, { url: `${ORIGIN}/files/f1?signature=x`, expiresAt: '2026-01-02T03:04:05.060Z' }];
      case 'filetransfers': return this.upload ?? [200, this.file('me', /filename="([^"]*)"/.exec(sent)?.[1] ?? '', 4)];
      case 'upload': return this.photo ?? [204];
      case 'keepalive': {
        const answer = this.beat ?? [204];
        this.beat = null;
        return answer;
      }
      case 'iceServers': return [200, { iceServers: [] }];
      case 'simpleView': return [200, this.state];
      case 'publishStream':
      case 'viewStream': return [200, { sdpAnswer: 'v=0\r\n' }];
      case 'join': {
        if (this.joined) return this.joined;
        const { metadata } = JSON.parse(sent);
        this.#event({ type: 'ConferenceJoinedEvent', userId: 'guest-1', userEndpointId: 'me', metadata });
        this.state.participants = this.state.participants.filter((/** @type {any} */ p) => p.id !== 'guest-1');
        this.state.participants.push({ id: 'guest-1', endpoints: [{ id: 'me', metadata, streams: [] }] });
        if (this.ownSeat) {
          this.changeRoom({});
          this.seat('me', { name: metadata.name, ...this.ownSeat });
        }
        return [200, { id: 'c1', mode: 'ROUTER', version: this.state.version }];
      }
      default: return this.#act(parts.at(-1) ?? '', sent) ?? [204];
    }
  }

  /** What one member does to another, as far as the page shows it. @param {string} name @param {string} sent @returns {[number, any?] | undefined} */
  #act(name, sent) {
    /** @type {Record<string, object>} */
    const onSeat = {
      muteAudio: { audioMuted: true }, unmuteAudio: { audioMuted: false }, muteVideo: { videoMuted: true }, unmuteVideo: { videoMuted: false },
      deaf: { deaf: true }, undeaf: { deaf: false }, raiseHand: { handRaisedAt: '2026-01-02T03:04:05.060Z' }, lowerHand: { handRaisedAt: undefined },
      promote: { role: 'member' }, demote: { role: 'audience', permissions: [] },
    };
    /** @type {Record<string, object>} */
    const onRoom = { lock: { locked: true }, unlock: { locked: false }, hideVideoMuted: { hideVideoMuted: true }, showVideoMuted: { hideVideoMuted: false } };
    if (this.refusal && (onSeat[name] || onRoom[name])) return this.refusal;
    const settings = ['setPrioritizeHandraise', 'setLayout', 'setOutputVolume', 'setInputVolume', 'setInputSensitivity', 'setMemberPosition', 'setPositions', 'removeMember'];
    const body = onSeat[name] || settings.includes(name) ? JSON.parse(sent) : {};
    const target = body.targetUserEndpointId || 'me';
    if (onSeat[name]) this.seat(target, { ...onSeat[name], ...(name === 'promote' ? { permissions: body.permissions } : {}) }, 'me');
    if (onRoom[name]) this.changeRoom(onRoom[name]);
    if (name === 'setPrioritizeHandraise') this.changeRoom({ prioritizeHandraise: body.on });
    if (name === 'setLayout') this.changeRoom({ layout: body.name });
    if (name === 'setOutputVolume') this.seat(target, { outputVolume: body.volume }, 'me');
    if (name === 'setInputVolume') this.seat(target, { inputVolume: body.volume }, 'me');
    if (name === 'setInputSensitivity') this.seat(target, { sensitivity: body.value }, 'me');
    if (name === 'setMemberPosition') this.seat(target, { position: body.position }, 'me');
    if (name === 'setPositions') this.changeRoom({ positions: body.positions });
    if (name === 'removeMember') this.exit(target);
    return undefined;
  }

  /** @param {import('playwright-core').Route} route @param {string} name @param {number} status */
  #file(route, name, status) {
    const kind = kinds[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    return route.fulfill({
      status,
      headers: { Date: new Date(Date.now() + this.ahead).toUTCString(), 'Content-Type': kind, 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' },
      body: readFileSync(new URL(name, root)),
    });
  }
}
