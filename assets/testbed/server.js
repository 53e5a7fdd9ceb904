// @ts-check
/** A real server in a folder of its own, and the few calls that an agent's program makes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The server's program: GUICHET_SERVER, or what make built; "" when there is none. */
export const program = process.env.GUICHET_SERVER ?? [fileURLToPath(new URL('../../bin/guichet-server', import.meta.url))].find((p) => existsSync(p)) ?? '';

const free = '127.0.0.1:0';

/**
 * Starts the program on a data folder; resolves with what it prints when it is ready.
 * @param {string} data @param {{ url?: string, mqtt?: string, media?: string, turn?: string }} [at] where it listened before; free ports when left out
 */
export async function serve(data, { url, mqtt = free, media = free, turn = free } = {}) {
  const listen = url ? new URL(url).host : free;
  const running = spawn(
    program,
    ['serve', '--dev', '--data', data, '--listen', listen, '--mqtt-listen', mqtt, '--media-listen', media, '--turn-listen', turn],
    { stdio: ['ignore', 'pipe', process.env.GUICHET_LOG ? 'inherit' : 'ignore'] },
  );
  const lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (running.stdout) });
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(running, 'exit').then(([code]) => { throw new Error(`the server ended with ${code}`); }),
  ]);
  return { running, ready: JSON.parse(line) };
}

/** Ends the program. @param {import('node:child_process').ChildProcess} running @param {NodeJS.Signals} [signal] */
export async function end(running, signal = 'SIGTERM') {
  const ended = once(running, 'exit');
  running.kill(signal);
  await ended;
}

/** Server runs that program. */
export class Server {
  /** @type {import('node:child_process').ChildProcess} */
  #process = /** @type {any} */ (undefined);
  #data = '';
  #token = '';
  /** @type {{ url: string, mqtt: string, media: string, turn: string }} */
  ready = /** @type {any} */ (undefined);

  static async start() {
    const server = new Server();
    server.#data = await mkdtemp(join(tmpdir(), 'guichet-'));
    await server.#serve();
    return server;
  }

  /** Kills the server without a warning. */
  kill() {
    return end(this.#process, 'SIGKILL');
  }

  /** Starts it again on the same ports. */
  async again() {
    await this.#serve(this.ready);
  }

  async stop() {
    await end(this.#process);
    await rm(this.#data, { recursive: true });
  }

  /** A new conference's id. @param {'ROUTER' | 'P2P'} [mode] */
  async conference(mode) {
    return (await this.call('/rtc-api/conferences/create', { mode })).id;
  }

  /** A new ticket for a conference. @param {string} conference @param {string} [type] */
  async ticket(conference, type = 'MULTI_USE_TICKET') {
    return this.call('/security/ticket', { type, properties: { conference_id: conference } });
  }

  /** @param {string} path @param {object} [body] @param {string} [method] @returns {Promise<any>} */
  async call(path, body, method = 'POST') {
    this.#token ||= await this.#grant();
    const answer = await fetch(this.ready.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.#token}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async #grant() {
    const answer = await fetch(`${this.ready.url}/security/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'test', client_secret: 'secret' }),
    });
    return (await answer.json()).access_token;
  }

  /** @param {Parameters<typeof serve>[1]} [at] */
  async #serve(at) {
    const { running, ready } = await serve(this.#data, at);
    this.#process = running;
    this.ready = ready;
  }
}
