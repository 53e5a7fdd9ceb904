// @ts-check
/** The screens, and the part of the page's address that names them: #/screen/id?filters. */
import { applications } from './applications.js';
import { Audit } from './audit.js';
import { Keys } from './keys.js';
import { people } from './people.js';
import { providers } from './providers.js';
import { Register } from './register.js';

/** @typedef {import('./desk.js').Desk} Desk */
/**
 * @typedef {object} Screen
 * @property {HTMLElement} element
 * @property {string} address what the page's address should be
 * @property {boolean} loses whether something is not saved
 * @property {(id: string, query: string) => Promise<boolean>} open false when its owner stays where they are
 * @property {() => Promise<boolean>} leave
 */
/** @typedef {{ path: string, title: string, icon: string, make: (desk: Desk, query: string) => Screen }} Route */

/** @type {Route[]} */
export const routes = [
  { path: applications.path, title: applications.title, icon: 'window', make: (desk) => new Register(desk, applications) },
  { path: people.path, title: people.title, icon: 'people', make: (desk) => new Register(desk, people) },
  { path: providers.path, title: providers.title, icon: 'link', make: (desk) => new Register(desk, providers) },
  { path: 'keys', title: 'Keys', icon: 'key', make: (desk) => new Keys(desk) },
  { path: 'audit', title: 'Audit', icon: 'list', make: (desk, query) => new Audit(desk, query) },
];

/** Reads an address; what it does not name is the first screen. @param {string} hash */
export function parse(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [name, id = ''] = path.split('/');
  const route = routes.find((r) => r.path === name);
  return { route: route ?? /** @type {Route} */ (routes[0]), id: route ? decoded(id) : '', query: route ? query : '' };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
