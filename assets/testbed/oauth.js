// @ts-check
/** A real server for OAuth clients: applications made by the command line, a browser that signs people in, and how clients read a refusal. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as oidc from 'openid-client';
import { end, program, serve } from './server.js';

const run = promisify(execFile);

/** Issuer is a server with a data folder that the command line shares. */
export class Issuer {
  #data = '';
  /** @type {import('node:child_process').ChildProcess} */
  #process = /** @type {any} */ (undefined);
  /** @type {{ url: string, users: Record<string, string> }} */
  ready = /** @type {any} */ (undefined);

  static async start() {
    const issuer = new Issuer();
    issuer.#data = await mkdtemp(join(tmpdir(), 'guichet-'));
    const { running, ready } = await serve(issuer.#data);
    issuer.#process = running;
    issuer.ready = ready;
    return issuer;
  }

  get url() {
    return new URL(this.ready.url);
  }

  /** Adds an application beside the running server. @param {string} id @param {...string} flags @returns {Promise<string>} its secret, or "" */
  async add(id, ...flags) {
    const { stdout } = await run(program, ['application', 'add', '--data', this.#data, '--id', id, ...flags]);
    return stdout.trim();
  }

  /** @param {string} path @param {string} token @param {object} [body] */
  api(path, token, body) {
    return fetch(new URL(path, this.url), {
      method: body ? 'POST' : 'GET',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  async stop() {
    await end(this.#process);
    await rm(this.#data, { recursive: true });
  }
}

/** Browser keeps cookies, reads forms and posts them; it follows no redirect. */
export class Browser {
  /** @type {Map<string, string>} */
  #cookies = new Map();

  /** @param {URL | string} url @param {RequestInit} [init] */
  async open(url, init = {}) {
    const headers = new Headers(init.headers);
    if (this.#cookies.size > 0) headers.set('Cookie', [...this.#cookies].map(([k, v]) => `${k}=${v}`).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name) this.#cookies.set(name, value ?? '');
    }
    return { status: answer.status, location: answer.headers.get('Location') ?? '', text: await answer.text(), url: new URL(url) };
  }

  /**
   * Fills in the form of a page and posts it, with its hidden fields.
   * @param {{ text: string, url: URL }} page @param {Record<string, string>} fields
   */
  submit(page, fields) {
    const form = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(page.text);
    if (!form) throw new Error(`there is no form in ${page.text}`);
    const body = new URLSearchParams();
    for (const [, name, value] of (form[2] ?? '').matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)) body.set(name ?? '', value ?? '');
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return this.open(new URL(form[1] ?? '', page.url), { method: 'POST', body, headers: { Origin: page.url.origin } });
  }

  /** Signs in where an application sends a browser, and returns where it is sent back to. @param {URL} url @param {string} username @param {string} password */
  async signIn(url, username, password) {
    const back = await this.submit(await this.open(url), { username, password });
    if (back.status !== 303) throw new Error(`sign-in: ${back.status} ${back.text}`);
    return new URL(back.location);
  }
}

/** A test server has no TLS; signatures are checked all the same. */
export const insecure = { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] };

/** Waits for a refusal in the form of RFC 6749, section 5.2. @param {Promise<unknown>} promise @param {string} error */
export const refuses = (promise, error, status = 400) =>
  assert.rejects(promise, (err) => {
    assert.ok(err instanceof oidc.ResponseBodyError, String(err));
    assert.deepEqual([err.error, err.status], [error, status], err.error_description);
    return true;
  });

/** Waits for a 401 with a challenge. @param {Promise<unknown>} promise @param {string} [scheme] */
export const challenges = (promise, scheme = 'basic') =>
  assert.rejects(promise, (err) => {
    assert.ok(err instanceof oidc.WWWAuthenticateChallengeError, String(err));
    assert.equal(err.status, 401);
    assert.deepEqual(err.cause.filter((c) => c.scheme === scheme).map((c) => c.parameters.realm), ['guichet']);
    return true;
  });

/** Waits until the client itself refuses what it was given. @param {Promise<unknown>} promise @param {RegExp} why */
export const breaks = (promise, why) =>
  assert.rejects(promise, (err) => {
    assert.ok(err instanceof oidc.ClientError && err.cause instanceof Error, String(err));
    assert.match(err.cause.message, why);
    return true;
  });
