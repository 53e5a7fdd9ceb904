// @ts-check
/** What a schema says, as rows for people and as an example. */
import { nameOf } from './model.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').Schema} Schema */
/** @typedef {{ name: string, type: string, required: boolean, words: string }} Row */

/** How deep rows and examples follow a schema into its members. */
const DEEP = 5;

/** The type of a schema in words. @param {Model} model @param {Schema} of @returns {string} */
export function typeOf(model, of) {
  const schema = model.resolve(of);
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.contentMediaType) return 'file';
  if (schema.format === 'date-time') return 'time';
  if (schema.anyOf) return schema.anyOf.map((s) => typeOf(model, s)).join(' or ');
  if (Array.isArray(schema.type)) return schema.type.join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(model, schema.items ?? {})}`;
  if (schema.additionalProperties) return `object of ${typeOf(model, schema.additionalProperties)}`;
  return schema.type === 'object' ? nameOf(of) || 'object' : schema.type ?? 'anything';
}

/**
 * The members of a schema, those of its members after them with their path.
 * @param {Model} model @param {Schema} of @param {string} [path] @param {string[]} [above] the names that are open
 * @returns {Row[]}
 */
export function rowsOf(model, of, path = '', above = []) {
  const schema = model.resolve(of);
  const name = nameOf(of);
  if (above.length > DEEP || (name && above.includes(name))) return [];
  const open = [...above, name];
  if (schema.type === 'array' && schema.items) return rowsOf(model, schema.items, `${path}[]`, open);
  return Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
    const at = path ? `${path}.${key}` : key;
    const row = { name: at, type: typeOf(model, member), required: schema.required?.includes(key) ?? false, words: member.description ?? '' };
    return [row, ...rowsOf(model, member, at, open)];
  });
}

/** A value that fits a schema. @param {Model} model @param {Schema} of @param {string} [name] @param {string[]} [above] @returns {unknown} */
export function exampleOf(model, of, name = '', above = []) {
  const schema = model.resolve(of);
  const called = nameOf(of);
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'date-time') return '2026-01-02T15:04:05.000Z';
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'boolean') return false;
  if (type === 'integer') return 1;
  if (type === 'string') return /sdp/i.test(name) ? 'v=0…' : name || 'text';
  if (above.length > DEEP || (called && above.includes(called))) return type === 'array' ? [] : {};
  const open = [...above, called];
  if (type === 'array') return [exampleOf(model, schema.items ?? {}, name.replace(/s$/, ''), open)];
  if (schema.additionalProperties) return { key: exampleOf(model, schema.additionalProperties, 'value', open) };
  return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, member]) => [key, exampleOf(model, member, key, open)]));
}

/** The same with the required members alone, where any are. @param {Model} model @param {Schema} of */
export function requestOf(model, of) {
  const whole = exampleOf(model, of);
  const { required = [] } = model.resolve(of);
  if (required.length === 0 || typeof whole !== 'object' || whole === null) return whole;
  return Object.fromEntries(Object.entries(whole).filter(([key]) => required.includes(key)));
}
