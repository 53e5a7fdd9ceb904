// @ts-check
/** "Try it": how far an identity provider can be used, step by step. */
import { busy, button, fill, icon, make } from './dom.js';

/** @typedef {import('./wire.js').Provider} Provider */
/** @typedef {import('./wire.js').Trial} Trial */

/** @param {Provider} p @param {import('./editing.js').Editing<Provider>} editing */
export function trial(p, editing) {
  const result = make('div', { class: 'trial', role: 'status', 'aria-live': 'polite' });
  const press = () => {
    void editing.run(async () => {
      fill(result, busy('The server asks the provider…'));
      try {
        show(result, await editing.desk.api.tryProvider(p.id));
      } catch (err) {
        fill(result);
        throw err;
      }
    });
  };
  return make('section', { class: 'try' },
    make('div', { class: 'action' }, make('p', {}, 'Asks the provider all that a sign-in needs, as it is saved now, without signing anybody in.'), button('Try it', press, { icon: 'play', id: 'try' })), result);
}

/** @param {HTMLElement} place @param {Trial} trial */
function show(place, { ok, steps }) {
  const items = steps.map((step) => make('li', { class: step.ok ? 'good' : 'bad' },
    icon(step.ok ? 'check' : 'cross'),
    make('div', {}, make('p', {}, make('b', {}, step.name), make('span', { class: 'unseen' }, step.ok ? ': works.' : ': failed.')), step.detail && make('p', { class: 'detail' }, step.detail))));
  fill(place,
    make('ol', { class: 'steps' }, ...items),
    make('p', { class: 'verdict' }, make('b', {}, ok ? 'All of it works. People can sign in once it is on.' : 'It does not work yet. Mend the last step, save, then try again.')));
}
