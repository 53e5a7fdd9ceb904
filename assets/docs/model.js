// @ts-check
/** Reads an OpenAPI document, as far as the page shows it, into groups of operations. */

/**
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {string | string[]} [type]
 * @property {string} [format]
 * @property {string} [contentMediaType]
 * @property {string} [description]
 * @property {string[]} [enum]
 * @property {Schema} [items]
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {Schema} [additionalProperties]
 * @property {Schema[]} [anyOf]
 */
/** @typedef {{ name: string, in: string, description: string, required: boolean, schema: Schema }} Parameter */
/** @typedef {{ kind: string, schema: Schema | undefined }} Content */
/** @typedef {{ status: string, description: string, content: Content[] }} Answer */
/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} method
 * @property {string} path
 * @property {string} summary
 * @property {string} description
 * @property {Parameter[]} parameters
 * @property {Content[]} body
 * @property {Answer[]} answers
 * @property {Record<string, string[]>[]} security
 */
/** @typedef {{ name: string, about: string, operations: Operation[] }} Group */

/** Model is a document and what its references mean. */
export class Model {
  title = '';
  about = '';
  /** @type {Group[]} */
  groups = [];
  #root;

  /** @param {any} root the document, which our own server wrote */
  constructor(root) {
    this.#root = root;
    this.title = root.info.title;
    this.about = root.info.description ?? '';
    this.groups = root.tags.map((/** @type {any} */ tag) => ({ name: tag.name, about: tag.description ?? '', operations: [] }));
    for (const [path, item] of Object.entries(root.paths)) {
      for (const [method, o] of Object.entries(/** @type {Record<string, any>} */ (item))) {
        this.groups.find((g) => g.name === o.tags[0])?.operations.push(this.#operation(path, method, o));
      }
    }
  }

  /** @param {string} path @param {string} method @param {any} o @returns {Operation} */
  #operation(path, method, o) {
    return {
      id: o.operationId,
      method: method.toUpperCase(),
      path,
      summary: o.summary,
      description: o.description ?? '',
      parameters: (o.parameters ?? []).map((/** @type {any} */ p) => ({ description: '', required: false, ...p })),
      body: contents(o.requestBody?.content),
      answers: Object.entries(o.responses).map(([status, answer]) => {
        const { description = '', content } = this.resolve(/** @type {any} */ (answer));
        return { status, description, content: contents(content) };
      }),
      security: o.security,
    };
  }

  /** What a reference stands for; anything else is itself. @template {{ $ref?: string }} T @param {T} v @returns {T} */
  resolve(v) {
    if (!v.$ref) return v;
    return v.$ref.slice(2).split('/').reduce((at, step) => at[step], this.#root);
  }
}

/** @param {Record<string, { schema?: Schema }>} [content] @returns {Content[]} */
const contents = (content = {}) => Object.entries(content).map(([kind, { schema }]) => ({ kind, schema }));

/** The name of a schema that has one. @param {Schema} schema */
export const nameOf = (schema) => schema.$ref?.split('/').at(-1) ?? '';
