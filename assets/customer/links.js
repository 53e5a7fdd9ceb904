// @ts-check
/** Finds the web addresses in a text; pure. */

/** @typedef {{ text: string, href: string }} Part href: "" for plain text */

/** An address ends before marks that belong to the sentence around it. */
const tail = /[.,;:!?'"’”»]+$/;

/**
 * The text in parts, of which some are links. Only http and https count, and no
 * address that hides its host behind a user name.
 * @param {string} text
 * @returns {Part[]}
 */
export function parts(text) {
  /** @type {Part[]} */
  const found = [];
  const plain = (/** @type {string} */ s) => {
    const last = found.at(-1);
    if (last && last.href === '') last.text += s;
    else if (s) found.push({ text: s, href: '' });
  };
  let at = 0;
  for (const { 0: match, index } of text.matchAll(/https?:\/\/[^\s<>\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi)) {
    const address = trimmed(match);
    const href = safe(address);
    if (!href) continue;
    plain(text.slice(at, index));
    found.push({ text: address, href });
    at = index + address.length;
  }
  plain(text.slice(at));
  return found;
}

/** Without the sentence's own marks, and without a bracket that was opened before it. @param {string} match */
function trimmed(match) {
  for (let s = match; ; ) {
    const shorter = s.replace(tail, '');
    const closes = /[)\]}]$/.exec(shorter)?.[0];
    const open = closes === ')' ? '(' : closes === ']' ? '[' : '{';
    const spare = closes && shorter.split(closes).length > shorter.split(open).length;
    const next = spare ? shorter.slice(0, -1) : shorter;
    if (next === s) return s;
    s = next;
  }
}

/** @param {string} address */
function safe(address) {
  try {
    const url = new URL(address);
    return /^https?:$/.test(url.protocol) && url.hostname && !url.username && !url.password ? url.href : '';
  } catch {
    return '';
  }
}
