// @ts-check
/** The fields by which a seat is set: what is heard how loud, and where somebody stands. */
import { placeOf } from './controls.js';
import { make } from './dom.js';

/** @typedef {{ element: HTMLElement, update: () => void }} Field */

const PLACES = { auto: 'Where there is room', 'reserved-1': 'Large, where the layout has such a place', 'off-canvas': 'Not shown' };
/** @type {Record<string, { own: string, other: string, property: 'outputVolume' | 'inputVolume' | 'sensitivity', min: number }>} */
const ranges = {
  setOutputVolume: { own: 'How loud you hear the others', other: 'How loud they hear the others', property: 'outputVolume', min: -50 },
  setInputVolume: { own: 'How loud the others hear you', other: 'How loud the others hear them', property: 'inputVolume', min: -50 },
  setInputSensitivity: { own: 'Leave out quiet sound of yours', other: 'Leave out quiet sound of theirs', property: 'sensitivity', min: 0 },
};

/** @param {string} id @param {string} text @param {HTMLElement} control @param {() => void} update @returns {Field} */
export function field(id, text, control, update) {
  const element = make('div', 'field');
  const label = make('label', '', text);
  control.id = label.htmlFor = id;
  element.append(label, control);
  return { element, update };
}

/** @param {Record<string, string>} options text by value */
export function choice(options) {
  const select = make('select');
  select.append(...Object.entries(options).map(([value, text]) => new Option(text, value)));
  return select;
}

/**
 * The field of one of Moderation's calls.
 * @param {string} call @param {string} id the endpoint, "" for oneself
 * @param {import('../lib/members.js').Members} members @param {import('../lib/moderation.js').Moderation} moderation
 * @param {(done: Promise<unknown>) => Promise<boolean>} act tells what fails
 * @returns {Field}
 */
export function fieldOf(call, id, members, moderation, act) {
  const range = ranges[call];
  const name = id ? `${call}-${id}` : call;
  const member = () => (id ? members.of(id) : members.own);
  if (range) {
    const input = make('input');
    Object.assign(input, { type: 'range', min: range.min, max: range.min ? 50 : 100, step: 5 });
    input.onchange = () => void act(moderation[/** @type {'setInputVolume'} */ (call)](Number(input.value), id));
    return field(name, id ? range.other : range.own, input, () => {
      if (input !== document.activeElement) input.value = String(member()?.[range.property] ?? 0);
    });
  }
  const select = choice(PLACES);
  const at = () => member()?.id ?? '';
  select.onchange = () => {
    const { [at()]: _, ...others } = members.room?.positions ?? {};
    const place = select.value;
    void act(call === 'setPositions' ? moderation.setPositions(place === 'auto' ? others : { ...others, [at()]: place }) : moderation.setMemberPosition(place, id));
  };
  return field(name, id ? 'Their place in the layout' : 'Your place in the layout', select, () => { select.value = placeOf(members, at()); });
}
