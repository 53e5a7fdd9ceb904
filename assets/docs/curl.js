// @ts-check
/** The same call as a line for a shell. */
import { requestOf } from './schema.js';

/** @param {string} text for a POSIX shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * @param {import('./model.js').Model} model @param {import('./model.js').Operation} operation
 * @param {string} origin of the server
 */
export function curl(model, operation, origin) {
  const query = operation.parameters.filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=${p.name}`).join('&');
  const parts = [`curl -X ${operation.method} ${quoted(origin + operation.path + (query && `?${query}`))}`];
  const scheme = operation.security.flatMap((s) => Object.keys(s))[0];
  if (scheme === 'bearer') parts.push('-H "Authorization: Bearer $TOKEN"');
  if (scheme === 'basic') parts.push('-u "$CLIENT_ID:$CLIENT_SECRET"');
  const [body] = operation.body;
  if (body) parts.push(...bodyParts(model, body));
  return parts.join(' \\\n  ');
}

/** @param {import('./model.js').Model} model @param {import('./model.js').Content} body */
function bodyParts(model, { kind, schema = {} }) {
  if (kind === 'application/json') return [`-H ${quoted(`Content-Type: ${kind}`)}`, `-d ${quoted(JSON.stringify(requestOf(model, schema)))}`];
  const { properties = {}, required = [] } = model.resolve(schema);
  if (kind === 'multipart/form-data') return required.map((name) => `-F ${quoted(properties[name].contentMediaType ? `${name}=@file` : `${name}=${name}`)}`);
  if (kind === 'application/x-www-form-urlencoded') return required.map((name) => `-d ${quoted(`${name}=${name}`)}`);
  return [`-H ${quoted(`Content-Type: ${kind}`)}`, '--data-binary @body'];
}
