// @ts-check
/** Every screen can be reached, breaks no policy and has no accessibility fault that axe-core finds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { roomScenes } from '../../testbed/room-scenes.js';
import { scenes } from '../../testbed/scenes.js';
import { World, launch } from '../../testbed/world.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

for (const scene of [...scenes, ...roomScenes]) {
  test(scene.name, async () => {
    const agent = scene.userAgent ? { userAgent: scene.userAgent } : {};
    const world = await World.open(browser, { colorScheme: 'light', reducedMotion: 'reduce', ...agent, init: scene.init ?? '' });
    const { page } = world;
    scene.set?.(world);
    await (scene.claims ? world.visitRoom(scene.claims) : world.visit());
    await scene.play?.(world);
    await world.shows(scene.screen);
    assert.deepEqual(await violations(page), [], 'light');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await violations(page), [], 'dark');
    await page.setViewportSize({ width: 320, height: 640 });
    assert.deepEqual(await page.evaluate(cutOff), [], '320 px');
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    assert.deepEqual(await page.evaluate(cutOff), [], '320 px and text of twice the size');
    assert.deepEqual(world.complaints.filter((c) => !/ERR_INTERNET_DISCONNECTED/.test(c)), []);
    await world.context.close();
  });
}

/** Elements that reach over the window's sides. */
function cutOff() {
  const wide = document.documentElement.clientWidth;
  const parts = [...document.querySelectorAll('button, a, input, select, h1, p, li, label, time, figure, img')];
  return parts
    .filter((e) => e.checkVisibility() && !e.closest('.unseen'))
    .map((e) => ({ e, box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 1 && (box.left < -0.5 || box.right > wide + 0.5))
    .map(({ e, box }) => `${e.tagName}#${e.id} ${Math.round(box.left)}–${Math.round(box.right)} of ${wide}`);
}

/** @param {import('playwright-core').Page} page */
async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe); // through the debugger, which the policy does not bind
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run({ resultTypes: ['violations'] }));
  return found.violations.flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`));
}
