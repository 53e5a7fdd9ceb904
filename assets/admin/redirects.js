// @ts-check
/** Which addresses may be registered, as platform/oauth checks them too. */

/**
 * What is wrong with a redirect address; "" when nothing.
 * @param {string} uri
 */
export function wrongWith(uri) {
  if (uri.includes('#')) return 'an address here ends before the “#”.';
  if (/[^!-~]|["'<>\\^\x60{|}*;,]/.test(uri)) return 'has a character that an address here may not have.';
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (!url) return 'is no whole address. Write it as https://example.org/path.';
  if (url.username || url.password) return 'may hold no name or password.';
  if (url.protocol === 'https:') return '';
  if (url.protocol === 'http:') return /^(127(\.\d+){3}|\[::1\])$/.test(url.hostname) ? '' : 'must use https, unless it is 127.0.0.1 or [::1].';
  if (!url.protocol.includes('.')) return 'must use https, a loopback address, or a scheme with a dot in it, such as org.example.app:/path.';
  return '';
}

/**
 * What is wrong with an id; "" when nothing.
 * @param {string} id
 */
export function wrongWithID(id) {
  if (id.length > 128) return 'Use at most 128 letters.';
  if (!/^[!-~]+$/.test(id)) return 'Use letters from A to Z, digits and signs, without spaces.';
  if (/[/+#"\\]/.test(id)) return 'Leave out / + # " and \\.';
  return '';
}
