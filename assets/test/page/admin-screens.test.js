// @ts-check
/** Every screen and state of the settings page: no accessibility fault, nothing cut off, no policy broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOff, violations } from '../../testbed/checks.js';
import { Desk } from '../../testbed/desk.js';
import { scenes } from '../../testbed/desk-scenes.js';
import { sharedBrowser } from '../../testbed/play.js';

const browser = sharedBrowser();

for (const scene of scenes) {
  test(`settings: ${scene.name}`, async () => {
    const desk = await Desk.open(browser(), { colorScheme: 'light', reducedMotion: 'reduce' });
    const { page } = desk;
    await scene.play(desk);
    assert.deepEqual(await violations(page), [], 'light');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await violations(page, true), [], 'dark');
    assert.deepEqual(await cutOff(page), [], 'wide');
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    assert.deepEqual(await cutOff(page), [], 'wide and text of twice the size');
    await page.setViewportSize({ width: 320, height: 640 });
    assert.deepEqual(await cutOff(page), [], '320 px and text of twice the size');
    await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
    assert.deepEqual(await cutOff(page), [], '320 px');
    assert.deepEqual(await violations(page), [], '320 px');
    assert.deepEqual(desk.complaints, []);
    await desk.context.close();
  });
}
