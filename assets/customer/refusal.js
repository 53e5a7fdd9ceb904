// @ts-check
/** Why a room does not let somebody in, or let them go, in words. */
import { LeftReason } from '../lib/wire.js';
import { byID } from './dom.js';

/** @typedef {'removed' | 'over' | 'locked' | 'soon' | 'late' | 'full' | 'absent' | 'withdrawn' | 'broken'} Refusal */

/** @type {Record<Refusal, import('./notices.js').Words>} */
const words = {
  removed: { icon: 'ban', title: 'You were removed from the room', text: 'Somebody who leads the room took you out. Your camera and microphone are off.', next: 'You cannot come back with this link while the others are in the room. If you think it was a mistake, ask the person who invited you.' },
  over: { icon: 'clock', title: 'Your time in this room is over', text: 'Your link let you stay for a limited time. Your camera and microphone are off.', next: 'To stay longer, ask the person who invited you for a new link.' },
  locked: { icon: 'lock', title: 'The room is locked', text: 'The people in it let nobody else in at the moment.', next: 'Wait a little and try again, or ask the person who invited you to unlock it.', again: 'Try again' },
  soon: { icon: 'clock', title: 'The room is not open yet', text: 'It opens later. Your camera and microphone are off until then.', next: 'Leave this page open: you come in by yourself when it is time.', again: 'Look now', waits: true },
  late: { icon: 'clock', title: 'It is too late to join', text: 'Your link let you join until a certain time, and that is over.', next: 'Ask the person who invited you for a new link.' },
  full: { icon: 'people', title: 'The room is full', text: 'As many people as may take part are in it already.', next: 'Wait until somebody leaves, then try again.', again: 'Try again' },
  absent: { icon: 'link', title: 'Nobody has opened this room yet', text: 'Your link cannot open it. As soon as somebody else does, you come in by yourself, with your camera and microphone off.', next: 'Leave this page open: it looks again every half minute.', again: 'Look now', waits: true },
  withdrawn: { icon: 'ban', title: 'This link does not work any more', text: 'Its time is over, or it was taken back.', next: 'Ask the person who invited you for a new link.' },
  broken: { icon: 'link', title: 'This link is not complete', text: 'It does not say who you are in the room. Perhaps a part was lost when it was copied.', next: 'Open the link again from the message, or ask the person who invited you for a new one.' },
};

/** @type {[RegExp, Refusal][]} what the server's word for it means here */
const kinds = [
  [/^removed|you were removed/, 'removed'], [/^locked|is locked/, 'locked'], [/^early|not valid yet|nobody in before/, 'soon'],
  [/^late|any more/, 'late'], [/^broken/, 'broken'],
];

/**
 * What a refusal means, null when it is none of a room's; makes room for it on
 * the page.
 * @param {import('../lib/rest.js').APIError} err
 * @param {string} [reason] why somebody was taken out, as the server told it
 * @param {boolean} [waits] whether somebody waits already, whom a network that is away does not turn off
 * @returns {import('./notices.js').Words & { notice: Refusal } | null}
 */
export function refusal(err, reason = '', waits = false) {
  const notice = waits && err.temporary ? 'absent' : kindOf(err, reason);
  if (!notice) return null;
  const part = byID('notice-title', HTMLElement).closest('section');
  if (part && !part.dataset.on?.split(' ').includes(notice)) part.dataset.on += ` ${notice}`;
  const said = notice === 'removed' && reason && reason !== LeftReason.removed ? { text: `Reason: “${reason}”`, next: `Your camera and microphone are off. ${words.removed.next}` } : {};
  return { ...words[notice], ...said, notice };
}

/** @param {import('../lib/rest.js').APIError} err @param {string} reason @returns {Refusal | undefined} */
function kindOf({ status, code, reason: why, message }, reason) {
  if (status === 401) return 'withdrawn';
  if (code === 'conflict') return 'full';
  const kind = kinds.find(([pattern]) => pattern.test(why || message))?.[1];
  if (kind === 'removed' && reason === LeftReason.timeUp) return 'over';
  return kind ?? (code === 'not_found' ? 'absent' : undefined);
}
