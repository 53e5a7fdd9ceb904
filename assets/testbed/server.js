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
    await server.#spawn('127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:0');
    return server;
  }

  /** Kills the server without a warning. */
  kill() {
    return this.#end('SIGKILL');
  }

  /** Starts it again on the same ports. */
  async again() {
    const { url, mqtt, media, turn } = this.ready;
    await this.#spawn(new URL(url).host, mqtt, media, turn);
  }

  async stop() {
    await this.#end('SIGTERM');
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

  /** @param {string} listen @param {string} mqtt @param {string} media @param {string} turn */
  async #spawn(listen, mqtt, media, turn) {
    this.#process = spawn(
      program,
      ['serve', '--dev', '--data', this.#data, '--listen', listen, '--mqtt-listen', mqtt, '--media-listen', media, '--turn-listen', turn],
      { stdio: ['ignore', 'pipe', process.env.GUICHET_LOG ? 'inherit' : 'ignore'] },
    );
    const lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (this.#process.stdout) });
    const [line] = await Promise.race([
      once(lines, 'line'),
      once(this.#process, 'exit').then(([code]) => { throw new Error(`the server ended with ${code}`); }),
    ]);
    this.ready = JSON.parse(line);
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }
}
