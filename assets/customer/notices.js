// @ts-check
/** The pages that end a way: what happened, and what to do next. */
import { byID, setIcon } from './dom.js';

/** @typedef {import('./screens.js').Notice} Notice */
/**
 * @typedef {object} Words
 * @property {string} icon
 * @property {string} title
 * @property {string} text
 * @property {string} next
 * @property {string} [again] the main button
 * @property {string} [other] the second button
 * @property {boolean} [waits] whether the page goes on by itself
 */

/**
 * @param {Exclude<Notice, import('./refusal.js').Refusal>} notice @param {string} host who invites, "" when not known
 * @returns {Words}
 */
export function wordsOf(notice, host) {
  const someone = host || 'the person who invited you';
  switch (notice) {
    case 'ended':
      return { icon: 'leave', title: 'The call has ended', text: 'Your camera and microphone are off.', next: `You can close this page. To talk again, ask ${someone} for a new link.` };
    case 'expired':
      return { icon: 'clock', title: 'This link has expired', text: 'Links to a call work for a limited time, and the time of this one is over.', next: `Ask ${someone} for a new link.` };
    case 'revoked':
      return { icon: 'ban', title: 'This link was taken back', text: `${host || 'The person who invited you'} ended the invitation before it was used up.`, next: `If you still need to talk, ask ${someone} for a new link.` };
    case 'used':
      return { icon: 'link', title: 'This link was opened elsewhere', text: 'It works in one browser only, the first that joined with it. That keeps others out of your call.', next: `Was that you? Go on in that browser. If not, ask ${someone} for a new link.` };
    case 'elsewhere':
      return { icon: 'tabs', title: 'This call is open in another tab', text: 'One tab at a time can be in the call, or you would hear yourself.', next: 'Go to the other tab, or go on here; the other tab then leaves.', again: 'Use it here' };
    case 'unknown':
      return { icon: 'link', title: 'There is no call behind this link', text: 'Perhaps a letter was lost when it was copied, or the message cut it in two.', next: `Open the link again from the message, or ask ${someone} for a new one.` };
    case 'old':
      return { icon: 'warning', title: 'This browser cannot make video calls', text: 'It is too old, or an app opened the link in a small browser of its own.', next: 'Copy the link and open it in a current Chrome, Edge, Firefox or Safari.', again: 'Copy the link' };
    case 'failed':
      return { icon: 'warning', title: 'The call could not start', text: 'The server does not answer. Perhaps your connection is down.', next: 'Check your connection, then try again.', again: 'Try again' };
  }
}

/**
 * Fills the notice's place on the page.
 * @param {Words} words
 * @param {{ again?: () => void, other?: () => void }} [actions]
 */
export function fillNotice(words, actions = {}) {
  setIcon(byID('notice-icon', SVGElement), words.icon);
  byID('notice-title', HTMLElement).textContent = words.title;
  byID('notice-text', HTMLElement).textContent = words.text;
  byID('notice-next', HTMLElement).textContent = words.next;
  button('again', words.again, actions.again);
  button('continue', words.other, actions.other);
}

/** @param {string} id @param {string} [label] @param {() => void} [action] */
function button(id, label, action) {
  const element = byID(id, HTMLButtonElement);
  element.hidden = !label || !action;
  element.textContent = label ?? '';
  element.onclick = action ?? null;
}
