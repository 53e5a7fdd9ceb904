// @ts-check
/** The reader's words for the short ones of the API. */
import { icon, make } from './dom.js';

/** @type {Record<string, string>} */
const events = {
  signin: 'Sign-in', token: 'Token issued', reuse: 'Code or token used twice', revoked: 'Token ended by its application',
  introspection: 'Token looked up', device: 'Decision about a device', key: 'Signing keys changed', application: 'Application changed',
  secret: 'New secret or password', user: 'Person changed', signout: 'Signed out', provider: 'Identity provider changed',
  'provider.trial': 'Identity provider tried', room: 'Room changed', roomtoken: 'Room token issued or withdrawn',
};

/** @type {Record<string, string>} */
const grants = {
  client_credentials: 'Its own name', authorization_code: 'Sign-in with the browser', refresh_token: 'Staying signed in',
  'urn:ietf:params:oauth:grant-type:device_code': 'Code on a device', password: 'Tickets',
};

/** @param {string} word */
const capital = (word) => `${(word[0] ?? '').toLocaleUpperCase()}${word.slice(1)}`;

/** @param {string} event */
export const eventWord = (event) => events[event] ?? capital(event.replaceAll(/[._]/g, ' '));

/** @param {string} grant */
export const grantWord = (grant) => grants[grant] ?? grant;

/** @param {string} role */
export const roleWord = (role) => (role === 'admin' ? 'Administrator' : capital(role));

/** @param {string[]} roles */
export const rolesWord = (roles) => roles.map(roleWord).join(', ');

/**
 * A word about a state, with an icon, so that it is told by more than colour.
 * @param {'good' | 'bad' | 'warn' | 'plain'} look @param {string} iconName @param {string} word
 */
export const badge = (look, iconName, word) => make('span', { class: `badge ${look}` }, icon(iconName), word);

/** "1 person", "3 people". @param {number} n @param {string} one @param {string} many */
export const count = (n, one, many) => `${n.toLocaleString()} ${n === 1 ? one : many}`;

/** Whether something that was there is missing now. @param {string[]} before @param {string[]} now */
export const lost = (before, now) => before.some((word) => !now.includes(word));
