// @ts-check
/**
 * Sends a form with a file in it, and tells how far it is: XMLHttpRequest,
 * since fetch does not tell. An upload that got no answer is sent again; what it
 * is for makes that harmless (a transaction id, or a snapshot that is taken
 * once).
 */
import { pause, wait } from './backoff.js';
import { APIError, OFFLINE, readAnswer } from './rest.js';

/** How often an upload is tried. */
const TRIES = 4;
/** Milliseconds without progress after which an upload counts as lost. */
const SILENCE = 45_000;

/**
 * @typedef {object} Options
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal] ends the upload; its reason is thrown
 * @property {(part: number) => void} [progress] hears how much is sent, 0 to 1
 */

/**
 * @param {import('./rest.js').Rest} rest
 * @param {string} path
 * @param {() => FormData} form the fields, the file last
 * @param {Options} [options]
 * @returns {Promise<unknown>} the server's answer
 */
export async function upload(rest, path, form, { headers = {}, signal = new AbortController().signal, progress = () => undefined } = {}) {
  for (let attempt = 0; ; attempt++) {
    await pause(wait(attempt), signal);
    try {
      return await rest.authorized((token, base) => once(base + path, token, headers, form(), signal, progress));
    } catch (err) {
      signal.throwIfAborted();
      if (!(err instanceof APIError) || !err.temporary || attempt + 1 === TRIES) throw err;
    }
  }
}

/**
 * @param {string} url @param {string} token @param {Record<string, string>} headers @param {FormData} form
 * @param {AbortSignal} signal @param {(part: number) => void} progress
 */
function once(url, token, headers, form, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE);
    };
    const lost = () => reject(new APIError({ code: OFFLINE, message: 'The connection was lost.' }));
    request.open('POST', url);
    for (const [name, value] of Object.entries({ Accept: 'application/json', Authorization: `Bearer ${token}`, ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      alive();
      progress(total > 0 ? loaded / total : 0);
    };
    request.onload = () => {
      try {
        resolve(readAnswer(request.status, request.responseText));
      } catch (err) {
        reject(err);
      }
    };
    request.onerror = request.onabort = lost;
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort);
    alive();
    request.send(form);
  });
}

/** The SHA-256 of a file in hexadecimal, "" where the browser does not count. @param {Blob} file */
export async function sha256(file) {
  if (!globalThis.crypto?.subtle) return '';
  const sum = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, '0')).join('');
}
