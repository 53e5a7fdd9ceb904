// @ts-check
/** What every screen must pass, whatever it shows: no accessibility fault that axe-core finds, nothing cut off. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * The faults that axe-core finds.
 * @param {import('playwright-core').Page} page
 * @param {boolean} [colours] those of colours alone, where the same document was looked at in other colours
 * @returns {Promise<string[]>}
 */
export async function violations(page, colours = false) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe); // through the debugger, which the policy does not bind
  const found = await page.evaluate((options) => /** @type {any} */ (window).axe.run({ resultTypes: ['violations'], ...options }), colours ? { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } } : {});
  return found.violations.flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`));
}

/**
 * Elements that reach over the sides of the window, or out of a part that cannot be scrolled sideways.
 * @param {import('playwright-core').Page} page @param {boolean} [within] whether to look within elements too
 */
export function cutOff(page, within = true) {
  return page.evaluate((within) => {
    const wide = document.documentElement.clientWidth;
    const parts = [...document.querySelectorAll('button, a, input, select, textarea, h1, h2, h3, p, li, label, legend, summary, dt, dd, th, td, time, img')];
    return parts
      .filter((e) => e.checkVisibility() && !e.closest('.unseen, thead, .skip'))
      .map((e) => ({ e, box: e.getBoundingClientRect() }))
      .filter(({ e, box }) => box.width > 1 && (box.left < -0.5 || box.right > wide + 0.5 || (within && e.scrollWidth > e.clientWidth + 1 && !/INPUT|SELECT|TEXTAREA/.test(e.tagName) && getComputedStyle(e).display !== 'inline')))
      .map(({ e, box }) => `${e.tagName}#${e.id} “${(e.textContent ?? '').slice(0, 30)}” ${Math.round(box.left)}–${Math.round(box.right)} of ${wide}, ${e.scrollWidth} in ${e.clientWidth}`);
  }, within);
}
